"""The command line: `variorum`. Exit code 0 is well, 1 is a refusal or a problem, 2 is wrong usage."""

import os
import sys
from collections.abc import Sequence

from variorum_client.bundle import BundleError
from variorum_client.cli_parsers import parser
from variorum_client.commands import COMMANDS
from variorum_client.errors import VariorumError
from variorum_client.formats.problems import FormatError, RenderError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. Errors are clear words on standard error: no secrets, no traceback."""
    options = parser().parse_args(arguments)
    try:
        code = COMMANDS[options.command](options, sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return _fail("stopped", 130)
    except (VariorumError, BundleError, FormatError, RenderError) as error:
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
