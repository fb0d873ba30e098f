"""Every address of the API, with an owner, a stranger and nobody: no door is open, none breaks."""

from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

METHODS = ("get", "post", "put", "patch", "delete")
OPEN = {("health", "get"), ("openapi", "get"), ("session", "post"), ("unsubscribe", "post")}
VALUES = {
    "int": "1",
    "slug": "support-desk",
    "str": "production",
    "path": "prompts/triage.prompt",
    "uuid": "0" * 8 + "-0000-7000-8000-" + "0" * 12,
}


def _patterns(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _patterns(entry, route)
        elif route.startswith("api/v1/"):
            yield route, entry


def _doors() -> list[tuple[str, str, str]]:
    """(name, method, address) of every API view."""
    found = []
    for route, entry in _patterns(get_resolver()):
        address = "/" + route
        for name, converter in entry.pattern.converters.items():
            kind = type(converter).__name__.removesuffix("Converter").lower().replace("string", "str")
            value = "support-desk" if name == "project" else VALUES.get(kind, "1")
            address = address.replace(f"<{kind}:{name}>", value).replace(f"<{name}>", value)
        view = getattr(entry.callback, "cls", None) or getattr(entry.callback, "view_class", None)
        methods = [m for m in METHODS if view is None or hasattr(view, m)]
        found += [(str(entry.name), method, address) for method in (methods if view else ["get"])]
    return found


def test_every_address_has_a_name_and_no_leftover():
    doors = _doors()
    assert len(doors) > 20
    assert [door for door in doors if "<" in door[2] or door[0] == "None"] == []


def test_nobody_gets_in(project, api):
    wrong = []
    for name, method, address in _doors():
        if (name, method) in OPEN:
            continue
        status = getattr(api(), method)(address).status_code
        if status != 401:
            wrong.append((method, address, status))
    assert wrong == []


def test_a_stranger_finds_nothing(project, stranger, api):
    client = api(stranger)
    wrong = []
    for _name, method, address in _doors():
        if "/projects/support-desk" not in address:
            continue
        answer = getattr(client, method)(address)
        if answer.status_code != 404 or answer.json()["code"] != "not_found":
            wrong.append((method, address, answer.status_code))
    assert wrong == []


def test_a_viewer_writes_nothing(project, member, api):
    client = api(member("viewer"))
    wrong = []
    for name, method, address in _doors():
        if method == "get" or "/projects/support-desk" not in address or name in READS_BY_POST:
            continue
        status = getattr(client, method)(address, {}).status_code
        if status not in {403, 404}:
            wrong.append((name, method, address, status))
    assert wrong == []


# Answers a question from a body; changes nothing.
READS_BY_POST = {"check", "render", "edit", "rules_check", "rules_try", "rules_preview"}


@pytest.mark.parametrize("body", [None, {}, [], {"name": 5, "files": 7, "ref": [], "rate": "x"}])
def test_no_address_breaks_for_its_owner(project, owner, api, body):
    client = api(owner)
    client.raise_request_exception = False
    wrong = []
    for name, method, address in _doors():
        if name in {"session", "stream"}:
            continue
        answer = getattr(client, method)(address, body, format="json") if method != "get" else client.get(address)
        if answer.status_code >= 500 and answer.status_code != 503:
            wrong.append((method, address, answer.status_code))
        elif answer.status_code >= 400 and answer["content-type"] != "application/problem+json":
            wrong.append((method, address, answer["content-type"]))
    assert wrong == []
