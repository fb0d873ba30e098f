"""Git's errors and the formats' problems as answers that people understand."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from variorum.lib.errors import Conflict, Detail, NotFound, Unavailable, Unprocessable
from variorum.repos import git
from variorum_client.formats import FormatError
from variorum_client.formats import Problem as FormatProblem


@contextmanager
def explained() -> Iterator[None]:
    """Turn an error of the Git module into the problem that it means."""
    try:
        yield
    except git.Missing as error:
        raise NotFound(f"{str(error)[:1].upper()}{str(error)[1:]}.") from None
    except git.BadPath as error:
        raise bad_path(error) from None
    except git.StaleHead as error:
        text = "Somebody else changed this in the meantime. Look at their change, then try again."
        raise Conflict(text, code="stale_head", extra={"head": error.actual, "expected_head": error.expected}) from None
    except git.Busy:
        text = "Another change to this repository takes long. Try again in a moment."
        raise Unavailable(text, headers={"Retry-After": "2"}) from None


def bad_path(error: git.BadPath) -> Unprocessable:
    """A path or set of files that no repository may hold."""
    shown = error.path.encode("utf-8", "backslashreplace").decode()[:200]
    reason = error.reason.removesuffix(".")
    text = f"{shown}: {reason}." if shown else f"{reason}."
    return Unprocessable(text, code="bad_path", errors=[{"where": shown, "code": "bad_path", "detail": error.reason}])


def bad_files(problems: Sequence[FormatProblem]) -> Unprocessable:
    """Files that cannot be committed as they are; `problems` has path, line, column, code and message of each."""
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    errors: list[Detail] = [
        {"where": f"{problem.path}:{problem.line}:{problem.column}", "code": problem.code, "detail": problem.message}
        for problem in problems
    ]
    text = f"{first.path}, line {first.line}: {first.message}{more}"
    extra = {"problems": [problem.as_dict() for problem in problems]}
    return Unprocessable(text, code="bad_files", errors=errors, extra=extra)


def bad_weights(error: FormatError) -> Unprocessable:
    """A large file that is no sound safetensors file."""
    first = error.problems[0]
    return Unprocessable(first.message, code=first.code)
