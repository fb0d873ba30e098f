"""How calls end that do not end well: each time-out, a web process that is told to end, a database that is away."""

import json
import os
import signal
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import connections

from tests.fakes.openai_server import FakeOpenAI, Fault, Running
from tests.live import Live, free_port
from tests.monitoring.gateway.conftest import chat, log_of
from variorum.inference.models import Provider
from variorum.lib import postgres

P = "/api/v1/projects/support-desk/gateway"
PIECE = b'data: {"choices":[{"index":0,"delta":{"content":"word "}}]}\n\n'
DONE = b"data: [DONE]\n\n"


def last(answer: httpx.Response) -> Any:
    """The data of a stream's last event."""
    return json.loads(answer.text.strip().split("\n\n")[-1].removeprefix("data: "))


def test_each_time_out_has_its_error(ask, acme, api, owner, project) -> None:
    patience = {"retries": 0, "first_byte_seconds": 6, "between_seconds": 2, "total_seconds": 7}
    assert api(owner).patch(P, patience).status_code == 200
    answers = {
        "silent": Fault.slow(60),
        "stops": Fault.raw(PIECE, PIECE, DONE, gap=60),
        "stops-whole": Fault.raw(b'{"choices": ', b"[]}", gap=60, kind="application/json"),
        "drips": Fault.raw(*[PIECE] * 200, DONE, gap=0.3),
    }
    acme.answer = lambda call: answers[call.body["model"]]
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf, socket.socket() as first, socket.socket() as second:
        for one in (first, second):  # they fill the queue, so that nobody else gets a connection
            one.setblocking(False)
            one.connect_ex(deaf.getsockname())
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/v1"
        Provider.objects.create(project=project, slug="deaf", name="Deaf", base_url=url)
        models = ["acme/silent", "acme/stops", "acme/stops-whole", "acme/drips", "deaf/x"]
        streams = {"acme/stops", "acme/drips"}
        with ThreadPoolExecutor(5) as pool:
            found = dict(
                zip(models, pool.map(lambda one: ask(chat(model=one, stream=one in streams)), models), strict=True)
            )
    for model, answer in found.items():
        error = last(answer)["error"]
        assert (set(error), error["code"], error["type"]) == (
            {"message", "type", "param", "code"},
            "timed_out",
            "upstream_error",
        ), model
        assert (answer.status_code, "[DONE]" in answer.text) == (200 if model in streams else 504, False)
        log = log_of(project, answer.headers["x-variorum-log-id"])
        assert (log["failed"], log["metadata"]["ended"]) == (True, "cut" if model in streams else "refused")


def test_a_web_process_that_is_told_to_end_lets_streams_end(acme, token, project, django_db_setup) -> None:
    name = connections["default"].settings_dict["NAME"]
    settings = {"VARIORUM_DRAIN_SECONDS": "8"}
    live = Live(Path(os.environ["VARIORUM_DATA"]), free_port(), os.environ["DATABASE_URL"], settings, database=name)
    try:
        live.start("draining", [sys.executable, "-m", "variorum.processes", "web"])
        health = f"{live.url}/api/v1/health"
        live.wait(lambda: httpx.get(health, timeout=5).status_code == 200, 60, "the web server")
        acme.answer = lambda call: Fault.raw(*[PIECE] * (4 if call.body["model"] == "good" else 10_000), DONE, gap=0.25)
        begun, texts, ids = threading.Barrier(3), {}, {}

        def stream(model: str) -> None:
            headers = {"authorization": f"Bearer {token}"}
            body = chat(model=model, stream=True)
            with httpx.stream("POST", f"{live.url}/v1/chat/completions", json=body, headers=headers, timeout=60) as one:
                ids[model], pieces = one.headers["x-variorum-log-id"], one.iter_bytes()
                text = next(pieces)
                begun.wait(60)
                texts[model] = text + b"".join(pieces)

        with ThreadPoolExecutor(2) as pool:
            calls = [pool.submit(stream, model) for model in ("acme/good", "acme/endless")]
            begun.wait(60)
            process = live.processes["draining"]
            os.killpg(process.pid, signal.SIGTERM)
            for call in calls:
                call.result(90)
        assert texts["acme/good"] == PIECE * 4 + DONE
        assert b"[DONE]" not in texts["acme/endless"]
        assert json.loads(texts["acme/endless"].split(b"data: ")[-1])["error"]["code"] == "shutting_down"
        assert process.wait(60) == 0
        assert log_of(project, ids["acme/good"])["metadata"]["ended"] == "done"
        assert log_of(project, ids["acme/endless"])["metadata"]["ended"] == "cut"
        with pytest.raises(httpx.ConnectError):
            httpx.get(health, timeout=5)
    finally:
        for one in list(live.processes):
            live.kill(one)


@pytest.mark.slow
def test_no_answered_call_loses_its_log_while_the_database_is_away(tmp_path: Path) -> None:
    live = Live(tmp_path, free_port(), postgres.ensure(tmp_path), {})
    with Running(FakeOpenAI()) as fake:
        try:
            live.prepare()
            live.start_web()
            owner = live.person("olga@example.org", "Olga")
            owner.post("/projects", {"name": "Desk", "slug": "desk"})
            owner.post("/projects/desk/providers", {"slug": "up", "name": "Up", "base_url": fake.base_url})
            key = owner.post("/projects/desk/keys", {"name": "app", "scopes": ["gateway"]})["token"]
            fake.script(Fault.raw(*[PIECE] * 8, DONE, gap=0.25))
            headers = {"authorization": f"Bearer {key}"}
            with httpx.Client(base_url=f"{live.url}/v1", headers=headers, timeout=60) as app:
                with app.stream("POST", "/chat/completions", json=chat(model="up/x", stream=True)) as answer:
                    pieces = answer.iter_bytes()
                    text = next(pieces)
                    postgres.stop(tmp_path)
                    text += b"".join(pieces)
                assert text == PIECE * 8 + DONE  # a call that has begun needs no database
                refused = app.post("/chat/completions", json=chat(model="up/x"))
                assert (refused.status_code, refused.json()["error"]["code"]) == (503, "unavailable")
                assert set(refused.json()["error"]) == {"message", "type", "param", "code"}
                postgres.ensure(tmp_path)
                found = "SELECT count(*) FROM logs_log WHERE id = %s"
                id_ = answer.headers["x-variorum-log-id"]
                live.wait(lambda: live.sql(found, id_) == [(1,)], 60, "the log")
                assert app.post("/chat/completions", json=chat(model="up/x")).status_code == 200
        finally:
            postgres.ensure(tmp_path)
            live.stop()
            postgres.stop(tmp_path)
