"""The provider in OpenFeature's own SDK: values, errors, events, status, hooks."""

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openfeature import _event_support, api
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent
from openfeature.exception import ErrorCode
from openfeature.hook import Hook
from openfeature.provider import ProviderStatus

from tests.fakes.variorum_server import KEY, FakeVariorum, bundle_bytes, commit_rule, ruled_bytes, wait_until
from variorum_client import AsyncClient, Client
from variorum_client.live import LiveBundle
from variorum_client.openfeature import VariorumProvider

NEW = "b" * 40
PRO = {"==": [{"var": "plan"}, "pro"]}
WHO = EvaluationContext("user-7", {"plan": "pro", "since": datetime(2026, 1, 1), "tags": ("a", 1)})


def flag(variants: dict[str, Any], targeting: Any = None) -> dict[str, Any]:
    first = next(iter(variants))
    return {"state": "ENABLED", "variants": variants, "defaultVariant": first, "targeting": targeting or {}}


FLAGS: dict[str, Any] = {
    "page": flag({"off": False, "on": True}, {"if": [PRO, "on", "off"]}),
    "name": flag({"a": "Ada"}),
    "count": flag({"a": 3}),
    "share": flag({"a": 2.5}),
    "list": flag({"a": [1, 2]}),
    "since": flag({"no": 0, "yes": 1}, {"if": [{"==": [{"var": "since"}, "2026-01-01T00:00:00+00:00"]}, "yes", "no"]}),
    "me": flag({"no": 0, "yes": 1}, {"if": [{"==": [{"var": "targetingKey"}, "user-7"]}, "yes", "no"]}),
    "off": {**flag({"a": True}), "state": "DISABLED"},
    "pros": commit_rule({"new": NEW}, {"if": [PRO, "new", None]}),
}


@pytest.fixture
def server() -> Iterator[FakeVariorum]:
    with FakeVariorum() as fake:
        fake.body = ruled_bytes(FLAGS, {NEW: "New {{name}}"})
        yield fake


@pytest.fixture
def sdk(server: FakeVariorum, tmp_path: Path) -> Iterator[Client]:
    with Client(server.url, KEY, cache_dir=tmp_path, refresh=60, timeout=1.0, stream=False) as client:
        yield client
    api.clear_providers()
    _event_support.clear()


@pytest.fixture
def flags(sdk: Client) -> Any:
    api.set_provider_and_wait(VariorumProvider(sdk))
    return api.get_client()


def test_values_of_every_type(flags: Any) -> None:
    assert flags.get_boolean_value("page", False, WHO) is True
    assert flags.get_boolean_value("page", True) is False
    assert flags.get_string_value("name", "") == "Ada"
    assert flags.get_integer_value("count", 0) == 3
    assert flags.get_float_value("share", 0.0) == 2.5
    assert flags.get_float_value("count", 0.0) == 3.0
    assert flags.get_object_value("list", []) == [1, 2]
    assert [flags.get_integer_value(key, 0, WHO) for key in ("since", "me")] == [1, 1]
    found = flags.get_boolean_details("page", False, WHO)
    assert (found.variant, found.reason, found.error_code) == ("on", "TARGETING_MATCH", None)


def test_configs_and_prompts_are_objects(flags: Any) -> None:
    assert flags.get_object_value("configs/limits", {}, WHO) == {"rate": 50}
    config = flags.get_object_details("configs/limits", {})
    assert (config.value, config.variant, config.reason) == ({"rate": 5}, None, "STATIC")
    found = flags.get_object_details("prompts/hello", {}, WHO)
    assert (found.value["commit"], found.variant, found.value["model"]) == (NEW, "pros/new", "local/base")
    assert found.value["source"].endswith("New {{name}}")
    json.dumps(found.value)


@pytest.mark.parametrize(
    ("key", "code", "reason"),
    [
        ("none", ErrorCode.FLAG_NOT_FOUND, "ERROR"),
        ("prompts/none", ErrorCode.FLAG_NOT_FOUND, "ERROR"),
        ("configs/none", ErrorCode.FLAG_NOT_FOUND, "ERROR"),
        ("pros", ErrorCode.FLAG_NOT_FOUND, "ERROR"),
        ("name", ErrorCode.TYPE_MISMATCH, "ERROR"),
        ("prompts/hello", ErrorCode.TYPE_MISMATCH, "ERROR"),
        ("off", None, "DISABLED"),
    ],
)
def test_what_gives_the_default_says_why(flags: Any, key: str, code: Any, reason: str) -> None:
    found = flags.get_boolean_details(key, True, WHO)
    assert (found.value, found.error_code, found.reason) == (True, code, reason)


async def test_the_async_methods_answer_alike(flags: Any) -> None:
    assert await flags.get_boolean_value_async("page", False, WHO) is True
    assert await flags.get_object_value_async("configs/limits", {}, WHO) == {"rate": 50}


def test_events_follow_what_is_served(server: FakeVariorum, sdk: Client) -> None:
    heard: list[tuple[str, list[str] | None]] = []
    api.set_provider_and_wait(VariorumProvider(sdk))
    client = api.get_client()
    for event in ProviderEvent:

        def hear(details: EventDetails, event: ProviderEvent = event) -> None:
            heard.append((event.value, details.flags_changed))

        api.add_handler(event, hear)
    wait_until(lambda: len(heard) == 1)
    server.body = ruled_bytes({**FLAGS, "name": flag({"a": "Eve"})}, {NEW: "New {{name}}"})
    sdk._live.fetch()
    assert client.get_string_value("name", "") == "Eve"
    wait_until(lambda: len(heard) == 2)
    server.body = bundle_bytes("Bye {{name}}")
    sdk._live.fetch()
    wait_until(lambda: len(heard) == 3)
    server.fault = lambda handler: handler.send(503, b"") or True
    sdk._live.fetch()
    wait_until(lambda: client.get_provider_status() == ProviderStatus.STALE and len(heard) == 4)
    assert client.get_object_value("configs/limits", {}) == {"rate": 5}
    server.fault = None
    sdk._live.fetch()
    wait_until(lambda: client.get_provider_status() == ProviderStatus.READY and len(heard) == 5)
    gone = sorted({*FLAGS} - {"pros"})
    assert heard == [
        ("PROVIDER_READY", None),
        ("PROVIDER_CONFIGURATION_CHANGED", ["name"]),
        ("PROVIDER_CONFIGURATION_CHANGED", sorted([*gone, "configs/limits", "prompts/hello"])),
        ("PROVIDER_STALE", None),
        ("PROVIDER_READY", None),
    ]
    api.clear_providers()
    assert sdk._live.heard == []
    assert sdk.config("limits") == {"rate": 5}


def test_what_the_server_gave_is_at_no_moment_stale(
    server: FakeVariorum, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    store = LiveBundle._store

    def look(live: LiveBundle, body: bytes) -> None:  # after the first document is in use, before its fetch has ended
        seen.append((live.delivery is not None, live.stale))
        store(live, body)

    monkeypatch.setattr(LiveBundle, "_store", look)
    with Client(server.url, KEY, cache_dir=tmp_path, refresh=60, timeout=1.0, stream=False) as sdk:
        assert sdk.config("limits") == {"rate": 5}
        wait_until(lambda: seen == [(True, False)])


def test_a_start_without_server_is_an_error_that_ends(server: FakeVariorum, tmp_path: Path) -> None:
    server.fault = lambda handler: handler.send(503, b"") or True
    ready = threading.Event()
    with Client(server.url, KEY, cache_dir=tmp_path, refresh=0.05, timeout=0.2, stream=False) as sdk:
        client = api.get_client()
        with pytest.raises(Exception, match="Nothing is known"):
            api.set_provider_and_wait(VariorumProvider(sdk))
        assert client.get_provider_status() == ProviderStatus.ERROR
        assert client.get_boolean_value("page", True) is True
        api.add_handler(ProviderEvent.PROVIDER_READY, lambda _: ready.set())
        server.fault = None
        assert ready.wait(60)
        assert client.get_boolean_value("page", True) is False
    api.clear_providers()
    _event_support.clear()


@pytest.mark.parametrize("kind", ["disk", "fallback"])
@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("other", [False, True])
def test_a_start_from_a_copy_is_stale_until_the_server_answers(
    server: FakeVariorum, tmp_path: Path, kind: str, asynchronous: bool, other: bool
) -> None:
    """`other`: the server has another document than the copy; else it confirms it."""
    shipped = tmp_path / "bundle.json"
    shipped.write_bytes(server.body)
    if kind == "disk":
        with Client(server.url, KEY, cache_dir=tmp_path, stream=False) as first:
            first.wait()
    server.fault = lambda handler: handler.send(503, b"") or True
    heard: list[tuple[str, list[str] | None]] = []
    face = AsyncClient if asynchronous else Client
    sdk = face(server.url, KEY, cache_dir=tmp_path, fallback=shipped, refresh=0.05, timeout=5.0, stream=False)
    client = api.get_client()
    try:
        api.set_provider_and_wait(VariorumProvider(sdk))
        wait_until(lambda: client.get_provider_status() == ProviderStatus.STALE)
        assert (sdk.stats.origin, sdk.stale) == (kind, True)
        assert client.get_string_value("name", "") == "Ada"
        for event in ProviderEvent:

            def hear(details: EventDetails, event: ProviderEvent = event) -> None:
                heard.append((event.value, details.flags_changed))

            api.add_handler(event, hear)
        wait_until(lambda: len(heard) == 1)
        if other:
            server.body = ruled_bytes({**FLAGS, "name": flag({"a": "Eve"})}, {NEW: "New {{name}}"})
        server.fault = None
        wait_until(lambda: len(heard) == 2 + other)
        assert sorted(heard[1:]) == [("PROVIDER_CONFIGURATION_CHANGED", ["name"])] * other + [("PROVIDER_READY", None)]
        assert (client.get_provider_status(), sdk.stale) == (ProviderStatus.READY, False)
        server.fault = lambda handler: handler.send(503, b"") or True
        wait_until(lambda: client.get_provider_status() == ProviderStatus.STALE and len(heard) == 3 + other)
        assert heard[0] == heard[-1] == ("PROVIDER_STALE", None)
    finally:
        api.clear_providers()
        _event_support.clear()
        asyncio.run(sdk.close()) if isinstance(sdk, AsyncClient) else sdk.close()


def test_hooks_see_the_decision(flags: Any) -> None:
    seen: list[tuple[str, Any, Any]] = []

    class Watch(Hook):
        def before(self, hook_context: Any, hints: Any) -> EvaluationContext:
            return EvaluationContext("user-8", {"plan": "pro"})

        def after(self, hook_context: Any, details: Any, hints: Any) -> None:
            seen.append((hook_context.flag_key, details.value, hook_context.provider_metadata.name))

    flags.add_hooks([Watch()])
    assert flags.get_boolean_value("page", False) is True
    assert seen == [("page", True, "Variorum")]
