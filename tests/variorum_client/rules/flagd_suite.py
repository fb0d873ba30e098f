"""flagd's own evaluator suite (open-feature/flagd-testbed, folder `evaluator/`), read as it lies on the disk.

The suite is not ours and no package holds it: docs/rules.md says how to get it. Read here is the part of Gherkin that
it is written in: tags, Background, Scenario, Scenario Outline with Examples, steps of one line.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

from variorum_client.delivery import Delivery
from variorum_client.flags import details
from variorum_client.rules import DEFAULT_HASH, Decision

STEP = re.compile(r"(?:Given|When|Then|And|But) (.*)")
FLAG = re.compile(r'a (\w+)-flag with key "(.*)" and a (?:fallback|default) value "(.*)"')
FIELD = re.compile(r'a context containing a key "(.*)", with type "(\w+)" and with value "(.*)"')
PERSON = re.compile(r'a context containing a targeting key with value "(.*)"')
INNER = re.compile(
    r'a context containing a nested property with outer key "(.*)" and inner key "(.*)", with value "(.*)"'
)
EXPECTED = re.compile(r'the (resolved details value|reason|error-code) should be "(.*)"')
IDLE = {"an evaluator", "the flag was evaluated with details"}
# The rows of `fractional` are told by the hash that they were made with; those without a tag are older than CBOR.
TAGGED = {"fractional-v1": "murmur3-percent", "fractional-v2": "murmur3-utf8", "fractional-v3": "murmur3-cbor"}


class Row(NamedTuple):
    """One scenario, or one row of its examples."""

    name: str
    tags: frozenset[str]
    steps: tuple[str, ...]


class Question(NamedTuple):
    """A row as the evaluator is asked: `wanted` holds of value, reason and code those that the row names."""

    name: str
    hash_name: str
    flag: str
    fallback: Any
    context: dict[str, Any]
    wanted: dict[str, Any]

    def judge(self, decision: Decision) -> dict[str, Any]:
        """What differs from the row: empty when all is as it wants. The type is judged as the SDK judges it."""
        given = details(cast("Delivery", _One(decision)), self.flag, self.fallback, self.context)
        found = {name: _exact(getattr(given, name)) for name in self.wanted}
        return {name: found[name] for name in self.wanted if found[name] != _exact(self.wanted[name])}


class _One:
    """A delivery that knows one decision."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision

    def flag(self, _key: str, _context: Any) -> Decision:
        """That decision."""
        return self.decision


def _exact(value: Any) -> str:
    return f"{type(value).__name__} {json.dumps(value, sort_keys=True)}"


def folder() -> Path | None:
    """Where the suite lies: FLAGD_TESTBED, else beside the repository. None when it is nowhere."""
    named = os.environ.get("FLAGD_TESTBED")
    place = Path(named) if named else Path(__file__).parents[4] / "shared/suites/flagd-testbed"
    found = place / "evaluator" if (place / "evaluator").is_dir() else place
    if named and not (found / "gherkin").is_dir():
        raise FileNotFoundError(f"FLAGD_TESTBED names {named}, which holds no evaluator/gherkin")
    return found if (found / "gherkin").is_dir() else None


def document(place: Path, hash_name: str) -> dict[str, Any]:
    """The suite's flags, each with the hash named."""
    told = json.loads((place / "flags/testkit-flags.json").read_text(encoding="utf-8"))
    for flag in told["flags"].values():
        flag["metadata"] = {**flag.get("metadata", {}), "hash": hash_name}
    return dict(told)


def questions(place: Path) -> list[Question]:
    """Every row of every feature."""
    files = sorted((place / "gherkin").glob("*.feature"))
    return [question(row) for file in files for row in rows(file.stem, file.read_text(encoding="utf-8"))]


def rows(stem: str, text: str) -> Iterator[Row]:
    """The scenarios of a feature, an outline once for each row of its examples. Raises ValueError for other forms."""
    waiting: list[str] = []  # tags of what comes next
    feature, scenario, examples = frozenset[str](), frozenset[str](), frozenset[str]()
    background: list[str] = []
    steps = background
    title, heads, count = "", None, 0
    for line in [*map(str.strip, text.splitlines()), "Scenario: end"]:
        word, _, rest = line.partition(":")
        if not line or line.startswith("#"):
            continue
        if line.startswith("@"):
            waiting += line.replace("@", "").split()
        elif line.startswith("|"):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if heads is None:
                heads = cells
                continue
            count += 1
            filled = tuple(_filled(step, dict(zip(heads, cells, strict=True))) for step in steps)
            yield Row(f"{stem}: {title} #{count}", feature | scenario | examples, filled)
        elif word == "Feature":
            feature, waiting = frozenset(waiting), []
        elif word in ("Scenario", "Scenario Outline"):
            if title and heads is None:
                yield Row(f"{stem}: {title}", feature | scenario, tuple(steps))
            title, heads, count, steps = rest.strip(), None, 0, [*background]
            scenario, examples, waiting = frozenset(waiting), frozenset(), []
        elif word == "Examples":
            examples, heads, waiting = frozenset(waiting), None, []
        elif step := STEP.fullmatch(line):
            steps.append(step[1])
        elif word != "Background":
            raise ValueError(f"{stem}: {line}")


def _filled(step: str, cells: dict[str, str]) -> str:
    return re.sub("<(.*?)>", lambda found: cells[found[1]], step)


def question(row: Row) -> Question:
    """What a row asks. Raises ValueError for a step that is not known: a new one is to be looked at."""
    kind, flag, fallback = "", "", None
    context: dict[str, Any] = {}
    wanted: dict[str, Any] = {}
    for step in row.steps:
        if found := FLAG.fullmatch(step):
            kind, flag, fallback = found[1], found[2], _value(found[1], found[3])
        elif found := FIELD.fullmatch(step):
            context[found[1]] = _value(found[2], found[3])
        elif found := PERSON.fullmatch(step):
            context["targetingKey"] = found[1]
        elif found := INNER.fullmatch(step):
            context.setdefault(found[1], {})[found[2]] = found[3]
        elif found := EXPECTED.fullmatch(step):
            name = {"reason": "reason", "error-code": "code"}.get(found[1], "value")
            wanted[name] = _value(kind, found[2]) if name == "value" else found[2]
        elif step == "the resolved value should be absent":
            wanted["value"] = fallback
        elif step not in IDLE:
            raise ValueError(f"{row.name}: {step}")
    hashes = [TAGGED[tag] for tag in sorted(row.tags & set(TAGGED))]
    older = "murmur3-utf8" if "fractional-nested" in row.tags else DEFAULT_HASH
    return Question(row.name, hashes[0] if hashes else older, flag, fallback, context, wanted)


def _value(kind: str, told: str) -> Any:
    if kind == "String":
        return told
    if kind == "Object":
        return json.loads(told.replace('\\"', '"'))
    return {"Boolean": lambda text: text == "true", "Integer": int, "Float": float}[kind](told)
