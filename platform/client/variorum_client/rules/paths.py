"""Reading the context: `var`, `missing`, `missing_some`, and flagd's own `$flagd.flagKey` and `$flagd.timestamp`."""

from typing import Any

from variorum_client.rules.logic import Compiler, Step, constant, is_constant
from variorum_client.rules.meter import read, spend
from variorum_client.rules.values import number, text

OWN = "$flagd"


def var(compiler: Compiler, arguments: list[Any], place: str) -> Step:
    """{"var": "user.plan"} or {"var": ["user.plan", "free"]}: a value of the context, null when it is not there."""
    steps = compiler.all(arguments[:2], place)
    path, default = (steps + [constant(None)] * 2)[:2]
    if not is_constant(path):
        return lambda data: _found(data, path(data), default)
    return _at(compiler, path(None), default)


def _at(compiler: Compiler, name: Any, default: Step) -> Step:
    if isinstance(name, str) and name.partition(".")[0] == OWN:
        return _own(compiler, name)
    if isinstance(name, str) and name and "." not in name:
        return _plain(name, default)
    if isinstance(name, str) and name.count(".") == 1:
        return _pair(name, default)
    return lambda data: _found(data, name, default)


def _own(compiler: Compiler, name: str) -> Step:
    if name == f"{OWN}.flagKey":
        return constant(compiler.key)
    clock = compiler.clock
    if name == f"{OWN}.timestamp":
        return lambda _data: int(clock())
    return constant(None)


def _plain(name: str, default: Step) -> Step:
    def get(data: Any) -> Any:
        value = data.get(name) if type(data) is dict else look(data, name)
        return default(data) if value is None else value

    if is_constant(default) and default(None) is None:
        get.plain = name  # type: ignore[attr-defined]
    return get


def plain(step: Step) -> str | None:
    """The one key that a step looks up, null when it is not there; None for every other step. Who asks looks it up
    by itself: a call less, in what nearly every rule does."""
    return getattr(step, "plain", None)


def _pair(name: str, default: Step) -> Step:
    first, _, second = name.partition(".")

    def get(data: Any) -> Any:
        inner = data.get(first) if type(data) is dict else look(data, first)
        value = inner.get(second) if type(inner) is dict else look(inner, second)
        return default(data) if value is None else value

    return get


def _found(data: Any, path: Any, default: Step) -> Any:
    value = walk(data, path)
    return default(data) if value is None else value


def walk(data: Any, path: Any) -> Any:
    """The value at a path of names and list places joined by dots, None when not there; all for null and ""."""
    if path is None or path == "":
        return data
    for name in read(text(path)).split("."):
        data = look(data, name)
        if data is None:
            return None
    return data


def look(data: Any, name: str) -> Any:
    """One step: a key of an object, a place of a list or a text. None when it is not there."""
    if isinstance(data, dict):
        return data.get(name)
    if isinstance(data, (list, str)):
        if name == "length":
            return len(data)
        if name.isascii() and name.isdigit() and len(name) < 10 and int(name) < len(data):
            return data[int(name)]
    return None


def missing(compiler: Compiler, arguments: list[Any], place: str) -> Step:
    """The paths that the context does not have, or has empty."""
    steps = compiler.all(arguments, place)
    if len(steps) == 1 and is_constant(steps[0]) and isinstance(steps[0](None), str):
        only, found = steps[0](None), _at(compiler, steps[0](None), constant(None))

        def alone(data: Any) -> list[Any]:
            value = found(data)
            return [only] if value is None or value == "" else []

        return alone

    def absent(data: Any) -> list[Any]:
        paths = [step(data) for step in steps]
        if not paths or not isinstance(paths[0], list):
            return _lacking(data, paths)
        return _absent(data, paths[0])

    return absent


def missing_some(compiler: Compiler, arguments: list[Any], place: str) -> Step:
    """[n, paths]: nothing when the context has at least n of them, else those that it lacks."""
    least, paths = (compiler.all(arguments, place) + [constant(None)] * 2)[:2]

    def absent(data: Any) -> list[Any]:
        wanted = paths(data)
        if not isinstance(wanted, list):
            return []
        lacking = _absent(data, wanted)
        return [] if len(wanted) - len(lacking) >= number(least(data)) else lacking

    return absent


def _absent(data: Any, paths: list[Any]) -> list[Any]:
    spend(len(paths))
    return _lacking(data, paths)


def _lacking(data: Any, paths: list[Any]) -> list[Any]:
    return [path for path in paths if walk(data, path) in (None, "")]
