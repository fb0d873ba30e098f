#!/usr/bin/env python3
"""Django's entry: python manage.py <command>."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT / "platform"), str(ROOT / "platform" / "client"), str(ROOT)]


def main() -> None:
    """Run the command line with this project's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "variorum.settings")
    try:
        from django.core.management import execute_from_command_line  # here, for the remedy below
    except ImportError:
        sys.exit("This Python has no Django. Run `make up` once, then use .venv/bin/python manage.py")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
