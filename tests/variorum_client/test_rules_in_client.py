"""What a caller gets by the rules, decided in the app's own process."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.variorum_server import KEY, FakeVariorum, bundle_bytes, commit_rule, ruled_bytes
from variorum_client import AsyncClient, Client, FlagDetails, UnknownArtefact, logs

NEW = "b" * 40
PRO = {"==": [{"var": "plan"}, "pro"]}
FLAGS: dict[str, Any] = {
    "new-page": {
        "state": "ENABLED",
        "variants": {"on": True, "off": False},
        "defaultVariant": "off",
        "targeting": {"if": [PRO, "on", "off"]},
    },
    "limit": {"state": "ENABLED", "variants": {"low": 3, "odd": 2.5}, "defaultVariant": "low"},
    "half": {"state": "ENABLED", "variants": {"odd": 2.5}, "defaultVariant": "odd"},
    "words": {"state": "ENABLED", "variants": {"a": {"hello": ["x"]}}, "defaultVariant": "a"},
    "off": {"state": "DISABLED", "variants": {"a": "b"}, "defaultVariant": "a"},
    "vast": {"state": "ENABLED", "variants": {"a": 10**400}, "defaultVariant": "a"},
    "pros": commit_rule({"new": NEW}, {"if": [PRO, "new", None]}),
}


@pytest.fixture
def server() -> Iterator[FakeVariorum]:
    with FakeVariorum() as fake:
        fake.body = ruled_bytes(FLAGS, {NEW: "New {{name}}"})
        yield fake


@pytest.fixture
def sdk(server: FakeVariorum, tmp_path: Path) -> Iterator[Client]:
    with Client(server.url, KEY, cache_dir=tmp_path, refresh=60, timeout=2.0) as client:
        yield client


def test_the_context_chooses_prompt_and_config(sdk: Client) -> None:
    new, old = sdk.prompt("hello", {"plan": "pro"}), sdk.prompt("hello")
    assert (new.commit, new.variant, new.messages({"name": "Ada"})[0]["content"]) == (NEW, "pros/new", "New Ada")
    assert (old.commit, old.variant, old.messages({"name": "Ada"})[0]["content"]) == ("a" * 40, "", "Hello Ada")
    assert sdk.prompt("hello", {"plan": "pro"}) == new
    assert (sdk.config("limits", {"plan": "pro"}), sdk.config("limits")) == ({"rate": 50}, {"rate": 5})
    for ask in (sdk.prompt, sdk.config):
        with pytest.raises(UnknownArtefact):
            ask("none", {"plan": "pro"})


def test_the_log_says_which_variant_was_served(server: FakeVariorum, sdk: Client) -> None:
    served = sdk.log(prompt=sdk.prompt("hello", {"plan": "pro"}), input={}, output="x")
    plain = sdk.log(prompt=sdk.prompt("hello"), input={}, output="x")
    assert sdk.flush()
    assert (server.logs[served]["variant"], server.logs[served]["commit"]) == ("pros/new", NEW)
    assert "variant" not in server.logs[plain]


def test_the_log_tells_what_the_prompt_was_asked_for_with(server: FakeVariorum, tmp_path: Path) -> None:
    """Also where no rule looks at it yet: a rule that is only thought of is counted over these logs."""
    server.body = bundle_bytes()
    asked = {"targetingKey": "u7", "plan": "pro"}
    with Client(server.url, KEY, cache_dir=tmp_path, refresh=60, context={"country": "de"}) as sdk:
        prompt = sdk.prompt("hello", asked)
        asked["plan"] = "changed since"
        with sdk.measure(prompt, {"name": "Ada"}, metadata={"page": 3}) as call:
            call.said("Hi")
        much = sdk.prompt("hello", {"targetingKey": "u7", "plan": "x" * 9_000})
        large = sdk.log(prompt=much, input={"text": "x" * (logs.MAX_LOG_BYTES - 5_000)})
        odd = sdk.log(prompt=sdk.prompt("hello", {"at": Unwritable()}), input={})
        plain = sdk.log(prompt="hello", input={})
        assert "u7" not in repr(prompt)
        assert sdk.flush(60)
    told = {"country": "de", "targetingKey": "u7", "plan": "pro"}
    entry = server.logs[call.id or ""]
    assert (entry["user"], entry["metadata"]) == ("u7", {"context": told, "page": 3})
    assert [server.logs[one].get("user") for one in (large, odd, plain)] == ["u7", None, None]
    assert not any("metadata" in server.logs[one] for one in (large, odd, plain))


class Unwritable:
    def __str__(self) -> str:
        raise RuntimeError


async def test_a_client_may_keep_the_context_to_itself(server: FakeVariorum, tmp_path: Path) -> None:
    async with AsyncClient(server.url, KEY, cache_dir=tmp_path, refresh=60, log_context=False) as sdk:
        prompt = await sdk.prompt("hello", {"targetingKey": "u7", "plan": "pro"})
        silent = sdk.log(prompt=prompt, input={})
        assert await sdk.flush(60)
    async with AsyncClient(server.url, KEY, cache_dir=tmp_path, refresh=60) as sdk:
        prompt = await sdk.prompt("hello", {"targetingKey": "u7", "plan": "pro"})
        telling = sdk.log(prompt=prompt, input={})
        assert await sdk.flush(60)
    assert [server.logs[one]["variant"] for one in (silent, telling)] == ["pros/new", "pros/new"]
    assert [server.logs[one].get("user") for one in (silent, telling)] == [None, "u7"]
    assert "metadata" not in server.logs[silent]
    assert server.logs[telling]["metadata"] == {"context": {"targetingKey": "u7", "plan": "pro"}}


def test_a_client_has_a_context_of_its_own(server: FakeVariorum, tmp_path: Path) -> None:
    with Client(server.url, KEY, cache_dir=tmp_path, refresh=60, context={"plan": "pro"}) as sdk:
        assert sdk.prompt("hello").commit == sdk.prompt("hello", {"targetingKey": "x"}).commit == NEW
        assert sdk.prompt("hello", {"plan": "free"}).commit == "a" * 40
        assert sdk.flag("new-page", False) is True


@pytest.mark.parametrize(
    ("key", "default", "value", "reason", "code"),
    [
        ("new-page", True, False, "TARGETING_MATCH", ""),
        ("limit", 1, 3, "STATIC", ""),
        ("limit", 1.0, 3.0, "STATIC", ""),
        ("half", 1.5, 2.5, "STATIC", ""),
        ("half", 1, 1, "ERROR", "TYPE_MISMATCH"),
        ("limit", True, True, "ERROR", "TYPE_MISMATCH"),
        ("limit", "1", "1", "ERROR", "TYPE_MISMATCH"),
        ("limit", None, 3, "STATIC", ""),
        ("words", {}, {"hello": ["x"]}, "STATIC", ""),
        ("words", [], {"hello": ["x"]}, "STATIC", ""),
        ("off", "mine", "mine", "DISABLED", ""),
        ("vast", 1.0, 1.0, "ERROR", "TYPE_MISMATCH"),
        ("none", 7, 7, "ERROR", "FLAG_NOT_FOUND"),
        ("pros", "x", "x", "ERROR", "FLAG_NOT_FOUND"),
    ],
)
def test_a_flag_has_the_type_of_its_default(
    sdk: Client, key: str, default: Any, value: Any, reason: str, code: str
) -> None:
    found = sdk.flag_details(key, default)
    assert (found.value, type(found.value), found.reason, found.code) == (value, type(value), reason, code)
    assert (found.variant is None) == bool(code or reason == "DISABLED")


def test_a_flag_never_raises(server: FakeVariorum, tmp_path: Path) -> None:
    server.stop()
    odd: Any = {1: object(), "targetingKey": float("nan")}
    with Client(server.url, KEY, cache_dir=tmp_path, timeout=0.3) as sdk:
        assert sdk.flag("new-page", True, odd) is True
        found = sdk.flag_details("new-page", True)
        assert (found.reason, found.code) == ("ERROR", "PROVIDER_NOT_READY")
        assert "Nothing is known" in found.message


async def test_the_async_client_decides_alike(server: FakeVariorum, tmp_path: Path) -> None:
    async with AsyncClient(server.url, KEY, cache_dir=tmp_path, refresh=60, context={"targetingKey": "u"}) as sdk:
        pro = {"plan": "pro"}
        assert await sdk.flag("new-page", False, pro) is True
        assert (await sdk.prompt("hello", pro)).variant == "pros/new"
        assert await sdk.config("limits", pro) == {"rate": 50}
        assert await sdk.flag_details("limit", 1) == FlagDetails(3, "low", "STATIC")


def test_news_are_told_to_who_listens(server: FakeVariorum, sdk: Client) -> None:
    heard: list[tuple[str, str, str]] = []
    end = sdk.listen(
        lambda news, before, now: heard.append((news, *(one.hash if one else "" for one in (before, now))))
    )
    sdk.listen(lambda *_: 1 / 0)
    first = sdk.prompt("hello")
    server.body = bundle_bytes("Bye {{name}}")
    sdk._live.fetch()
    server.fault = lambda handler: handler.send(500, b"") or True
    sdk._live.fetch()
    sdk._live.fetch()
    server.fault = None
    sdk._live.fetch()
    assert [news for news, _, _ in heard] == ["changed", "changed", "stale", "fresh"]
    assert heard[0][1] == ""
    assert heard[1][1] == heard[0][2] != heard[1][2]
    assert first.prompt.source != sdk.prompt("hello").prompt.source
    end()
    end()


def test_a_choice_costs_next_to_nothing(server: FakeVariorum, sdk: Client) -> None:
    """With a rule that looks at the context, no more of this thread's time than twice writing that context as JSON and
    reading it again; benchmarks/client.py has the figures."""
    context = {"targetingKey": "u", "plan": "pro"}

    def seconds(work: Callable[[], object]) -> float:
        best = 1.0
        for _ in range(20):
            began = time.thread_time()
            for _ in range(3_000):
                work()
            best = min(best, time.thread_time() - began)
        return best

    sdk.prompt("hello", context)
    choice, json_ = seconds(lambda: sdk.prompt("hello", context)), seconds(lambda: json.loads(json.dumps(context)))
    assert choice < 2 * json_, f"{choice / json_:.2f} times"
