"""What a change of a prompt's variables means for those who call it.

The rules are those of rendering: values are checked against the input schema, defaults count as given, a schema
written in Picoschema refuses variables that it does not have, and without a schema a missing variable is empty.
"""

from collections.abc import Iterator
from typing import Any

from variorum_client.formats.comparing.fields import Field, fields_of, is_closed, rule_words, type_words
from variorum_client.formats.comparing.rows import MISSING, same, shown
from variorum_client.formats.comparing.shapes import Consequence, Level, Row
from variorum_client.formats.prompt import Prompt

GROUP = "variables"


def input_changes(old: Prompt, new: Prompt) -> tuple[list[Row], list[Consequence]]:
    """Rows of the variables that changed, and what follows."""
    before, after = _declared(old), _declared(new)
    rows: list[Row] = []
    found: list[Consequence] = [*_checking(old, new)]
    for path in dict.fromkeys([*before, *after]):
        sides = _Sides(path, before.get(path), after.get(path), old, new)
        rows += sides.row()
        if old.input_schema is not None and new.input_schema is not None:
            found += sides.consequences()
    return rows, [*found, *_used(old, new)]


def _declared(prompt: Prompt) -> dict[str, Field]:
    """The schema's fields; without a schema the variables that the text uses."""
    if prompt.input_schema is not None:
        return fields_of(prompt.input_schema)
    names = sorted({*prompt.variables, *prompt.defaults})
    return {name: Field(name, {}, required=False, closed=False) for name in names}


class _Sides:
    """One variable in both versions."""

    def __init__(self, path: str, old: Field | None, new: Field | None, before: Prompt, after: Prompt) -> None:
        self.path, self.old, self.new, self.before, self.after = path, old, new, before, after
        self.old_default = before.defaults.get(path, MISSING)
        self.new_default = after.defaults.get(path, MISSING)

    def row(self) -> list[Row]:
        """[its row], [] when nothing changed."""
        old = self._says(self.old, self.old_default, self.before)
        new = self._says(self.new, self.new_default, self.after)
        about = self.old and self.new and self.old.about != self.new.about
        if old == new and not about:
            return []
        state = "added" if old is None else "removed" if new is None else "changed"
        note = f"its description changed: {self.new.about or '(none)'}" if about and self.new else ""
        return [Row(GROUP, self.path, self.path, state, old, new, note)]  # type: ignore[arg-type]

    def _says(self, field: Field | None, default: Any, prompt: Prompt) -> str | None:
        if field is None:
            return None
        if prompt.input_schema is None:
            return "not declared" if default is MISSING else f"not declared, default “{shown(default)}”"
        words = [type_words(field), rule_words(field), "" if field.required else "optional"]
        words.append("" if default is MISSING else f"default “{shown(default)}”")
        return ", ".join(word for word in words if word)

    def consequences(self) -> Iterator[Consequence]:
        """What follows for callers; both versions have a schema."""
        if self.old is None and self.new is not None:
            yield from self._added(self.new)
        elif self.new is None and self.old is not None:
            yield from self._removed(self.old)
        elif self.old is not None and self.new is not None:
            yield from self._need(self.old, self.new)
            yield from self._types(self.old, self.new)
            yield from self._values(self.old, self.new)
            yield from self._rules(self.old, self.new)
            yield from self._default(self.old, self.new)

    def _say(self, level: Level, code: str, message: str) -> Consequence:
        return Consequence(level, code, self.path, message)

    def _added(self, new: Field) -> Iterator[Consequence]:
        if _needed(new, self.new_default):
            where = self._inside()
            text = f"New required variable `{self.path}`{where}: callers that do not send it will fail."
            yield self._say("breaks", "variable_required", text)
        else:
            default = "" if self.new_default is MISSING else f"; without it “{shown(self.new_default)}” is used"
            yield self._say("says", "variable_added", f"New optional variable `{self.path}`{default}.")

    def _inside(self) -> str:
        outer = self.path.rpartition(".")[0]
        return f" inside `{outer}`" if outer else ""

    def _removed(self, old: Field) -> Iterator[Consequence]:
        if self.path.rpartition(".")[0] and self.path.rpartition(".")[0] not in fields_of(self.after.input_schema):
            return  # what holds it is gone, and that is said
        if _closed_at(self.after, self.path):
            text = f"Variable `{self.path}` removed: callers that still send it will fail."
            yield self._say("breaks", "variable_removed", text)
        else:
            text = f"Variable `{self.path}` removed: callers may go on sending it, it is ignored."
            yield self._say("says", "variable_removed", text)

    def _need(self, old: Field, new: Field) -> Iterator[Consequence]:
        before, after = _needed(old, self.old_default), _needed(new, self.new_default)
        if after and not before:
            why = " lost its default" if self.old_default is not MISSING and self.new_default is MISSING else ""
            said = f"Variable `{self.path}`{why or ' is now required'}: callers that do not send it will fail."
            yield self._say("breaks", "variable_required", said)
        if before and not after:
            yield self._say("says", "variable_optional", f"Variable `{self.path}` need not be sent any more.")

    def _types(self, old: Field, new: Field) -> Iterator[Consequence]:
        if new.types and not _covers(new.types, old.types) and new.values is None:
            text = f"Variable `{self.path}` must now be {type_words(new)} (was {type_words(old)}): "
            yield self._say("breaks", "variable_type", text + "callers that send anything else will fail.")
        elif old.nullable and not new.nullable and old.required == new.required:
            text = f"Variable `{self.path}` may no longer be null: callers that send null will fail."
            yield self._say("breaks", "variable_type", text)

    def _values(self, old: Field, new: Field) -> Iterator[Consequence]:
        if new.values is None or same(old.values, new.values):
            return
        if old.values is None:
            text = (
                f"Variable `{self.path}` now takes only {shown(_said(new))}: callers that send anything else will fail."
            )
            yield self._say("breaks", "enum_narrowed", text)
            return
        gone = [value for value in _said(old) if value not in new.values]
        come = [value for value in _said(new) if value not in old.values]
        if gone:
            text = f"Variable `{self.path}` no longer takes {shown(gone)}: callers that send it will fail."
            yield self._say("breaks", "enum_narrowed", text)
        if come:
            yield self._say("says", "enum_widened", f"Variable `{self.path}` now also takes {shown(come)}.")

    def _rules(self, old: Field, new: Field) -> Iterator[Consequence]:
        if same(old.rules, new.rules) or not new.rules:
            return
        text = f"Variable `{self.path}` has another rule ({rule_words(new)}): values that break it will fail."
        yield self._say("warns", "variable_rule", text)

    def _default(self, old: Field, new: Field) -> Iterator[Consequence]:
        if same(self.old_default, self.new_default) or _needed(old, self.old_default) != _needed(new, self.new_default):
            return
        if self.new_default is MISSING:
            text = f"Variable `{self.path}` lost its default “{shown(self.old_default)}”: without it, it is empty."
            yield self._say("warns", "default_removed", text)
        elif self.old_default is MISSING:
            text = f"Callers that do not send `{self.path}` now get “{shown(self.new_default)}”."
            yield self._say("says", "default_added", text)
        else:
            text = f"Callers that do not send `{self.path}` now get “{shown(self.new_default)}” instead of "
            yield self._say("warns", "default_changed", f"{text}“{shown(self.old_default)}”.")


def _needed(field: Field, default: Any) -> bool:
    return field.required and default is MISSING


def _said(field: Field) -> list[Any]:
    return [value for value in field.values or [] if value is not None]


def _covers(new: frozenset[str], old: frozenset[str]) -> bool:
    """Whether every value of the old types passes: a whole number is a number too."""
    wider = new | ({"integer"} if "number" in new else frozenset())
    return bool(old) and old <= wider


def _closed_at(prompt: Prompt, path: str) -> bool:
    """Whether the object that would hold this path refuses unknown names."""
    outer = path.rpartition(".")[0]
    if not outer:
        return is_closed(prompt.input_schema)
    holder = fields_of(prompt.input_schema).get(outer.removesuffix("[]"))
    schema = holder.schema.get("items", {}) if holder and outer.endswith("[]") else holder.schema if holder else {}
    return is_closed(schema if isinstance(schema, dict) else {})


def _checking(old: Prompt, new: Prompt) -> Iterator[Consequence]:
    """A schema that appears, goes, or begins to refuse unknown names."""
    if old.input_schema is None and new.input_schema is not None:
        fields = fields_of(new.input_schema).values()
        needed = [field.path for field in fields if "." not in field.path and _needed(field, _default(new, field))]
        parts = [f"leave out {shown(needed)}"] if needed else []
        parts += ["send a variable that is not declared"] if is_closed(new.input_schema) else []
        who = f": callers that {' or '.join(parts)} will fail" if parts else ""
        yield Consequence("breaks" if parts else "warns", "schema_added", "", f"Variables are now checked{who}.")
    elif old.input_schema is not None and new.input_schema is None:
        text = "Variables are no longer checked: one that a caller forgets is empty instead of an error."
        yield Consequence("warns", "schema_removed", "", text)
    elif is_closed(new.input_schema) and not is_closed(old.input_schema):
        text = "Only declared variables are accepted now: callers that send others will fail."
        yield Consequence("breaks", "schema_closed", "", text)


def _default(prompt: Prompt, field: Field) -> Any:
    return prompt.defaults.get(field.path, MISSING)


def _used(old: Prompt, new: Prompt) -> Iterator[Consequence]:
    """Variables that the text began or ceased to use."""
    for name in sorted(new.variables - old.variables):
        if new.input_schema is None and name not in new.defaults:
            text = f"The text now uses `{name}`, which is not declared: where callers do not send it, it is empty."
            yield Consequence("warns", "variable_undeclared", name, text)
    declared = fields_of(new.input_schema)
    for name in sorted(old.variables - new.variables):
        if name in declared:
            text = f"The text no longer uses `{name}`: callers still send it, the model does not see it."
            yield Consequence("warns", "variable_unused", name, text)
        elif old.input_schema is None and new.input_schema is None:
            text = f"The text no longer uses `{name}`: callers may go on sending it, it is ignored."
            yield Consequence("says", "variable_removed", name, text)
