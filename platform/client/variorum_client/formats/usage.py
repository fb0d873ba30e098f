"""Which variables a template uses, where, and which of them its input schema does not know."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from variorum_client.formats.handlebars.nodes import (
    Block,
    Expr,
    Inline,
    Literal,
    Node,
    Output,
    Partial,
    Path,
    Program,
    Text,
)
from variorum_client.formats.schemas import suggest

JsonSchema = dict[str, Any]
MAX_UNKNOWN = 50
_LOOPS = frozenset({"each"})


@dataclass(frozen=True, slots=True)
class Unknown:
    """A variable that the schema does not have: its offset in the template and why."""

    offset: int
    name: str
    message: str


@dataclass(slots=True)
class Usage:
    """What a template uses: names of top-level variables with the offset of their first use, and unknown ones."""

    variables: dict[str, int] = field(default_factory=dict)
    unknown: list[Unknown] = field(default_factory=list)
    partials: dict[str, int] = field(default_factory=dict)
    inlines: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where a path starts: whether this is the input itself, its schema when known, parameters, and the outside."""

    root: bool
    schema: JsonSchema | None
    params: Mapping[str, JsonSchema | None]
    parent: "_Scope | None"


def usage_of(program: Program, schema: JsonSchema | None, partials: Mapping[str, Program]) -> Usage:
    """Walk a template, and the partials it includes, against the schema of its input (None: not known)."""
    walker = _Walker(partials)
    walker.program(program, _Scope(True, schema, {}, None))
    return walker.usage


class _Walker:
    def __init__(self, partials: Mapping[str, Program]) -> None:
        self.usage, self.partials, self.inside = Usage(), partials, list[str]()

    def program(self, nodes: Program, scope: _Scope) -> None:
        for node in nodes:
            self.node(node, scope)

    def node(self, node: Node, scope: _Scope) -> None:
        if isinstance(node, Output):
            self.expr(node.value, scope)
        elif isinstance(node, Block):
            self.block(node, scope)
        elif isinstance(node, Inline):
            self.usage.inlines.add(node.name)
            self.program(node.body, _Scope(False, None, {}, None))
        elif not isinstance(node, Text):
            self.partial(node, scope)

    def expr(self, expr: Expr, scope: _Scope) -> JsonSchema | None:
        if isinstance(expr, Literal):
            return None
        if isinstance(expr, Path):
            return self.path(expr, scope)
        for value in (*expr.args, *(value for _, value in expr.named)):
            self.expr(value, scope)
        return None

    def path(self, path: Path, scope: _Scope) -> JsonSchema | None:
        start = _start(path, scope)
        if start is None:
            return None
        here, steps = start
        if steps and steps[0] in here.params and not path.scoped:
            return self._follow(path, here.params[steps[0]], steps[1:])
        if here.root and steps and not self.inside:
            self.usage.variables.setdefault(steps[0], path.offset)
        elif here.root and steps:
            self.usage.variables.setdefault(steps[0], -1)
        return self._follow(path, here.schema, steps)

    def _follow(self, path: Path, schema: JsonSchema | None, steps: tuple[str, ...]) -> JsonSchema | None:
        for step in steps:
            known = _fields(schema)
            if known is not None and step not in known and not self.inside:
                if len(self.usage.unknown) >= MAX_UNKNOWN:
                    return None
                message = (
                    f"'{step}' is not in the input schema{suggest(step, list(known))}; add it there or correct it."
                )
                self.usage.unknown.append(Unknown(path.offset, step, message))
                return None
            schema = _inner(schema, step)
        return schema

    def block(self, node: Block, scope: _Scope) -> None:
        call = node.call
        subject = self.expr(node.subject or (call.args[0] if call.args else Literal(None)), scope)
        for value in (*call.args[1:], *(value for _, value in call.named)):
            self.expr(value, scope)
        self.program(node.body, _body_scope(node, subject, scope))
        self.program(node.inverse, scope)

    def partial(self, node: Partial, scope: _Scope) -> None:
        context = self.expr(node.context, scope) if node.context else None
        for _, value in node.named:
            self.expr(value, scope)
        if not isinstance(node.name, str):
            self.expr(node.name, scope)
        elif node.name != "@partial-block":
            self.include(node, node.name, scope, context)
        if node.fallback is not None:
            self.program(node.fallback, scope)

    def include(self, node: Partial, name: str, scope: _Scope, context: JsonSchema | None) -> None:
        if not self.inside:
            self.usage.partials.setdefault(name, node.offset)
        if name not in self.partials or name in self.inside:
            return
        here = _Scope(False, context, {}, None) if node.context else scope
        params: dict[str, JsonSchema | None] = dict.fromkeys(label for label, _ in node.named)
        self.inside.append(name)
        self.program(self.partials[name], _Scope(here.root, here.schema, params, None))
        self.inside.pop()


def _start(path: Path, scope: _Scope) -> tuple[_Scope, tuple[str, ...]] | None:
    """Where a path begins and the steps that are left; None for @variables other than @root."""
    if path.data:
        if path.steps[:1] != ("root",):
            return None
        return _outermost(scope), path.steps[1:]
    here: _Scope | None = scope
    for _ in range(path.up):
        here = here.parent if here else None
    return (here, path.steps) if here else None


def _outermost(scope: _Scope) -> _Scope:
    while scope.parent is not None:
        scope = scope.parent
    return scope if scope.root else _Scope(False, None, {}, None)


def _body_scope(node: Block, subject: JsonSchema | None, scope: _Scope) -> _Scope:
    name = node.call.name
    if node.subject is None and name not in ("each", "with"):
        return scope
    if node.subject is not None:
        return _section_scope(subject, scope)
    inner = _element(subject) if name in _LOOPS else subject
    params = dict(scope.params)
    params.update(zip(node.params, (inner, None), strict=False))
    return _Scope(False, inner, params, scope)


def _section_scope(subject: JsonSchema | None, scope: _Scope) -> _Scope:
    """A section stays where it is for true, and enters anything else: only the schema can tell."""
    kinds = _types(subject)
    if kinds and kinds <= {"boolean", "null"}:
        return scope
    inner = _element(subject) if "array" in kinds else subject
    return _Scope(False, inner, scope.params, scope)


def _types(schema: JsonSchema | None) -> set[str]:
    given = (schema or {}).get("type")
    return {given} if isinstance(given, str) else {kind for kind in given or () if isinstance(kind, str)}


def _fields(schema: JsonSchema | None) -> dict[str, Any] | None:
    """The fields of a closed object schema; None where other names may be right too."""
    if schema is None or schema.get("additionalProperties") is not False or "object" not in _types(schema):
        return None
    fields = schema.get("properties", {})
    return fields if isinstance(fields, dict) and "patternProperties" not in schema else None


def _inner(schema: JsonSchema | None, step: str) -> JsonSchema | None:
    fields = (schema or {}).get("properties")
    found = fields.get(step) if isinstance(fields, dict) else None
    if found is None and "array" in _types(schema):
        return _element(schema)
    return found if isinstance(found, dict) else None


def _element(schema: JsonSchema | None) -> JsonSchema | None:
    """The schema of what a loop yields."""
    found = (schema or {}).get("items" if "array" in _types(schema) else "additionalProperties")
    return found if isinstance(found, dict) else None
