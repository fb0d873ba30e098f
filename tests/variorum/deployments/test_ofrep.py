"""OFREP with OpenFeature's own clients, by its OpenAPI document, and the lane beside the ordinary view."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import yaml
from openfeature import api as openfeature
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

from variorum.deployments import rule_services, services, serving

ROOT = Path(__file__).resolve().parents[3]
SPEC = ROOT.parent / "shared/suites/ofrep-openapi/service/openapi.yaml"
FLAGS = "/api/v1/runtime/dev/ofrep/v1/evaluate/flags"
FILES = {
    "prompts/support/triage.prompt": b"---\nmodel: openai/gpt-4o\nconfig: {temperature: 0.5}\n---\nSort {{message}}.\n",
    "configs/limits.yaml": b"max_replies: 3\n",
}
USER = {"targetingKey": "user-7", "plan": "pro"}


def _flag(default: Any, variants: dict[str, Any], targeting: Any = None, **extra: Any) -> dict[str, Any]:
    given = {"targeting": targeting} if targeting else {}
    return {"state": "ENABLED", "variants": variants, "defaultVariant": default, **given, **extra}


PRO = {"if": [{"==": [{"var": "plan"}, "pro"]}, "on", None]}
RULES = {
    "greeting": _flag("plain", {"plain": "Hello", "warm": "Good to see you"}),
    "beta": _flag("off", {"on": True, "off": False}, PRO),
    "share": _flag("one", {"one": 1, "half": 0.5}),
    "most": _flag("few", {"few": 3, "many": 30}),
    "colours": _flag("sea", {"sea": {"back": "#024", "front": "#fff"}}),
    "off": _flag("on", {"on": True}, state="DISABLED"),
    "broken": _flag("on", {"on": True}, {"if": [True, {"cat": ["no", "such"]}, None]}),
}


@pytest.fixture
def rules(transactional_db, dev, actor):
    """Puts rules in force in dev."""

    def put(flags: dict[str, Any]) -> None:
        rule_services.save(environment=dev, document={"flags": flags}, actor=actor)

    return put


@pytest.fixture
def live(transactional_db, save, dev, actor, rules):
    """A commit with a prompt and a config live in dev, another that pro's get of the config, and some flags."""
    made = services.deploy(environment=dev, commit=save(files=FILES), actor=actor)
    new = save(files={"configs/limits.yaml": b"max_replies: 9\n"})
    about = {"serves": "commit", "artefact": "configs/limits"}
    pro = _flag("old", {"on": new, "old": "live"}, PRO, metadata=about)
    rules({**RULES, "pro": pro})
    return made, new


@pytest.fixture
def token(transactional_db, make_key):
    return make_key("runtime", environments=["dev"])


@pytest.fixture
def client(web: str, token: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=web, headers={"Authorization": f"Bearer {token}"}, timeout=30) as made:
        yield made


@pytest.fixture
def provider(web: str, token: str) -> Iterator[Any]:
    """OpenFeature's Python client; the address is the server's own: the key says of which environment."""
    openfeature.set_provider(OFREPProvider(web, headers_factory=lambda: {"X-API-Key": token}))
    yield openfeature.get_client()
    openfeature.clear_providers()


def test_the_python_provider_resolves_flags_configs_and_prompts(live, provider):
    made, new = live
    pro, nobody = EvaluationContext("user-7", {"plan": "pro"}), EvaluationContext()
    assert provider.get_boolean_value("beta", False, pro) is True
    assert provider.get_boolean_value("beta", True, nobody) is False
    assert provider.get_float_value("share", 0.25, nobody) == 1.0
    assert provider.get_integer_value("most", 0, nobody) == 3
    assert provider.get_object_value("colours", {}, nobody) == {"back": "#024", "front": "#fff"}
    assert provider.get_string_details("greeting", "", nobody).reason == "STATIC"
    off = provider.get_boolean_details("off", True, nobody)
    assert (off.value, off.reason, off.error_code) == (True, "DISABLED", None)
    assert provider.get_boolean_details("missing", True, nobody).error_code == "FLAG_NOT_FOUND"
    assert provider.get_boolean_details("broken", True, nobody).error_code == "GENERAL"
    limits = provider.get_object_details("configs.limits", {}, pro)
    assert (limits.value, limits.variant, limits.flag_metadata) == ({"max_replies": 9}, "pro/on", {"commit": new})
    assert provider.get_object_details("configs.limits", {}, nobody).variant == made.commit[:10]
    prompt = provider.get_object_value("prompts.support.triage", {}, nobody)
    assert (prompt["commit"], prompt["model"], prompt["config"]) == (made.commit, "openai/gpt-4o", {"temperature": 0.5})
    assert prompt["source"] == FILES["prompts/support/triage.prompt"].decode()


def test_the_javascript_providers_resolve_and_hear_of_a_change(live, web, token, rules):
    command = ["node", "scripts/ofrep.mjs", f"{web}/api/v1/runtime/dev", token, json.dumps(USER)]
    with subprocess.Popen(command, cwd=ROOT / "frontend", stdout=subprocess.PIPE, text=True) as node:
        assert node.stdout
        try:
            server, first, ready = (json.loads(node.stdout.readline()) for _ in range(3))
            assert ready == "ready"
            rules({**RULES, "greeting": _flag("warm", RULES["greeting"]["variants"])})
            then = json.loads(node.stdout.readline())
        finally:
            node.kill()
    new = live[1]
    values = {key: details["value"] for key, details in server.items() if key != "triage"}
    expected = {"greeting": "Hello", "beta": True, "share": 1, "off": True, "missing": True}
    assert values == {**expected, "limits": {"max_replies": 9}}
    assert server["triage"]["value"]["name"] == "support/triage"
    assert (server["missing"]["errorCode"], server["limits"]["variant"]) == ("FLAG_NOT_FOUND", "pro/on")
    assert first["greeting"]["value"] == "Hello"
    assert (first["limits"]["value"], first["limits"]["flagMetadata"]["commit"]) == ({"max_replies": 9}, new)
    assert (then["greeting"]["value"], then["limits"]["value"]) == ("Good to see you", {"max_replies": 3})


def test_the_bulk_etag_is_made_of_the_results(live, web, client, dev, actor, rules):
    first = client.post(FLAGS, json={"context": USER})
    tag = {"If-None-Match": first.headers["etag"]}
    again = client.post(FLAGS, json={"context": USER}, headers=tag)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    other = client.post(FLAGS, json={"context": {"targetingKey": "user-8"}}, headers=tag)
    assert (other.status_code, other.headers["etag"] == first.headers["etag"]) == (200, False)
    rules({**RULES, "greeting": _flag("warm", RULES["greeting"]["variants"])})
    etag = serving.delivery(dev).hash  # this process may not have heard of it yet: the caller says that there is more
    told = client.post(f"{FLAGS}?flagConfigEtag={etag}", json={"context": USER}, headers=tag)
    flags = {flag["key"]: flag for flag in told.json()["flags"]}
    assert flags["greeting"]["value"] == "Good to see you"
    assert told.json()["metadata"]["hash"] == etag
    assert [flag for flag in flags.values() if "errorCode" in flag] == [flags["broken"]]
    (stream,) = told.json()["eventStreams"]
    with httpx.stream("GET", f"{web}{stream['endpoint']['requestUri']}", timeout=30) as answer:
        lines = answer.iter_lines()
        assert answer.headers["access-control-allow-origin"] == "*"
        data = json.loads(next(line for line in lines if line.startswith("data: "))[6:])
        assert data == {"type": "refetchEvaluation", "etag": etag}


def test_lane_and_view_agree(live, client, token, make_key, api):
    wide, narrow = make_key("runtime"), make_key("logs")
    good = json.dumps({"context": USER})
    cases: list[tuple[str, str, dict[str, str], int]] = [
        (f"{FLAGS}/greeting", good, {}, 200),
        (f"{FLAGS}/greeting", "{}", {}, 200),
        (f"{FLAGS}/prompts/support/triage", good, {}, 200),
        ("/ofrep/v1/evaluate/flags/greeting", good, {}, 200),
        (f"{FLAGS}/off", good, {}, 200),
        (f"{FLAGS}/broken", good, {}, 400),
        (f"{FLAGS}/missing", good, {}, 404),
        (f"{FLAGS}/greeting", "{", {}, 400),
        (f"{FLAGS}/greeting", "[]", {}, 400),
        (f"{FLAGS}/greeting", '{"context": []}', {}, 400),
        (f"{FLAGS}/greeting", '{"context": {"targetingKey": 5}}', {}, 400),
        (f"{FLAGS}/greeting", json.dumps({"context": {"x": "y" * 20_000}}), {}, 400),
        (f"{FLAGS}/greeting", '{"context": {"x": ' + "[" * 9 + "]" * 9 + "}}", {}, 400),
        (FLAGS, '{"context": 1}', {}, 400),
        ("/ofrep/v1/evaluate/flags", good, {"Authorization": f"Bearer {wide}"}, 403),
        (FLAGS, good, {"Authorization": f"Bearer {narrow}"}, 403),
        (FLAGS, good, {"Authorization": "Bearer vk_no"}, 401),
        (FLAGS.replace("dev", "staging"), good, {}, 403),
        (FLAGS.replace("dev", "staging"), good, {"Authorization": f"Bearer {wide}"}, 404),
        ("/api/v1/runtime/dev/evaluate", good, {}, 200),
        ("/api/v1/runtime/dev/evaluate", '{"prompts": 5}', {}, 400),
    ]
    for path, body, headers, status in cases:
        given = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **headers}
        plain = {"HTTP_AUTHORIZATION": given["Authorization"]}
        viewed = api().generic("POST", path, body, content_type="application/json", **plain)
        served = client.post(path, content=body, headers=given)
        same = ["content-type", "cache-control", "vary", "access-control-allow-origin", "etag"]
        ours, theirs = ([one.get(name) for name in same] for one in (served.headers, viewed.headers))
        assert (served.status_code, ours, served.json()) == (viewed.status_code, theirs, viewed.json())
        assert served.status_code == status, (path, body)
    viewed = api(key=token).generic("POST", FLAGS, good, content_type="application/json")
    served = client.post(FLAGS, content=good, headers={"Content-Type": "application/json"})
    assert (viewed.json()["flags"], viewed["etag"]) == (served.json()["flags"], served.headers["etag"])
    asked = client.options(FLAGS, headers={"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"})
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, "*")
    assert api().options(FLAGS)["access-control-allow-headers"].startswith("Authorization")


@pytest.fixture(scope="module")
def check() -> Callable[[str, Any], None]:
    """check(name of a schema in OFREP's document, an answer)."""
    if not SPEC.exists():
        pytest.skip("OFREP's OpenAPI document is not beside this checkout (../shared)")
    schemas = yaml.safe_load(SPEC.read_text())["components"]["schemas"]
    # As published, oneOf refuses every number that is an integer, and every value beside the flag that has none.
    either = schemas["evaluationSuccess"]["allOf"][1]
    either["anyOf"] = either.pop("oneOf")
    for name in ("booleanFlag", "stringFlag", "integerFlag", "floatFlag", "objectFlag", "codeDefaultFlag"):
        assert name in schemas
    schemas["bulkEvaluationSuccess"]["properties"]["flags"]["items"]["anyOf"] = schemas["bulkEvaluationSuccess"][
        "properties"
    ]["flags"]["items"].pop("oneOf")

    def fits(name: str, answer: Any) -> None:
        jsonschema.validate(answer, {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}})

    return fits


def test_answers_fit_the_protocols_document(live, client, check):
    for context in ({"context": USER}, {"context": {"targetingKey": "x"}}, {"context": {}}, {}):
        check("bulkEvaluationSuccess", client.post(FLAGS, json=context).json())
        for key in ("greeting", "beta", "share", "off", "configs.limits", "prompts.support.triage"):
            check("serverEvaluationSuccess", client.post(f"{FLAGS}/{key}", json=context).json())


ONE, GOOD, STAGING = f"{FLAGS}/beta", json.dumps({"context": USER}), FLAGS.replace("dev", "staging")
BAD = [
    "{",
    "[]",
    "",
    '{"context": 5}',
    '{"context": {"targetingKey": 5}}',
    json.dumps({"context": {"x": "y" * 17_000}}),
]
REFUSALS: list[tuple[str, str, str, dict[str, str], int, str]] = [
    *[("POST", ONE, body, {}, 400, "evaluationFailure") for body in BAD],
    *[("POST", FLAGS, body, {}, 400, "bulkEvaluationFailure") for body in BAD],
    ("POST", f"{FLAGS}/broken", GOOD, {}, 400, "evaluationFailure"),
    ("POST", f"{FLAGS}/missing", GOOD, {}, 404, "flagNotFound"),
    ("POST", f"{STAGING}/beta", GOOD, {"key": "wide"}, 404, "flagNotFound"),
    ("POST", STAGING, GOOD, {"key": "wide"}, 404, "bulkEvaluationFailure"),
    *[
        (method, path, body, headers, status, "")
        for path in (ONE, FLAGS)
        for method, body, headers, status in (
            ("POST", GOOD, {"key": "vk_nobody"}, 401),
            ("POST", GOOD, {"key": "narrow"}, 403),
            ("GET", "", {}, 405),
            ("POST", f'{{"context": "{"x" * 1_000_001}"}}', {}, 413),
            ("POST", GOOD, {"Content-Type": "text/plain"}, 415),
            ("POST", GOOD, {"Content-Encoding": "gzip"}, 415),
        )
    ],
]


def test_refusals_fit_the_protocols_document_and_are_problems_as_well(live, web, token, make_key, check):
    keys = {"wide": make_key("runtime"), "narrow": make_key("logs")}
    with httpx.Client(base_url=web, timeout=30) as client:
        for method, path, body, extra, status, schema in REFUSALS:
            key = extra.get("key", token)
            headers = {"Content-Type": "application/json", **extra, "Authorization": f"Bearer {keys.get(key, key)}"}
            answer = client.request(method, path, content=body, headers=headers)
            about = (method, path, body[:80], extra, answer.text[:300])
            assert answer.status_code == status, about
            found = answer.json()
            members = ("status", "type", "errorDetails")
            expected = [status, f"urn:variorum:problem:{found['code']}", found["detail"]]
            assert [found[name] for name in members] == expected, about
            assert found.get("key", "") == path.partition("/flags")[2].lstrip("/"), about
            kind = "application/json" if schema else "application/problem+json"
            assert (answer.headers["content-type"], answer.headers["access-control-allow-origin"]) == (kind, "*"), about
            check(schema or "bulkEvaluationFailure", found)


def test_tags_are_compared_as_lists_and_weakly(live, client):
    etag = client.post(FLAGS, json={"context": USER}).headers["etag"]
    headers = [[("If-None-Match", f'"a", W/{etag}')], [("If-None-Match", '"a"'), ("If-None-Match", etag)]]
    for given in [*headers, [("If-None-Match", "*")]]:
        assert client.post(FLAGS, json={"context": USER}, headers=given).status_code == 304
    assert client.post(FLAGS, json={"context": USER}, headers={"If-None-Match": '"a", "b"'}).status_code == 200
