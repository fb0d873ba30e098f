"""What is wrong with a rule, and the limits that keep every rule small and quick."""

MAX_DOCUMENT_BYTES = 1_000_000
MAX_RULES = 1_000
MAX_DEPTH = 32  # of nested operators, with segments put in
MAX_STEPS = 2_000  # operators and constants of one rule, with segments put in
MAX_DOCUMENT_STEPS = 50_000  # of all rules of a document, segments counted each time they are put in
MAX_NAME = 200  # characters of the key of a rule and of the name of a segment
MAX_LOOPS = 2  # map, filter, reduce, all, some, none inside one another
MAX_WORK = 1_000_000  # parts that one decision may come to, each counted as often as its loops can go round
MAX_SPENT = 100_000  # what one decision may take in fact, see meter.py
MAX_ITEMS = 256  # that a loop looks at, and that `merge` makes
MAX_TEXT = 10_000  # characters that `cat` makes
MAX_FAULTS = 20  # that are named of one rule
MAX_ALL_FAULTS = 200  # that are named of a document


class RuleError(ValueError):
    """A rule that cannot be used. `place` is a JSON pointer into the document, e.g. /flags/triage/targeting/if/0."""

    def __init__(self, place: str, message: str) -> None:
        self.place, self.message = place or "/", message
        super().__init__(f"{self.place}: {message}")


class TooLarge(RuleError):
    """A rule of which no more is read: it is beyond a limit, or has more faults than are named."""


class TooMuch(ArithmeticError):
    """An evaluation that would do more work than a rule may."""


def short(value: object) -> str:
    """A value as a message shows it, at most 60 characters."""
    shown = repr(value[:60] if isinstance(value, str) else value)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def pointer(place: str, *steps: str | int) -> str:
    """A JSON pointer some steps further (RFC 6901)."""
    return place + "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
