"""What must be so before people come: current tables, then the sample project. One Django for both.

Prints `tables` when the tables are current, then what the `sample` command prints: lines for people, and one line
of JSON with the sign-in and the API key.
"""

import os
import sys

import django
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def main() -> None:
    """Safe to run again: the second time there is nothing to do."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "variorum.settings")
    django.setup()
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)
    sys.stdout.write("tables\n")
    sys.stdout.flush()
    call_command("sample", "--ensure")


if __name__ == "__main__":
    main()
