"""The Python SDK on the cases that every SDK passes; README.md tells their form."""

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from variorum_client import Client, LivePrompt, RenderError
from variorum_client.bundle import AdapterRef, BundleError, bundle_hash
from variorum_client.calls import Call, answer_fields
from variorum_client.chat import request_of
from variorum_client.delivery import Delivery, load_delivery
from variorum_client.formats import FormatError, parse_prompt
from variorum_client.formats.prompt import Prompt
from variorum_client.logs import encoded
from variorum_client.rules import Rules
from variorum_client.sse import EventReader

HERE = Path(__file__).parent


@cache
def read(name: str) -> dict[str, Any]:
    return dict(json.loads((HERE / f"{name}.json").read_text(encoding="utf-8")))


def cases(name: str) -> Any:
    """The cases of a file, told by name in a failure."""
    return pytest.mark.parametrize("case", [pytest.param(one, id=one["name"]) for one in read(name)["cases"]])


def exact(value: Any) -> str:
    """True is not 1, and 3 is 3.0."""
    return json.dumps(value, sort_keys=True, default=str).replace(".0,", ",").replace(".0}", "}")


def test_rules() -> None:
    told = read("rules")
    rules = Rules(told["document"], clock=lambda: told["now"])
    for case in told["cases"]:
        found = rules.decide(case["flag"], case["context"])
        expected = (case["variant"], exact(case["value"]), case["reason"], case["code"])
        assert (found.variant, exact(found.value), found.reason, found.code) == expected, case


def test_deliveries() -> None:
    told = read("deliveries")
    known: dict[str, Delivery] = {name: load_delivery(body.encode()) for name, body in told["documents"].items()}
    for case in told["cases"]:
        delivery = known[case["document"]]
        choice = delivery.choose(case["kind"], case["name"], case["context"])
        assert choice == (case["commit"], case["variant"], case["reason"]), case
        assert (case["name"] in getattr(delivery.bundle(choice.commit), case["kind"])) is case["there"], case


@cases("bundles")
def test_bundles(case: dict[str, Any]) -> None:
    body = case["body"].encode()
    assert _attempt(lambda: bundle_hash(body)) == case["hash"]
    assert (_attempt(lambda: load_delivery(body)) is not None) is case["sound"]


def _attempt(make: Any) -> Any:
    try:
        return make()
    except BundleError:
        return None


def prompt_of(case: dict[str, Any]) -> Prompt:
    return parse_prompt(case["source"], "prompts/hello.prompt", partials=case.get("partials", {}).get)


@cases("prompts")
def test_prompts(case: dict[str, Any]) -> None:
    found: dict[str, Any]
    try:
        found = {"messages": prompt_of(case).messages(case.get("variables"), history=case.get("history", ()))}
    except RenderError as error:
        found = {"error": {"code": error.code, "variable": error.variable}}
    except FormatError as error:
        found = {"refused": error.problems[0].code}
    assert found == {name: case[name] for name in ("messages", "error", "refused") if name in case}


@cases("requests")
def test_requests(case: dict[str, Any]) -> None:
    prompt = prompt_of(case)
    messages = prompt.messages(case.get("variables"), history=case.get("history", ()))
    if "error" in case:
        with pytest.raises(RenderError) as caught:
            request_of(prompt, messages, model=case.get("model"), tools=case.get("tools", ()))
        assert {"code": caught.value.code} == case["error"]
    else:
        assert request_of(prompt, messages, model=case.get("model"), tools=case.get("tools", ())) == case["body"]


@cases("answers")
def test_answers(case: dict[str, Any]) -> None:
    if "chunks" not in case:
        assert answer_fields(case["response"]) == case["fields"]
        return
    logged: dict[str, Any] = {}
    call = Call(handle({"name": "hello", "commit": "a" * 40}), {}, lambda **fields: logged.update(fields) or "id")
    with call:
        assert list(call.chunks(case["chunks"])) == case["chunks"]
    assert {name: logged[name] for name in logged if name not in ("started_at", "latency_ms")} == case["fields"]


def handle(told: dict[str, Any]) -> LivePrompt:
    adapter = AdapterRef(told["adapter"], "0" * 64, 1, "base") if "adapter" in told else None
    source = f"---\nmodel: {told['model']}\n---\nHi" if "model" in told else "Hi"
    prompt = parse_prompt(source, f"prompts/{told['name']}.prompt")
    served = LivePrompt(told["name"], "production", told["commit"], adapter, prompt, told.get("variant", ""))
    return served.given_to(told.get("context"))


@cases("logs")
def test_logs(case: dict[str, Any], tmp_path: Path) -> None:
    fields = {**case["fields"], "started_at": datetime.fromisoformat(case["fields"]["started_at"])}
    prompt = case["prompt"] if isinstance(case["prompt"], str) else handle(case["prompt"])
    with Client("http://127.0.0.1:1", "key", cache_dir=tmp_path) as sdk:
        made: list[Any] = []
        sdk._logs.add = lambda make, lean: made.append(make)  # type: ignore[method-assign, assignment, misc]
        sdk.log(prompt=prompt, **fields)
        body = encoded(made[0])
    assert body is not None
    assert json.loads(body) == case["entry"]


@cases("sse")
def test_sse(case: dict[str, Any]) -> None:
    reader = EventReader()
    found = [event for piece in case["pieces"] for event in reader.feed(piece.encode())]
    assert [{"event": one.event, "data": one.data, "id": one.id} for one in found] == case["events"]
    assert reader.retry == case["retry"]
