"""`manage.py person ada@example.org --name Ada`: the first account of an installation without the sample project."""

import getpass
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from variorum.accounts.services import create_user
from variorum.lib.errors import Problem


class Command(BaseCommand):
    """Make an account. The password is asked for, or read from standard input when that is no terminal."""

    help = "Make an account; whoever signs in may start a project and add others to it."

    def add_arguments(self, parser: CommandParser) -> None:
        """The e-mail address to sign in with, and the name to show."""
        parser.add_argument("email")
        parser.add_argument("--name", default="")

    def handle(self, *_args: Any, **options: Any) -> None:
        """CommandError with the reason for a known address or a weak password."""
        password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
        name = options["name"] or options["email"].partition("@")[0]
        try:
            user = create_user(email=options["email"], password=password, name=name)
        except Problem as problem:
            raise CommandError(problem.detail) from None
        self.stdout.write(f"{user.email} can sign in now.")
