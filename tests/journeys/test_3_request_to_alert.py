"""Journey 3: request -> log -> score -> dashboard -> alert, over HTTP with real processes."""

import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from standardwebhooks import Webhook

from variorum.lib.ids import uuid7

P = "/projects/desk"


@pytest.fixture(scope="module")
def receiver():
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            self.server.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.got = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def _log(number, *, right, started_at):
    return {
        "id": str(uuid7()),
        "environment": "production",
        "prompt": "triage",
        "commit": "c" * 40,
        "model": "fake/m",
        "started_at": started_at.isoformat(),
        "latency_ms": 100 + number,
        "input": {"variables": {"message": f"message {number}"}},
        "output": "billing" if right else "delivery",
        "reference": "billing",
        "input_tokens": 10,
        "output_tokens": 2,
        "cost": 0.001,
    }


def test_the_loop_from_a_request_to_an_alert(live, owner, maintainer, receiver):
    receiver.got.clear()  # of the engine before
    key = owner.post(f"{P}/keys", {"name": "logs", "scopes": ["logs"]})["token"]
    maintainer.post(f"{P}/sampling-rules", {"metric": "exact-match", "rate": 1.0, "prompt": "triage"}, status=201)
    channel = maintainer.post(
        f"{P}/channels",
        {"kind": "webhook", "name": "Pager", "address": f"http://127.0.0.1:{receiver.server_port}/hook"},
        status=201,
    )
    maintainer.post(
        f"{P}/alert-rules",
        {
            "name": "Quality fell", "kind": "score", "metric": "exact-match", "threshold": 0.8, "prompt": "triage",
            "window_minutes": 60, "minimum_n": 20, "consecutive": 1, "channels": [channel["id"]],
        },
        status=201,
    )  # fmt: skip

    now = datetime.now(tz=UTC)
    logs = [_log(n, right=n % 4 == 0, started_at=now - timedelta(seconds=60 - n)) for n in range(40)]
    post = httpx.post(f"{live.url}/api/v1/logs", json={"logs": logs}, headers={"Authorization": f"Bearer {key}"})
    assert (post.is_success, post.json()) == (True, {"accepted": 40, "duplicates": 0})
    again = httpx.post(f"{live.url}/api/v1/logs", json={"logs": logs}, headers={"Authorization": f"Bearer {key}"})
    assert again.json() == {"accepted": 0, "duplicates": 40}

    def scored():
        scores = maintainer.get(f"{P}/quality?prompt=triage")["scores"]
        return scores and scores[0]["series"][0]["whole"]["n"] == 40 and scores

    scores = live.wait(scored, 60, "the scores of 40 logs")
    assert scores[0]["series"][0]["whole"]["mean"] == pytest.approx(0.25)
    whole = maintainer.get(f"{P}/quality?prompt=triage")["series"][0]["whole"]
    counted = live.sql("SELECT count(*), count(*) FILTER (WHERE failed), sum(cost) FROM logs_log")[0]
    assert (whole["requests"], whole["errors"], whole["cost"]) == (
        counted[0],
        counted[1],
        pytest.approx(float(counted[2])),
    )

    firing = live.wait(lambda: maintainer.get(f"{P}/alerts?state=firing")["items"], 60, "the alert")
    assert len(firing) == 1
    assert "c" * 40 in str(firing[0])
    live.wait(lambda: receiver.got, 60, "the webhook")
    headers, body = receiver.got[0]
    news = Webhook(channel["secret"]).verify(body, headers)
    assert news["type"] == "alert.firing"
    assert len(maintainer.get(f"{P}/alerts?state=firing")["items"]) == 1

    shown = maintainer.get(f"{P}/logs?score=exact-match&score_below=0.5&limit=100")["items"]
    assert len(shown) == 30


def test_bad_logs_are_refused_whole_and_named(live, owner):
    key = owner.post(f"{P}/keys", {"name": "logs 2", "scopes": ["logs"]})["token"]
    headers = {"Authorization": f"Bearer {key}"}
    before = live.sql("SELECT count(*) FROM logs_log")
    good = _log(1, right=True, started_at=datetime.now(tz=UTC))
    answer = httpx.post(
        f"{live.url}/api/v1/logs", json={"logs": [good, {**good, "latency_ms": "slow"}]}, headers=headers
    )
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["where"] == "logs.1.latency_ms"
    assert live.sql("SELECT count(*) FROM logs_log") == before
    huge = b'{"logs": [' + b" " * 50_000_000 + b"]}"
    too_large = httpx.post(
        f"{live.url}/api/v1/logs", content=huge, headers={**headers, "content-type": "application/json"}
    )
    assert (too_large.status_code, too_large.json()["code"]) == (413, "too_large")
    deep = b"[" * 5000 + b"]" * 5000
    refused = httpx.post(
        f"{live.url}/api/v1/logs", content=deep, headers={**headers, "content-type": "application/json"}
    )
    assert (refused.status_code, refused.json()["code"] in {"too_deep", "invalid_json"}) == (400, True)
