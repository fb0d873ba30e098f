"""The reference of docs/cli.md, written from the parsers: `python -m variorum_client.cli_docs docs/cli.md`."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from variorum_client.cli_parsers import parser

BEGIN, END = "<!-- reference: begin -->\n", "<!-- reference: end -->\n"
_COMMON = frozenset({"--url", "--api-key", "--timeout", "--project", "--help"})


def reference() -> str:
    """Every command with its arguments and examples, as Markdown."""
    return "".join(f"{line}\n" for line in _lines())


def with_reference(page: str) -> str:
    """The page with its reference written anew. Raises ValueError when it has no place for it."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"The page has no place for the reference, between {BEGIN.strip()} and {END.strip()}.")
    return f"{before}{BEGIN}{reference()}{END}{after}"


def _lines() -> Iterator[str]:
    yield from _commands("", parser())


def _commands(before: str, of: argparse.ArgumentParser) -> Iterator[str]:
    """Every command, and after one that has acts of its own those too."""
    subparsers = next((action for action in of._actions if isinstance(action, argparse._SubParsersAction)), None)  # noqa: SLF001  (argparse has no public way to list them)
    for name, command in subparsers.choices.items() if subparsers else ():
        yield from _command(f"{before}{name}", command)
        yield from _commands(f"{before}{name} ", command)


def _command(name: str, command: argparse.ArgumentParser) -> Iterator[str]:
    actions = [
        action
        for action in command._actions  # noqa: SLF001
        if not _COMMON.intersection(action.option_strings) and not isinstance(action, argparse._SubParsersAction)  # noqa: SLF001
    ]
    yield from (f"### variorum {name}", "", str(command.description), "")
    if actions:
        yield from ("| argument | what |", "|---|---|")
        yield from (f"| {_shown(action)} | {_help(action)} |" for action in actions)
        yield ""
    if command.epilog:
        yield from ("```sh", *(line.strip() for line in command.epilog.splitlines()[1:]), "```", "")


def _shown(action: argparse.Action) -> str:
    value = action.metavar or (f"{{{','.join(map(str, action.choices))}}}" if action.choices else action.dest.upper())
    if not action.option_strings:
        return f"`{value if action.metavar or action.choices else action.dest}`"
    flags = ", ".join(action.option_strings)
    return f"`{flags}`" if action.nargs == 0 else f"`{flags} {value}`"


def _help(action: argparse.Action) -> str:
    return (action.help or "").replace("|", "\\|").replace("%%", "%") or "-"


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(with_reference(page.read_text(encoding="utf-8")), encoding="utf-8")
