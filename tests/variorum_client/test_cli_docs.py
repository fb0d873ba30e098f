"""docs/cli.md has every command as it is."""

from pathlib import Path

from variorum_client.cli import COMMANDS, command_of
from variorum_client.cli_docs import with_reference
from variorum_client.cli_parsers import parser

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def test_the_page_is_what_the_parsers_say() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_reference(page) == page, "run: python -m variorum_client.cli_docs docs/cli.md"
    assert [name for name in COMMANDS if f"### variorum {name}\n" not in page] == []


def test_every_command_has_its_function_and_its_options() -> None:
    assert [name for name in COMMANDS if not callable(command_of(name))] == []
    choices = next(action.choices for action in parser()._actions if action.dest == "command")
    assert sorted(choices) == sorted(COMMANDS)
