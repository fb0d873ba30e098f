"""The model server as a process: OpenAI's API, adapters by name, and a new one loaded without failing anybody."""

import hashlib
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from variorum.inference.catalogue import adapter_name

MESSAGES = [{"role": "user", "content": "the tooth path"}]


@pytest.fixture
def server(tiny_model: Any, tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of a running server whose adapters lie in tmp_path/adapters."""
    command = [sys.executable, "-m", "variorum.inference.serve", "--port", "0", "--model", "tiny"]
    folders = ["--models-dir", tiny_model.models_dir, "--adapters-dir", tmp_path / "adapters", "--context", "1024"]
    process = subprocess.Popen([*command, *map(str, folders)], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    line = process.stderr.readline()
    assert line.startswith("model server: http://127.0.0.1:"), line + process.stderr.read()
    with httpx.Client(base_url=line.split()[2].removesuffix("/v1"), timeout=30) as client:
        yield client
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    process.stderr.close()


@pytest.fixture
def add_adapter(make_adapter: Callable[..., Path], tmp_path: Path) -> Callable[[int], str]:
    """add_adapter(seed) -> the name of an adapter that now lies in the server's folder."""

    def add(seed: int) -> str:
        source = make_adapter(seed)
        name = name_of(source)
        shutil.copytree(source, tmp_path / "adapters" / name)
        return name

    return add


def name_of(folder: Path) -> str:
    weights = hashlib.sha256((folder / "adapter_model.safetensors").read_bytes()).hexdigest()
    return adapter_name(weights, (folder / "adapter_config.json").read_bytes())


def ask(client: httpx.Client, model: object = "tiny", **extra: Any) -> httpx.Response:
    body = {"model": model, "messages": MESSAGES, "max_tokens": 6, "temperature": 0, **extra}
    return client.post("/v1/chat/completions", json=body)


def text(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    answer: str = response.json()["choices"][0]["message"]["content"]
    return answer


def first_logprobs(client: httpx.Client, model: str) -> dict[int, float]:
    answer = ask(client, model, logprobs=True, top_logprobs=20, max_tokens=1, ignore_eos=True).json()
    entries = answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    return {entry["id"]: entry["logprob"] for entry in entries}


def test_health_and_models(server: httpx.Client) -> None:
    assert server.get("/health").json() == {"status": "ok"}
    listed = server.get("/v1/models").json()
    assert listed == {"object": "list", "data": [{"id": "tiny", "object": "model", "owned_by": "variorum"}]}


def test_the_openai_client_is_answered_whole_and_streamed(server: httpx.Client) -> None:
    from openai import OpenAI

    with OpenAI(base_url=f"{server.base_url}/v1", api_key="none") as client:
        whole = client.chat.completions.create(model="tiny", messages=MESSAGES, max_tokens=6, temperature=0)  # type: ignore[arg-type]
        stream = client.chat.completions.create(  # type: ignore[call-overload]
            model="tiny", messages=MESSAGES, max_tokens=6, temperature=0, stream=True
        )
        pieces = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
    assert whole.usage is not None
    assert (whole.model, whole.usage.completion_tokens, whole.choices[0].finish_reason) == ("tiny", 6, "length")
    assert "".join(pieces) == whole.choices[0].message.content != ""


def test_the_openai_client_asks_for_responses_too(server: httpx.Client, add_adapter: Callable[[int], str]) -> None:
    from openai import BadRequestError, NotFoundError, OpenAI

    adapter = f"tiny+{add_adapter(1)}"
    asked: dict[str, Any] = {"input": "the tooth path", "max_output_tokens": 6, "temperature": 0}
    with OpenAI(base_url=f"{server.base_url}/v1", api_key="none", max_retries=0) as client:
        whole = {model: client.responses.create(model=model, **asked) for model in ("tiny", adapter)}
        events = list(client.responses.create(model=adapter, stream=True, **asked))
        with pytest.raises(NotFoundError, match="does not exist"):
            client.responses.create(model="gpt-4o", **asked)
        with pytest.raises(BadRequestError, match="tiny writes text and makes no embeddings"):
            client.embeddings.create(model="tiny", input="hello")
    for model, answer in whole.items():
        assert answer.output_text == text(ask(server, model))
        assert answer.usage is not None
        assert answer.usage.output_tokens == 6
    assert whole["tiny"].output_text != whole[adapter].output_text
    assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == whole[adapter].output_text
    assert events[-1].type == "response.completed"


def test_each_adapter_answers_for_itself_and_the_base_stays_as_it_was(
    server: httpx.Client, add_adapter: Callable[[int], str]
) -> None:
    base = first_logprobs(server, "tiny")
    first, second = add_adapter(1), add_adapter(2)
    one = first_logprobs(server, f"tiny+{first}")
    two = first_logprobs(server, f"tiny+{second}")
    assert one != base != two != one
    assert first_logprobs(server, f"tiny+{first}") == pytest.approx(one, abs=1e-3)
    assert first_logprobs(server, "tiny") == pytest.approx(base, abs=1e-3)
    assert [m["id"] for m in server.get("/v1/models").json()["data"]] == ["tiny", f"tiny+{second}", f"tiny+{first}"]


def test_adapters_come_while_requests_run_and_none_fails(
    server: httpx.Client, add_adapter: Callable[[int], str]
) -> None:
    names = [add_adapter(seed) for seed in range(3)]
    answers: list[int] = []
    stop = threading.Event()

    def keep_asking() -> None:
        with httpx.Client(base_url=server.base_url, timeout=60) as client:
            while not stop.is_set():
                answers.append(ask(client, max_tokens=40).status_code)

    threads = [threading.Thread(target=keep_asking) for _ in range(3)]
    for thread in threads:
        thread.start()
    codes = [ask(server, f"tiny+{name}").status_code for name in names]
    deadline = time.monotonic() + 60
    while len(answers) <= 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    for thread in threads:
        thread.join()
    assert codes == [200] * 3
    assert len(answers) > 3
    assert set(answers) == {200}


@pytest.mark.parametrize(
    ("model", "status", "code"),
    [
        ("gpt-4o", 404, "model_not_found"),
        (None, 404, "model_not_found"),
        ("tiny+", 404, "model_not_found"),
        ("tiny+../../etc", 404, "model_not_found"),
        ("tiny+" + "0" * 64, 404, "model_not_found"),
    ],
)
def test_an_unknown_model_is_a_404(server: httpx.Client, model: object, status: int, code: str) -> None:
    response = ask(server, model)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


def test_an_adapter_that_does_not_fit_is_a_400_and_a_forged_one_a_404(
    server: httpx.Client, make_adapter: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make_adapter(5)
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "IA3"}))
    own = name_of(folder)
    for name in (own, "f" * 64):
        shutil.copytree(folder, tmp_path / "adapters" / name)
    unfit, forged = ask(server, f"tiny+{own}"), ask(server, "tiny+" + "f" * 64)
    assert (unfit.status_code, unfit.json()["error"]["code"]) == (400, "bad_adapter")
    assert (forged.status_code, forged.json()["error"]["code"]) == (404, "model_not_found")
    assert text(ask(server))


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"[1]", 400),
        (b"[" * 100_000, 400),
        (b'{"model": "tiny"}', 400),
        (b'{"model": "tiny", "messages": "x"}', 400),
        (b'{"model": "tiny", "messages": [{"role": "user"}]}', 400),
        (b'{"model": "tiny", "messages": [{"role": "user", "content": "\xff"}]}', 400),
        (b'{"model": "tiny", "messages": [{"role": "user", "content": "x"}], "temperature": "hot"}', 400),
        (b" " * (4 * 1024 * 1024 + 1), 413),
    ],
)
def test_a_bad_request_is_told_so(server: httpx.Client, content: bytes, status: int) -> None:
    response = server.post("/v1/chat/completions", content=content)
    assert response.status_code == status
    assert response.json()["error"]["message"]
    assert server.get("/health").status_code == 200


def test_a_client_that_hangs_up_stops_its_generation(server: httpx.Client) -> None:
    for stream in (True, False):
        with pytest.raises(httpx.ReadTimeout):
            server.post(
                "/v1/chat/completions",
                json={"model": "tiny", "messages": MESSAGES, "max_tokens": 900, "stream": stream, "ignore_eos": True},
                timeout=httpx.Timeout(10, read=0.001),
            )
    began = time.monotonic()
    text(ask(server, max_tokens=1))
    assert time.monotonic() - began < 5


def test_an_unknown_path_is_a_404(server: httpx.Client) -> None:
    assert server.get("/v1/other").status_code == 404
    assert server.post("/v1/completions", json={}).status_code == 404
    assert server.get("/health").status_code == 200
