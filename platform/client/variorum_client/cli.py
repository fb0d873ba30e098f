"""The command line: `variorum`. Exit code 0 is well, 1 is a refusal or a problem, 2 is wrong usage."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any, TypeAlias

from variorum_client.bundle import BundleError
from variorum_client.commands import COMMANDS
from variorum_client.errors import VariorumError
from variorum_client.formats.problems import FormatError, RenderError

Commands: TypeAlias = Any  # what add_subparsers returns; argparse keeps its type private


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. Errors are one clear line on standard error, without secrets."""
    options = _parser().parse_args(arguments)
    try:
        code = COMMANDS[options.command](options, sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (VariorumError, BundleError, FormatError, RenderError) as error:
        sys.stderr.write(f"variorum: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"variorum: {f'{error.filename}: ' if error.filename else ''}{error.strerror or error}\n")
        return 1
    except (KeyError, TypeError):
        sys.stderr.write("variorum: The server's answer is not the API's: is the address right?\n")
        return 1
    except (ValueError, RecursionError) as error:
        sys.stderr.write(f"variorum: {error}\n")
        return 2
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="variorum",
        description="Fetch, render and check what a model is told; deploy it, roll it back, log what it said.",
        epilog="The server, the key and the project come from VARIORUM_URL, VARIORUM_API_KEY and VARIORUM_PROJECT.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    _add_fetch(commands)
    _add_render(commands)
    _add_check(commands)
    _add_status(commands)
    _add_deploy(commands)
    _add_rollback(commands)
    _add_log(commands)
    return parser


def _add_fetch(commands: Commands) -> None:
    parser = _command(commands, "fetch", "write the live bundle, or one prompt of it")
    parser.add_argument("--prompt", metavar="NAME", help="only the source of this prompt")
    parser.add_argument("-o", "--output", metavar="FILE", help="to a file, for example as the SDK's fallback")
    _environment(parser)


def _add_render(commands: Commands) -> None:
    parser = _command(commands, "render", "render a prompt with variables")
    parser.add_argument("prompt", help="a live prompt's name, or a file that ends in .prompt")
    parser.add_argument("--json", action="store_true", help="as JSON messages")
    _variables(parser)
    _environment(parser)


def _add_check(commands: Commands) -> None:
    parser = commands.add_parser("check", help="check a folder of artefacts, offline")
    parser.add_argument("folder", nargs="?", default=".")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def _add_status(commands: Commands) -> None:
    parser = _command(commands, "status", "what is live in each environment")
    parser.add_argument("--json", action="store_true", help="as JSON")
    _project(parser)


def _add_deploy(commands: Commands) -> None:
    parser = _command(commands, "deploy", "make a commit live")
    parser.add_argument("env", help="the environment, such as staging")
    parser.add_argument("commit", help="a commit of main, or main itself")
    parser.add_argument("--note", default="", help="why")
    _project(parser)


def _add_rollback(commands: Commands) -> None:
    parser = _command(commands, "rollback", "serve an earlier deployment again")
    parser.add_argument("env", help="the environment, such as production")
    parser.add_argument("--to", type=int, metavar="NUMBER", help="the deployment to restore (default: the one before)")
    parser.add_argument("--note", default="", help="why")
    _project(parser)


def _add_log(commands: Commands) -> None:
    parser = _command(commands, "log", "send one log")
    parser.add_argument("--prompt", required=True, help="the prompt's name")
    parser.add_argument("--output", help="what the model said; - reads standard input")
    parser.add_argument("--error", help="what went wrong")
    parser.add_argument("--commit", help="the commit that was served")
    parser.add_argument("--model", help="provider/model")
    parser.add_argument("--latency-ms", type=float, metavar="MS")
    _variables(parser)
    _environment(parser)


def _command(commands: Commands, name: str, help_text: str) -> argparse.ArgumentParser:
    """A command that talks to the server."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help_text)
    parser.add_argument("--url", help="the server (VARIORUM_URL)")
    parser.add_argument("--api-key", help="an API key (better: VARIORUM_API_KEY, which no process list shows)")
    parser.add_argument("--timeout", type=_seconds, default=30.0, metavar="SECONDS")
    return parser


def _environment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-e", "--environment", default="production", help="default: production")


def _project(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", default=os.environ.get("VARIORUM_PROJECT"), help="the project (VARIORUM_PROJECT)")


def _variables(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--var", action="append", default=[], metavar="NAME=TEXT", help="a variable; NAME:=JSON for JSON"
    )
    parser.add_argument("--vars", metavar="FILE", help="variables as a JSON object; - reads standard input")


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 86_400:
        raise argparse.ArgumentTypeError("must be above 0")
    return value


if __name__ == "__main__":
    sys.exit(main())
