"""What the commands of `variorum` have in common: help with examples, the server, the project, variables."""

import argparse
from typing import Any, TypeAlias

Commands: TypeAlias = Any  # what add_subparsers returns; argparse keeps its type private

FORMATS = ("text", "json", "sarif", "junit")  # of `variorum check`


def plain(commands: Commands, name: str, help_text: str, examples: str) -> argparse.ArgumentParser:
    """A command that needs no server, with its examples."""
    lines = [line.strip() for line in examples.splitlines() if line.strip()]
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help_text,
        description=f"{help_text[:1].upper()}{help_text[1:]}.",
        epilog="examples:\n" + "\n".join(f"  {line}" for line in lines) if lines else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def command(commands: Commands, name: str, help_text: str, examples: str) -> argparse.ArgumentParser:
    """A command that talks to the server."""
    parser = plain(commands, name, help_text, examples)
    parser.add_argument("--url", help="the server (VARIORUM_URL)")
    parser.add_argument("--api-key", help="an API key (better: VARIORUM_API_KEY, which no process list shows)")
    parser.add_argument("--timeout", type=seconds, default=30.0, metavar="SECONDS")
    return parser


def environment(parser: argparse.ArgumentParser) -> None:
    """The environment that is meant."""
    parser.add_argument("-e", "--environment", default="production", help="default: production")


def project(parser: argparse.ArgumentParser) -> None:
    """The project that is meant."""
    parser.add_argument("--project", help="the project (VARIORUM_PROJECT)")


def variables(parser: argparse.ArgumentParser) -> None:
    """A prompt's variables."""
    parser.add_argument(
        "--var", action="append", default=[], metavar="NAME=TEXT", help="a variable; NAME:=JSON for JSON"
    )
    parser.add_argument("--vars", metavar="FILE", help="variables as a JSON object; - reads standard input")


def seconds(text: str) -> float:
    """A time below a day."""
    value = float(text)
    if not 0 < value < 86_400:
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def positive(text: str) -> int:
    """1 or more."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value
