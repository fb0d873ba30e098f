"""`python manage.py sample --ensure`: make the sample project if it is not there, and print how to sign in as JSON."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from variorum_sample import loading


class Command(BaseCommand):
    """Loads the sample project. Running it again changes nothing that is there."""

    help = "Make the sample project if it is not there; print its sign-in as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        """--ensure is the only way to run it, so that nobody loads a sample by accident."""
        parser.add_argument("--ensure", action="store_true", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """One line of JSON."""
        self.stdout.write(json.dumps(loading.ensure()))
