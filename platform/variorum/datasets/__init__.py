"""Tables of examples whose versions are frozen and named by their content; import, export, profile."""
