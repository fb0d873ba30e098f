"""Closures out of a parsed template: everything that can be decided once is decided here."""

from collections.abc import Callable, Mapping
from typing import Any

from variorum_client.formats.handlebars.nodes import Block, Inline, Node, Output, Partial, Program, TemplateError, Text
from variorum_client.formats.handlebars.parse import parse_template
from variorum_client.formats.handlebars.runtime import (
    MAX_PARTIALS,
    Chunk,
    Frame,
    Marker,
    Run,
    Scope,
    is_empty,
    is_list,
    same,
    to_text,
    truthy,
)
from variorum_client.formats.handlebars.values import Value, compile_value
from variorum_client.formats.problems import RenderError

Writer = Callable[[Scope, Run], None]
Resolver = Callable[[str], str | None]
MAX_CALL_DEPTH = 60


class Template:
    """A compiled template; immutable, so any number of threads may render it at once."""

    __slots__ = ("_write", "partials", "program")

    def __init__(self, source: str, partials: Resolver | None = None) -> None:
        """Compile. `partials` gives the source of a partial by name, or None. Raises TemplateError."""
        self.program = parse_template(source)
        compiler = _Compiler(partials)
        self._write = compiler.writer(self.program)
        self.partials: Mapping[str, Program] = compiler.programs

    def render(self, context: Mapping[str, object], data: Mapping[str, object] | None = None) -> list[Chunk]:
        """Text and markers for a context; `data` are the @variables. Raises RenderError."""
        run = Run()
        frame = Frame({"root": context, **data} if data else {"root": context}, None)
        try:
            self._write(Scope(context, None, None, frame), run)
        except RecursionError:
            raise RenderError("too_deep", "Values or partials are nested too deeply, or contain themselves.") from None
        return run.out


class _Compiler:
    def __init__(self, resolve: Resolver | None) -> None:
        self.resolve = resolve
        self.programs: dict[str, Program] = {}
        self.writers: dict[str, Writer] = {}
        self.pending: list[str] = []

    def writer(self, program: Program) -> Writer:
        """One closure for a list of nodes."""
        writers = [self.node(node) for node in program]
        inlines = any(isinstance(node, Inline) for node in program)
        if len(writers) == 1 and not inlines:
            return writers[0]
        sequence = tuple(writers)

        def write(scope: Scope, run: Run) -> None:
            for part in sequence:
                part(scope, run)

        return _restoring_inlines(write) if inlines else write

    def node(self, node: Node) -> Writer:
        if isinstance(node, Text):
            return _text(node.value)
        if isinstance(node, Output):
            return _output(compile_value(node.value))
        if isinstance(node, Block):
            return self.block(node)
        if isinstance(node, Inline):
            return _inline(node.name, self.writer(node.body))
        return self.partial(node)

    def block(self, node: Block) -> Writer:
        body, inverse = self.writer(node.body), self.writer(node.inverse)
        if node.subject is not None:
            return _section(compile_value(node.subject), node.params, body, inverse)
        args = [compile_value(arg) for arg in node.call.args]
        named = {name: compile_value(value) for name, value in node.call.named}
        match node.call.name:
            case "if":
                return _if(args[0], named.get("includeZero"), body, inverse)
            case "unless":
                return _if(args[0], named.get("includeZero"), inverse, body)
            case "each":
                return _each(args[0], node.params, body, inverse)
            case "with":
                return _with(args[0], node.params, body, inverse)
            case "ifEquals":
                return _equals(args[0], args[1], body, inverse)
        return _equals(args[0], args[1], inverse, body)

    def partial(self, node: Partial) -> Writer:
        context = compile_value(node.context) if node.context else None
        named = tuple((name, compile_value(value)) for name, value in node.named)
        fallback = self.writer(node.fallback) if node.fallback is not None else None
        if isinstance(node.name, str):
            self.load(node.name, node.offset)
            name = _constant(node.name)
        else:
            name = compile_value(node.name)
        return _partial(name, self.writers, context, named, fallback, node.indent)

    def load(self, name: str, offset: int) -> None:
        """Compile a partial that the template names, once; refuse one that includes itself."""
        if name in self.pending:
            circle = " → ".join([*self.pending[self.pending.index(name) :], name])
            raise TemplateError(offset, "partial_cycle", f"These partials include each other: {circle}.")
        source = self.resolve(name) if self.resolve and name not in self.writers else None
        if source is None:
            return
        if len(self.writers) >= MAX_PARTIALS:
            raise TemplateError(offset, "too_many_partials", f"More than {MAX_PARTIALS} partials are included.")
        self.pending.append(name)
        try:
            self.programs[name] = parse_template(source)
            self.writers[name] = self.writer(self.programs[name])
        except TemplateError as error:
            code = error.code
            raise TemplateError(offset, code, f"In the partial '{name}': {error.message}") from None
        finally:
            self.pending.pop()


def _constant(value: str) -> Value:
    return lambda scope, run: value


def _text(text: str) -> Writer:
    def write(scope: Scope, run: Run) -> None:
        run.write(text)

    return write


def _output(value: Value) -> Writer:
    def write(scope: Scope, run: Run) -> None:
        got = value(scope, run)
        if isinstance(got, str):
            run.write(got)
        elif isinstance(got, Marker):
            run.out.append(got)
        else:
            run.write(to_text(got, run))

    return write


def _if(value: Value, include_zero: Value | None, body: Writer, inverse: Writer) -> Writer:
    def write(scope: Scope, run: Run) -> None:
        zero = include_zero is not None and include_zero(scope, run) is True
        (body if truthy(value(scope, run), zero) else inverse)(scope, run)

    return write


def _equals(left: Value, right: Value, body: Writer, inverse: Writer) -> Writer:
    def write(scope: Scope, run: Run) -> None:
        (body if same(left(scope, run), right(scope, run)) else inverse)(scope, run)

    return write


def _bind(scope: Scope, params: tuple[str, ...], value: object, key: object) -> dict[str, object] | None:
    if not params:
        return scope.params
    return {**(scope.params or {}), **dict(zip(params, (value, key), strict=False))}


def _with(value: Value, params: tuple[str, ...], body: Writer, inverse: Writer) -> Writer:
    def write(scope: Scope, run: Run) -> None:
        got = value(scope, run)
        if is_empty(got):
            inverse(scope, run)
        else:
            body(Scope(got, scope, _bind(scope, params, got, None), scope.frame), run)

    return write


def _each(value: Value, params: tuple[str, ...], body: Writer, inverse: Writer) -> Writer:
    def write(scope: Scope, run: Run) -> None:
        _loop(value(scope, run), params, body, inverse, scope, run)

    return write


def _loop(items: Any, params: tuple[str, ...], body: Writer, inverse: Writer, scope: Scope, run: Run) -> None:
    if not items or not (isinstance(items, Mapping) or is_list(items)):
        inverse(scope, run)
        return
    pairs = items.items() if isinstance(items, Mapping) else enumerate(items)
    last, outer = len(items) - 1, scope.frame
    for index, (key, item) in enumerate(pairs):
        run.step()
        place = {"key": key, "index": index, "first": index == 0, "last": index == last}
        body(Scope(item, scope, _bind(scope, params, item, key), Frame({**outer.data, **place}, outer)), run)


def _section(value: Value, params: tuple[str, ...], body: Writer, inverse: Writer) -> Writer:
    def write(scope: Scope, run: Run) -> None:
        got = value(scope, run)
        if got is True:
            body(scope, run)
        elif got is False or got is None:
            inverse(scope, run)
        elif is_list(got):
            _loop(got, params, body, inverse, scope, run)
        else:
            body(Scope(got, scope, scope.params, scope.frame), run)

    return write


def _inline(name: str, body: Writer) -> Writer:
    def write(scope: Scope, run: Run) -> None:
        run.inlines = {**run.inlines, name: body}

    return write


def _restoring_inlines(inner: Writer) -> Writer:
    def write(scope: Scope, run: Run) -> None:
        before = run.inlines
        inner(scope, run)
        run.inlines = before

    return write


def _partial(
    name: Value,
    writers: Mapping[str, Writer],
    context: Value | None,
    named: tuple[tuple[str, Value], ...],
    fallback: Writer | None,
    indent: str,
) -> Writer:
    def write(scope: Scope, run: Run) -> None:
        key = name(scope, run)
        if key == "@partial-block":
            _partial_block(scope, run)
            return
        body = _find(key, writers, run) or fallback
        if body is None:
            raise RenderError("missing_partial", f"There is no partial '{key}'.")
        value = context(scope, run) if context else scope.value
        if named:
            overlay = {label: given(scope, run) for label, given in named}
            value = {**value, **overlay} if isinstance(value, Mapping) else overlay
        frame = scope.frame
        if fallback is not None:
            if body is fallback:
                body(scope, run)
                return
            frame = Frame({**frame.data, _BLOCK: (fallback, scope)}, frame.parent)
        _enter(body, Scope(value, None, None, frame), run, indent)

    return write


_BLOCK = "partial-block"


def _partial_block(scope: Scope, run: Run) -> None:
    held = scope.frame.data.get(_BLOCK)
    if not isinstance(held, tuple):
        raise RenderError("missing_partial", "@partial-block stands outside a partial that was given a block.")
    body, caller = held
    _enter(body, Scope(scope.value, None, None, caller.frame), run, "")


def _find(key: object, writers: Mapping[str, Writer], run: Run) -> Writer | None:
    found = run.inlines.get(key) if isinstance(key, str) else None
    if found is None and isinstance(key, str):
        found = writers.get(key)
    return found  # type: ignore[return-value]


def _enter(body: Writer, scope: Scope, run: Run, indent: str) -> None:
    run.step()
    run.depth += 1
    if run.depth > MAX_CALL_DEPTH:
        raise RenderError("too_deep", "Partials include each other without end.")
    if indent:
        outer, run.out = run.out, []
        body(scope, run)
        inner, run.out = run.out, outer
        _write_indented(inner, indent, run)
    else:
        body(scope, run)
    run.depth -= 1


def _write_indented(chunks: list[Chunk], indent: str, run: Run) -> None:
    at_start = True
    for chunk in chunks:
        if isinstance(chunk, Marker):
            run.out.append(chunk)
            continue
        lines = chunk.split("\n")
        for number, line in enumerate(lines):
            more = number < len(lines) - 1
            if at_start and (line or more):
                run.write(indent)
            run.write(line + "\n" if more else line)
            at_start = more or (at_start and not line)
