"""The command line: `variorum`. Exit code 0 is well, 1 is a refusal or a problem, 2 is wrong usage."""

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TextIO

from variorum_client.cli_parsers import parser
from variorum_client.errors import ContentError, VariorumError

# Which function of which module a command is. Only that one is loaded: Git waits for `variorum credential`.
COMMANDS = {
    "fetch": "commands:fetch",
    "render": "commands:render",
    "check": "clones.checking:check",
    "status": "clones.standing:status",
    "deploy": "commands:deploy",
    "rollback": "commands:rollback",
    "rollout": "rollouts.command:rollout",
    "log": "commands:log",
    "clone": "clones.cloning:clone",
    "diff": "clones.differences:diff",
    "open": "clones.opening:open_draft",
    "run": "clones.running:run",
    "merge-file": "clones.merging:merge_into",
    "pull": "clones.syncing:pull",
    "push": "clones.syncing:push",
    "live": "history:live",
    "export": "history:export",
    "export-adapter": "history:export_adapter",
    "import-project": "history:import_project",
    "credential": "clones.keys:credential",
    "import": "importing.command:import_",
}


def command_of(name: str) -> Callable[[Namespace, TextIO], int]:
    """The function of a command."""
    module, _, function = COMMANDS[name].partition(":")
    found: Callable[[Namespace, TextIO], int] = getattr(import_module(f"variorum_client.{module}"), function)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. Errors are clear words on standard error: no secrets, no traceback."""
    options = parser().parse_args(arguments)
    try:
        code = command_of(options.command)(options, sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return _fail("stopped", 130)
    except (VariorumError, ContentError) as error:
        return _fail(str(error), 1)
    except OSError as error:
        return _fail(f"{f'{error.filename}: ' if error.filename else ''}{error.strerror or error}", 1)
    except (KeyError, TypeError):
        return _fail("The server's answer is not the API's: is the address right?", 1)
    except (ValueError, RecursionError) as error:
        return _fail(str(error), 2)
    except Exception as error:  # noqa: BLE001  (whatever a library throws, a person at a terminal gets a sentence)
        return _fail(f"Something unexpected happened, {type(error).__name__}: {' '.join(str(error).split())[:500]}", 1)
    return code


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"variorum: {message}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
