"""`manage.py project export SLUG FILE` and `manage.py project import FILE --owner EMAIL`, of any size."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from variorum.accounts.models import Project
from variorum.accounts.queries import user_by_email
from variorum.lib.errors import Problem
from variorum_portable.exporting import export_project
from variorum_portable.importing import import_project


class Command(BaseCommand):
    """Writes a project to a file, or makes one of a file."""

    help = "Export a project to one file, or import it from one. See docs/export.md."

    def add_arguments(self, parser: CommandParser) -> None:
        """Two commands."""
        commands = parser.add_subparsers(dest="command", required=True)
        export = commands.add_parser("export", help="write a project to a file")
        export.add_argument("slug")
        export.add_argument("file", type=Path)
        into = commands.add_parser("import", help="make a project of a file")
        into.add_argument("file", type=Path)
        into.add_argument("--owner", required=True, metavar="EMAIL", help="who owns it here")
        into.add_argument("--slug", default="", help="another address name")
        into.add_argument("--name", default="", help="another name")

    def handle(self, *_args: Any, **options: Any) -> None:
        """CommandError in one line for whatever is refused."""
        try:
            said = _export(options) if options["command"] == "export" else _import(options)
        except Problem as problem:
            raise CommandError(problem.detail) from None
        except OSError as error:
            raise CommandError(f"{error.filename or options['file']}: {error.strerror or error}") from None
        self.stdout.write(said)


def _export(options: dict[str, Any]) -> str:
    project = Project.objects.filter(slug=options["slug"]).first()
    if project is None:
        raise CommandError(f"There is no project {options['slug']!r}.")
    partial = options["file"].with_name(f".{options['file'].name}.part")
    try:
        figures = export_project(project, partial)
        partial.replace(options["file"])
    finally:
        partial.unlink(missing_ok=True)
    return (
        f"{project.slug} written to {options['file']}: {figures['refs']} branches and tags, {figures['parts']} parts."
    )


def _import(options: dict[str, Any]) -> str:
    owner = user_by_email(options["owner"])
    if owner is None:
        raise CommandError(f"Nobody here has the e-mail address {options['owner']!r}.")
    made = import_project(options["file"], owner=owner, slug=options["slug"], name=options["name"])
    return f"{made.name} is here now: /p/{made.slug}"
