"""Providers and model calls against a scripted endpoint: answers, faults, secrets, who may do what."""

import asyncio
import contextlib
import gzip
import threading
import time
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.fakes.openai_server import Fault
from variorum.inference import calls, services, trials
from variorum.inference.models import Provider
from variorum.inference.shapes import AdapterRef, ProviderError
from variorum.inference.targets import resolve

BASE = "/api/v1/projects/support-desk"
KEY = "sk-test-0123456789abcdef"


@pytest.fixture
def provider(project, owner, api, fake_openai):
    fake_openai.api_key = KEY
    body = {
        "slug": "fake",
        "name": "Fake",
        "base_url": fake_openai.base_url,
        "key": KEY,
        "models": [{"id": "fake-model", "input_price": "2", "output_price": "10"}],
    }
    answer = api(owner).post(f"{BASE}/providers", body)
    assert answer.status_code == 201, answer.json()
    assert KEY not in answer.content.decode()
    return Provider.objects.get()


def _call(project, **extra):
    return services.complete(
        project=project, model="fake/fake-model", messages=[{"role": "user", "content": "hi"}], **extra
    )


def test_a_call_carries_settings_and_counts_cost(project, provider, fake_openai):
    fake_openai.answer = "delivery"
    done = _call(project, config={"temperature": 0, "max_output_tokens": 6, "topK": 3})
    sent = fake_openai.calls[-1].body
    assert (sent["temperature"], sent["max_tokens"], sent["top_k"], sent["model"]) == (0, 6, 3, "fake-model")
    assert done.text == "delivery"
    assert done.cost == (2 * Decimal(done.input_tokens) + 10 * Decimal(done.output_tokens)) / 1_000_000


@pytest.mark.parametrize(
    ("fault", "code", "retryable"),
    [
        (Fault.status(500), "unavailable", True),
        (Fault.status(400), "refused", False),
        (Fault.status(404), "unknown_model", False),
        (Fault.rate_limited("7"), "rate_limited", True),
        (Fault.garbage(), "bad_answer", True),
        (Fault.wrong_shape(), "bad_answer", True),
        (Fault.cut(), "unavailable", True),
        (Fault.slow(3), "timed_out", True),
    ],
)
def test_faults_have_codes_and_keep_the_key(project, provider, fake_openai, fault, code, retryable):
    fake_openai.script(fault)
    with pytest.raises(ProviderError) as caught:
        _call(project, timeout=1)
    assert (caught.value.code, caught.value.retryable) == (code, retryable)
    assert KEY not in str(caught.value)
    if code == "rate_limited":
        assert caught.value.retry_after == 7


def test_the_async_call_is_the_same(project, provider, fake_openai):
    fake_openai.answer = "ok"
    target = resolve(project, "fake/fake-model")
    assert KEY not in repr(target)

    async def many():
        async with services.async_client(4) as client:
            calls = [
                services.acomplete(client=client, target=target, messages=[{"role": "user", "content": str(n)}])
                for n in range(8)
            ]
            return await asyncio.gather(*calls)

    assert [done.text for done in asyncio.run(many())] == ["ok"] * 8
    assert fake_openai.peak <= 4


def test_unknown_names_say_what_to_do(project, provider, settings):
    settings.MODEL_SERVER_URL = ""
    for model, code in [
        ("nobody/x", "unknown_provider"),
        ("no-slash", "unknown_provider"),
        ("local/x", "not_configured"),
    ]:
        with pytest.raises(ProviderError) as caught:
            resolve(project, model)
        assert caught.value.code == code
    with pytest.raises(ProviderError) as caught:
        _call(project, adapter=AdapterRef("0" * 64, {}))
    assert caught.value.code == "adapter_unsupported"


def test_private_addresses_need_the_operator(project, provider, settings):
    settings.ALLOW_PRIVATE_HOSTS = []
    with pytest.raises(ProviderError) as caught:
        _call(project)
    assert caught.value.code == "private_address"


def test_a_new_address_needs_the_key_again(project, provider, owner, api):
    address = f"{BASE}/providers/fake"
    moved = api(owner).patch(address, {"base_url": "http://localhost:1/v1"})
    assert (moved.status_code, moved.json()["errors"][0]["where"]) == (400, "key")
    assert api(owner).patch(address, {"name": "Renamed"}).json()["has_key"] is True
    assert api(owner).patch(address, {"key": ""}).json()["has_key"] is False


def test_try_lists_models_or_says_why_not(project, provider, owner, api, fake_openai):
    assert api(owner).post(f"{BASE}/providers/fake/try").json() == {"models": ["fake-model"], "adapters": []}
    api(owner).patch(f"{BASE}/providers/fake", {"key": "wrong"})
    refused = api(owner).post(f"{BASE}/providers/fake/try")
    assert (refused.status_code, refused.json()["code"]) == (502, "refused")


TRIALS = f"{BASE}/provider-trials"


class _Harmful(BaseHTTPRequestHandler):
    """Answers with what one server would do to another: too much, packed, or a drop at a time."""

    def do_GET(self) -> None:
        way = self.path.split("/")[1]
        self.send_response(200)
        if way == "packed":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        with contextlib.suppress(OSError):
            while way != "packed":
                self.wfile.write(b" " * (1 if way == "slow" else 100_000))
                time.sleep(0.05 if way == "slow" else 0)
            self.wfile.write(gzip.compress(b" " * 5_000_000))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.do_GET()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def harmful():
    """Its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Harmful)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("way", "code", "words"),
    [
        ("packed", "bad_answer", "Harmful packed its answer, though it was asked not to."),
        ("endless", "answer_too_large", "Harmful answered with more than 8 MB."),
        ("slow", "timed_out", "Harmful did not answer in time."),
    ],
)
def test_a_model_call_reads_no_more_than_an_answer_may_have(project, harmful, way, code, words):
    Provider.objects.create(project=project, slug="Harmful", name="Harmful", base_url=f"{harmful}/{way}")
    messages = [{"role": "user", "content": "hi"}]

    async def without_threads() -> None:
        async with services.async_client(1) as client:
            await services.acomplete(client=client, target=target, messages=messages, timeout=1.0)

    target = resolve(project, "Harmful/x")
    asks = [
        lambda: services.complete(project=project, model="Harmful/x", messages=messages, timeout=1.0),
        lambda: asyncio.run(without_threads()),
    ]
    for ask in asks:
        with pytest.raises(ProviderError) as refused:
            ask()
        assert (refused.value.code, refused.value.detail) == (code, words)


def test_an_answer_as_large_as_it_may_be_is_read(project, provider, fake_openai, monkeypatch):
    monkeypatch.setattr(calls, "MAX_ANSWER", 500_000)
    fake_openai.answer = "x" * 400_000
    assert _call(project).text == fake_openai.answer
    fake_openai.answer = "x" * 500_000
    with pytest.raises(ProviderError) as refused:
        _call(project)
    assert (refused.value.code, refused.value.retryable) == ("answer_too_large", False)
    fake_openai.answer = "and the next is as ever"
    assert _call(project).text == fake_openai.answer


@pytest.mark.parametrize(
    ("way", "words"), [("packed", "AnswerTooLarge"), ("endless", "AnswerTooLarge"), ("slow", "did not answer in time")]
)
def test_a_harmful_endpoint_takes_little(project, owner, api, monkeypatch, harmful, way, words):
    monkeypatch.setattr(trials, "TRY_S", 1.0)
    answer = api(owner).post(TRIALS, {"base_url": f"{harmful}/{way}"})
    assert answer.status_code == 502
    assert words in answer.json()["detail"]
    assert api(owner).post(TRIALS, {"base_url": "http://127.0.0.1:1", "key": "schl\u00fcssel"}).status_code == 400


@pytest.mark.parametrize(
    ("settings_", "root", "ok", "words"),
    [
        ({}, "", True, "It sees the folder and loads adapters up to rank 16."),
        ({"era": 1}, "", True, "It sees the folder and loads adapters up to rank 16."),
        ({}, "/elsewhere", False, "does not see the adapter's files at /elsewhere/probe: check the folder"),
        ({"era": 1}, "/elsewhere", False, "does not see the adapter's files at /elsewhere/probe: check the folder"),
        ({"runtime": False}, "", False, "start it with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True."),
        ({"enable_lora": False}, "", False, "start it with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True."),
    ],
)
def test_a_vllm_server_is_tried_before_it_is_saved(project, owner, api, fake_vllm, settings_, root, ok, words):
    server = fake_vllm(**settings_)
    body = {"base_url": server.base_url, "driver": "vllm", "adapters_root": root}
    answer = api(owner).post(TRIALS, body).json()
    (said,) = answer["adapters"]
    assert (answer["models"], said["address"], said["ok"]) == (["base"], server.base_url, ok)
    assert words in said["detail"]
    assert (server.loaded, Provider.objects.count()) == ({}, 0)


def test_a_trial_uses_the_kept_key_for_its_own_addresses_alone(
    project, provider, owner, member, stranger, api, fake_openai, fake_vllm
):
    body = {"base_url": fake_openai.base_url, "provider": "fake"}
    assert api(owner).post(TRIALS, body).json() == {"models": ["fake-model"], "adapters": []}
    other = fake_vllm()
    moved = api(owner).post(TRIALS, {**body, "base_url": other.base_url})
    assert (moved.status_code, moved.json()["errors"][0]["where"]) == (400, "key")
    refused = api(owner).post(TRIALS, {**body, "key": "wrong"})
    assert (refused.status_code, refused.json()["code"]) == (502, "refused")
    assert api(owner).post(TRIALS, {"base_url": "ftp://x"}).status_code == 400
    assert api(owner).post(TRIALS, {**body, "provider": "none"}).status_code == 404
    assert api(member("editor")).post(TRIALS, body).status_code == 403
    assert api(stranger).post(TRIALS, body).status_code == 404


def test_roles_and_bad_input(project, provider, owner, member, stranger, api):
    body = {"slug": "two", "name": "Two", "base_url": "https://example.org/v1"}
    assert api(member("editor")).post(f"{BASE}/providers", body).status_code == 403
    assert api(stranger).get(f"{BASE}/providers").status_code == 404
    assert api(member("viewer")).get(f"{BASE}/models").json()["items"][0]["name"] == "fake/fake-model"
    for change in ({"slug": "local"}, {"slug": "Two!"}, {"base_url": "ftp://x"}, {"base_url": "http://u:p@x/"}):
        assert api(owner).post(f"{BASE}/providers", {**body, **change}).status_code == 400
    assert api(owner).post(f"{BASE}/providers", {**body, "slug": "fake"}).json()["code"] == "slug_taken"
    assert api(owner).delete(f"{BASE}/providers/fake").status_code == 204
