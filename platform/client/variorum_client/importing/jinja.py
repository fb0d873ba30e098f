"""Jinja2 templates as Handlebars parts: variables, conditions, loops, comments, raw text.

What has no counterpart and only prints (a filter, `set`) is left out and reported; what decides (a condition or
a loop that cannot be told in Handlebars) refuses the prompt, since leaving it out would change what is said.
Jinja's rules: jinja.palletsprojects.com/en/stable/templates, with its default whitespace (nothing is trimmed).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from variorum_client.importing.shapes import ImportRefused, Version
from variorum_client.importing.templates import Part, Tag, comment, path_text

_TOKEN = re.compile(
    r"\{%[-+]?\s*raw\s*[-+]?%\}(?P<raw>.*?)\{%[-+]?\s*endraw\s*[-+]?%\}"
    r"|\{%(?P<sl>[-+]?)\s*(?P<statement>.*?)\s*(?P<sr>[-+]?)%\}"
    r"|\{\{(?P<ol>-?)\s*(?P<output>.*?)\s*(?P<or>-?)\}\}"
    r"|\{#(?P<cl>-?)\s*(?P<comment>.*?)\s*(?P<cr>-?)#\}",
    re.DOTALL,
)
_PATH = re.compile(r"[A-Za-z_]\w*(?:\s*(?:\.\s*\w+|\[\s*(?:\d+|'[^'\]]*'|\"[^\"\]]*\")\s*\]))*")
_STEP = re.compile(r"\w+|\[\s*(?:(?P<index>\d+)|'(?P<one>[^']*)'|\"(?P<two>[^\"]*)\")\s*\]")
_FOR = re.compile(r"for\s+([A-Za-z_]\w*)\s+in\s+(.+)", re.DOTALL)
_EQUAL = re.compile(
    r"(?P<path>.+?)\s*(?P<sign>===?|!==?)\s*(?P<value>'[^'\"]*'|\"[^'\"]*\"|-?\d+(?:\.\d+)?|true|false|True|False)"
)
_LOOP = {"index0": "@index", "first": "@first", "last": "@last"}
_CLOSES = {"endif": ("if",), "endfor": ("for",)}


@dataclass(slots=True)
class Scope:
    """What names mean: those that loops have made, and whether a loop has changed where other names are looked up."""

    loops: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def path(self, steps: Sequence[str]) -> str:
        """A path as Handlebars must write it here. A name that no loop has made is noted as a variable."""
        if steps[0] in self.loops:
            return path_text(steps)
        self.names.append(steps[0])
        return path_text(steps, root=bool(self.loops))


def steps_of(expression: str) -> list[str] | None:
    """The steps of `a.b[0]['c']`, or None for any other expression."""
    if not _PATH.fullmatch(expression.strip()):
        return None
    return [
        next((part for part in (match["index"], match["one"], match["two"]) if part is not None), match.group())
        for match in _STEP.finditer(expression)
    ]


class Converter:
    """Turns one template into parts; block by block it remembers what is open."""

    def __init__(self, version: Version) -> None:
        self.version, self.scope = version, Scope()
        self.open: list[tuple[str, str]] = []

    def parts(self, text: str, place: str) -> list[Part]:
        """The parts of a piece of the template; `place` is where it begins, for people. Raises ImportRefused."""
        found: list[Part] = []
        start = 0
        for match in _TOKEN.finditer(text):
            found.append(text[start : match.start()])
            line = text.count("\n", 0, match.start())
            found += self._token(match, f"{place}, line {line + 1}" if line or "\n" in text else place)
            start = match.end()
        return [*found, text[start:]]

    def finish(self, place: str) -> None:
        """Raises ImportRefused when a block is open."""
        if self.open:
            raise ImportRefused(f"{place}: `{self.open[-1][0]}` is not closed.")

    def _token(self, match: re.Match[str], place: str) -> list[Part]:
        if match["raw"] is not None:
            return [match["raw"]]
        if match["comment"] is not None:
            tag = comment(match["comment"])
            return [_tilde(tag, match["cl"], match["cr"])]
        if match["output"] is not None:
            return [self._output(match["output"], place, match["ol"], match["or"])]
        left, right = match["sl"].replace("+", ""), match["sr"].replace("+", "")
        return [_tilde(tag, left, right) for tag in self._statement(match["statement"], place)]

    def _output(self, expression: str, place: str, left: str, right: str) -> Tag:
        head, *filters = (part.strip() for part in expression.split("|"))
        steps = steps_of(head)
        if steps is None:
            return self._left_out(expression, place, "{{ … }} prints more than a value")
        if steps[0] == "loop" and self.scope.loops:
            path = _LOOP.get(steps[-1])
            if path is None:
                return self._left_out(expression, place, "Handlebars counts from 0 and has no such word")
        else:
            path = self.scope.path(steps)
        if filters == ["tojson"]:
            return _tilde(Tag("{{json " + path + "}}"), left, right)
        if filters:
            self.version.lose(
                place, f"| {' | '.join(filters)}", "there are no filters here: the value is printed as it is"
            )
        return _tilde(Tag("{{" + path + "}}"), left, right)

    def _left_out(self, text: str, place: str, why: str) -> Tag:
        self.version.lose(place, text[:80], f"{why}: left out, a comment stands in its place")
        return comment(f"not carried over: {text.replace('}', ')').replace('{', '(')}")

    def _statement(self, text: str, place: str) -> list[Tag]:
        word = text.split(None, 1)[0] if text else ""
        if word == "if":
            return self._if(text[2:].strip(), place)
        if word == "for":
            return self._for(text, place)
        if word == "elif":
            return self._elif(text[4:].strip(), place)
        if word == "else":
            return [Tag("{{else}}")]
        if word in _CLOSES:
            return self._close(word, place)
        if word in ("set", "import", "from", "do") and (word != "set" or "=" in text):
            return [self._left_out("{% " + text + " %}", place, "has no counterpart")]
        raise ImportRefused(f"{place}: `{text[:60]}` has no counterpart.")

    def _if(self, condition: str, place: str) -> list[Tag]:
        name, arguments = self.condition(condition, place)
        self.open.append(("if", name))
        return [Tag("{{#" + f"{name} {arguments}" + "}}")]

    def _elif(self, condition: str, place: str) -> list[Tag]:
        if not self.open or self.open[-1][0] != "if":
            raise ImportRefused(f"{place}: `elif` outside of `if`.")
        name, arguments = self.condition(condition, place)
        return [Tag("{{else " + f"{name} {arguments}" + "}}")]

    def condition(self, text: str, place: str) -> tuple[str, str]:
        """The block helper that tells a condition, and its arguments. Raises ImportRefused."""
        negated = re.fullmatch(r"(?:not\s+|!\s*)(.+)", text, re.DOTALL)
        steps = steps_of(negated[1] if negated else text)
        if steps is not None and steps[0] == "loop" and self.scope.loops and steps[-1] in ("first", "last"):
            return ("unless" if negated else "if"), _LOOP[steps[-1]]
        if steps is not None and steps[0] not in ("true", "false"):
            return ("unless" if negated else "if"), self.scope.path(steps)
        match = _EQUAL.fullmatch(text)
        steps = steps_of(match["path"]) if match else None
        if match and steps:
            value = match["value"].replace("'", '"') if match["value"][0] in "'\"" else match["value"].lower()
            helper = "unlessEquals" if match["sign"].startswith("!") else "ifEquals"
            return helper, f"{self.scope.path(steps)} {value}"
        raise ImportRefused(f"{place}: the condition `{text[:60]}` has no counterpart.")

    def _for(self, text: str, place: str) -> list[Tag]:
        match = _FOR.fullmatch(text)
        steps = steps_of(match[2]) if match else None
        if match is None or steps is None:
            raise ImportRefused(f"{place}: the loop `{text[:60]}` has no counterpart.")
        path = self.scope.path(steps)
        self.scope.loops.append(match[1])
        self.open.append(("for", "each"))
        return [Tag("{{#each " + f"{path} as |{match[1]}|" + "}}")]

    def _close(self, word: str, place: str) -> list[Tag]:
        if not self.open or self.open[-1][0] not in _CLOSES[word]:
            raise ImportRefused(f"{place}: `{word}` closes nothing.")
        kind, name = self.open.pop()
        if kind == "for":
            self.scope.loops.pop()
        return [Tag("{{/" + name + "}}")]


def _tilde(tag: Tag, left: str, right: str) -> Tag:
    body = tag[2:-2]
    return Tag("{{" + ("~" if left else "") + body + ("~" if right else "") + "}}")
