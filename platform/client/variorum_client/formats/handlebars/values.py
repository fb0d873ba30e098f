"""Closures for the expressions in a template."""

from collections.abc import Callable

from variorum_client.formats.handlebars.expressions import ROLES
from variorum_client.formats.handlebars.nodes import Call, Expr, Literal, Path
from variorum_client.formats.handlebars.runtime import Frame, Marker, Run, Scope, step_into, to_json, to_text
from variorum_client.formats.problems import RenderError

Value = Callable[[Scope, Run], object]


def compile_value(expr: Expr) -> Value:
    """A closure that gives the value of an expression in a scope."""
    if isinstance(expr, Literal):
        value = expr.value
        return lambda scope, run: value
    if isinstance(expr, Path):
        return _data_path(expr) if expr.data else _path(expr)
    return _call(expr)


def _path(path: Path) -> Value:
    if not path.up and not path.scoped and len(path.steps) == 1:
        return _name(path.steps[0])
    return _long_path(path)


def _name(name: str) -> Value:
    def value(scope: Scope, run: Run) -> object:
        params = scope.params
        if params is not None and name in params:
            return params[name]
        here = scope.value
        return here.get(name) if type(here) is dict else step_into(here, name)

    return value


def _long_path(path: Path) -> Value:
    up, scoped, steps = path.up, path.scoped, path.steps
    start = None if scoped or not steps else steps[0]

    def value(scope: Scope, run: Run) -> object:
        here: Scope | None = scope
        for _ in range(up):
            here = here.parent if here else None
        if here is None:
            return None
        got, rest = here.value, steps
        if start is not None and scope.params is not None and start in scope.params:
            got, rest = scope.params[start], steps[1:]
        for key in rest:
            got = step_into(got, key)
        return got

    return value


def _data_path(path: Path) -> Value:
    up, steps = path.up, path.steps

    def value(scope: Scope, run: Run) -> object:
        frame: Frame | None = scope.frame
        for _ in range(up):
            frame = frame.parent if frame else None
        got: object = frame.data if frame else None
        for key in steps:
            got = step_into(got, key)
        return got

    return value


def _call(call: Call) -> Value:
    args = [compile_value(arg) for arg in call.args]
    named = {name: compile_value(value) for name, value in call.named}
    match call.name:
        case "lookup":
            return _lookup(args[0], args[1])
        case "json":
            return _json(args[0], named.get("indent"))
        case "role":
            return _role(args[0])
        case "section":
            return lambda scope, run: Marker("section", to_text(args[0](scope, run), run))
        case "media":
            return _media(named["url"], named.get("contentType"))
        case "history":
            return lambda scope, run: Marker("history")
    return lambda scope, run: ""


def _lookup(collection: Value, key: Value) -> Value:
    def value(scope: Scope, run: Run) -> object:
        held = collection(scope, run)
        if held is None or held is False or held in (0, ""):
            return held
        return step_into(held, to_text(key(scope, run), run))

    return value


def _json(value: Value, indent: Value | None) -> Value:
    def text(scope: Scope, run: Run) -> str:
        given = indent(scope, run) if indent else 0
        width = int(given) if isinstance(given, int) or (isinstance(given, str) and given.isdecimal()) else 0
        return to_json(value(scope, run), min(max(width, 0), 16), run)

    return text


def _role(role: Value) -> Value:
    def marker(scope: Scope, run: Run) -> Marker:
        name = to_text(role(scope, run), run)
        if name not in ROLES:
            raise RenderError("unknown_role", f"'{name[:40]}' is not a role: use {', '.join(ROLES)}.")
        return Marker("role", name)

    return marker


def _media(url: Value, content_type: Value | None) -> Value:
    def marker(scope: Scope, run: Run) -> object:
        address = to_text(url(scope, run), run)
        kind = to_text(content_type(scope, run), run) if content_type else ""
        return Marker("media", address, kind or None) if address else ""

    return marker
