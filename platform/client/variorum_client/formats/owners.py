"""The OWNERS file: who must agree to a change of which path. CODEOWNERS syntax; the last rule that matches wins.

    # pattern            owners: @handle, an e-mail, or a group: @owners, @maintainers, @editors
    *                    @maintainers
    /prompts/legal/      @lena eva@example.org
    *.schema.json        @sam

A rule without owners takes the ownership away again. Patterns are CODEOWNERS's own: `*` within a name, `**` across
folders, a slash at the beginning or inside ties it to the root, one at the end means a folder, `\\ ` and `\\#` are a
space and a hash. `!` and `[ ]` are not part of it.
"""

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from variorum_client.formats.problems import Problem
from variorum_client.formats.texts import decode

OWNERS_FILE = "OWNERS"
MOST_RULES = 2_000
_OWNER = re.compile(r"@[\w][\w.+-]*(?:@[\w.-]+)?|[\w.+-]+@[\w.-]+", re.UNICODE)
_WORDS = re.compile(r"(?:\\.|[^\s\\])+")


@dataclass(frozen=True)
class OwnersRule:
    """One line: a pattern and its owners in lower case without the leading @ (none: nobody owns these paths)."""

    line: int
    pattern: str
    owners: tuple[str, ...]

    def matches(self, path: str) -> bool:
        """Whether a path of the repository is covered."""
        return pattern_matches(self.pattern, path)


def parse_owners(content: bytes, path: str = OWNERS_FILE) -> tuple[list[OwnersRule], list[Problem]]:
    """The rules in their order, and what is wrong. A line whose pattern cannot be read is left out; one whose owners
    cannot be read stays with those that can, so that a slip never frees a path. Raises FormatError for no text.
    """
    rules: list[OwnersRule] = []
    problems: list[Problem] = []
    for number, line in enumerate(decode(path, content).splitlines(), 1):
        words = list(_WORDS.finditer(line))
        if not words or words[0].group().startswith("#"):
            continue
        pattern, fault = words[0].group(), _pattern_fault(words[0].group())
        if fault:
            problems.append(Problem(path, number, words[0].start() + 1, "owners_pattern", fault))
            continue
        owners, wrong = _owners(words[1:], path, number)
        problems += wrong
        rules.append(OwnersRule(number, pattern, (*owners, *("?" for _ in wrong))))
    if len(rules) > MOST_RULES:
        text = f"More than {MOST_RULES} rules: use folders instead of single files."
        problems.append(Problem(path, rules[MOST_RULES].line, 1, "owners_many", text))
    return rules[:MOST_RULES], problems


def rule_for(rules: Sequence[OwnersRule], path: str) -> OwnersRule | None:
    """The rule that decides about a path: the last one that matches."""
    return next((rule for rule in reversed(rules) if rule.matches(path)), None)


def pattern_fault(pattern: str) -> str | None:
    """What is wrong with a pattern of paths, None for a good one."""
    if re.search(r"(?<!\\)\s", pattern.strip()):
        return "A pattern is one word: write a space as '\\ '."
    return _pattern_fault(pattern.strip())


def pattern_matches(pattern: str, path: str) -> bool:
    """Whether a CODEOWNERS pattern covers a path."""
    return _compiled(pattern).covers(path)


def _owners(words: list[re.Match[str]], path: str, number: int) -> tuple[list[str], list[Problem]]:
    owners: list[str] = []
    wrong: list[Problem] = []
    for word in words:
        text = word.group()
        if text.startswith("#"):
            break
        if _OWNER.fullmatch(text):
            owners.append(text.removeprefix("@").lower())
        else:
            message = f"'{text}' names nobody: write @handle, an e-mail address or @maintainers."
            wrong.append(Problem(path, number, word.start() + 1, "owners_owner", message))
    return owners, wrong


def _pattern_fault(pattern: str) -> str | None:
    if not pattern.strip("/\\ "):
        return "The pattern is empty: write '*' for every file."
    if pattern.startswith("!"):
        return "'!' is not part of this syntax: write a later rule without owners instead."
    if re.search(r"(?<!\\)[\[\]]", pattern):
        return "'[' and ']' are not part of this syntax: write one rule for each name."
    if "***" in pattern or "//" in pattern:
        return "The pattern has '***' or '//' in it: write '**' or one slash."
    if len(pattern) > 400:
        return "The pattern is too long: use folders."
    return None


@dataclass(frozen=True)
class _Pattern:
    """A pattern cut at its slashes; None stands for `**`."""

    parts: tuple[re.Pattern[str] | None, ...]
    anchored: bool
    folder: bool
    flat: bool

    def covers(self, path: str) -> bool:
        """Walk along the path's parts with every place that the pattern may have reached."""
        names = path.split("/")
        reached = {0} if self.anchored else set(range(len(names)))
        for place, part in enumerate(self.parts):
            reached = _step(part, reached, names, last=place == len(self.parts) - 1)
        if self.flat:
            return len(names) in reached
        return any(place < len(names) or not self.folder for place in reached)


def _step(part: re.Pattern[str] | None, reached: set[int], names: list[str], *, last: bool) -> set[int]:
    if part is not None:
        return {place + 1 for place in reached if place < len(names) and part.match(names[place])}
    first = min(reached, default=len(names))
    return set(range(first + 1 if last else first, len(names) + 1))


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> _Pattern:
    """Tied to the root by a slash anywhere but at the end; a pattern that names a folder covers all below it, but
    `docs/*` only the files in `docs` itself.
    """
    body = pattern.rstrip("/")
    anchored, folder = "/" in body, pattern.endswith("/")
    names = body.removeprefix("/").split("/")
    flat = anchored and not folder and names[-1] == "*"
    return _Pattern(tuple(None if name == "**" else _name(name) for name in names), anchored, folder, flat)


def _name(name: str) -> re.Pattern[str]:
    """fnmatch's own translation takes time linear in the name, however many stars there are."""
    plain = re.sub(r"\\(.)", lambda found: f"[{found[1]}]" if found[1] in "*?[" else found[1], name)
    return re.compile(fnmatch.translate(plain))
