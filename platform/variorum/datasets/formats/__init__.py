"""Reading tables from files: one module a format, all giving (line number, {column: value}) one record at a time."""
