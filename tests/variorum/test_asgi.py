"""The web process over a real socket: bodies in every size and shape, odd addresses, a clean end."""

import asyncio
import http.client
import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.live import Live, free_port
from variorum.asgi import application
from variorum.lib import asgi

PROJECT = "/api/v1/projects/support-desk"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def client(web, transactional_db, make_key):
    with httpx.Client(base_url=web, headers={"Authorization": f"Bearer {make_key('admin')}"}, timeout=30) as made:
        yield made


def _pieces(size: int):
    for _ in range(size // 65_536):
        yield b"x" * 65_536


def _problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    return answer.status_code, answer.json()["code"]


def _memory(web: str) -> int:
    """Resident bytes of the process that listens there."""
    from pathlib import Path

    port = f":{urlsplit(web).port:04X} "
    inode = next(row.split()[9] for row in Path("/proc/net/tcp").read_text().splitlines() if port in row[:22])
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(f.readlink().name == f"socket:[{inode}]" for f in (process / "fd").iterdir()):
                total += int((process / "statm").read_text().split()[1]) * 4096
        except OSError:
            continue
    return total


def test_nobodys_body_is_not_kept(client, web, make_key):
    big = b'{"logs": [], "x":"' + b"x" * 5_000_000 + b'"}'
    for address in ("/api/v1/logs", "/api/v1/imports", f"{PROJECT}/drafts"):
        for headers in ({}, {"Authorization": "Bearer vk_nobody"}, {"Cookie": "sessionid=nobody"}):
            said = httpx.post(f"{web}{address}", content=big, headers={**JSON, **headers}, timeout=30)
            assert _problem(said)[0] == 401
            said = httpx.post(f"{web}{address}", content=_pieces(5_000_000), headers={**JSON, **headers}, timeout=30)
            assert _problem(said) == (413, "too_large")
    assert _problem(client.post(f"{PROJECT}/drafts", content=big, headers=JSON)) == (400, "invalid")
    key = {"Authorization": f"Bearer {make_key('logs')}"}
    assert _problem(httpx.post(f"{web}/api/v1/logs", content=big, headers={**JSON, **key}, timeout=30))[0] in {400, 422}


def test_fifty_megabytes_are_refused_early_and_never_held(client, web, project):
    before = _memory(web)
    began = time.monotonic()
    said = client.patch(PROJECT, content=b'{"name":"' + b"x" * 50_000_000 + b'"}', headers=JSON)
    assert _problem(said) == (413, "too_large")
    assert _problem(client.post(f"{PROJECT}/drafts", content=_pieces(50_000_000), headers=JSON)) == (413, "too_large")
    assert _problem(client.post("/api/v1/logs", content=_pieces(50_000_000), headers=JSON)) == (413, "too_large")
    assert time.monotonic() - began < 30
    assert _memory(web) - before < 40_000_000
    project.refresh_from_db()
    assert project.name == "Support desk"


def test_the_refusal_comes_before_the_body(web):
    parts = urlsplit(web)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as line:
        line.sendall(b"PATCH /api/v1/projects/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50000000\r\n\r\n")
        assert line.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_a_chunked_body_arrives_whole(client, project):
    answer = client.post(
        f"{PROJECT}/check", content=iter([b'{"path": "configs/a.yaml", ', b'"content": "a: 1"}']), headers=JSON
    )
    assert (answer.status_code, answer.json()["problems"]) == (200, [])


def test_a_large_body_that_is_allowed_arrives_whole(client, project):
    text = "# " + "x" * 3_000_000
    answer = client.post(f"{PROJECT}/check", json={"path": "README.md", "content": text})
    assert answer.status_code in {200, 400, 422}  # larger than a file may be, said by the view itself
    if answer.status_code != 200:
        assert "content" in answer.text


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"name": "caf\xe9"}', 400, "invalid_utf8"),
        (b"[" * 100_000 + b"]" * 100_000, 400, "too_deep"),
        (b'{"name": ', 400, "invalid_json"),
        (b'{"name": "a\\u0000b"}', 400, "invalid_text"),
    ],
)
def test_bad_json_has_one_clear_answer(client, project, body, status, code):
    assert _problem(client.post(f"{PROJECT}/check", content=body, headers=JSON)) == (status, code)


def test_another_kind_of_body_is_refused(client, project):
    assert client.post(f"{PROJECT}/check", content=b"a=1", headers={"Content-Type": "text/plain"}).status_code == 415


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/api/v1/health?q=%00", 400),
        ("/api/v1/%00", 400),
        ("/api/v1/%ff%fe", 404),
        ("/api/v1/nothing", 404),
        ("/api/v1/../v1/health", 404),
    ],
)
def test_odd_addresses_are_problems(web, db, target, status):
    parts = urlsplit(web)
    line = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10)
    line.putrequest("GET", target, skip_host=False)
    line.endheaders()
    answer = line.getresponse()
    assert answer.status == status
    assert json.loads(answer.read())["status"] == status
    line.close()


def test_a_raw_byte_in_the_query_is_no_server_error(web, db):
    parts = urlsplit(web)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as line:
        line.sendall(b"GET /api/v1/health?q=\xe9 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert line.recv(4096).startswith(b"HTTP/1.1 400 ")


def test_headers_cannot_be_forged_with_underscores(web, transactional_db, make_key):
    token = make_key("read")
    answer = httpx.get(
        f"{web}{PROJECT}", headers={"Authorization_": "x", "X_CSRFToken": "y", "Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 200


def test_a_caller_who_leaves_in_the_middle_changes_nothing(web, transactional_db, project, make_key):
    parts = urlsplit(web)
    head = f"PATCH {PROJECT} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {make_key('admin')}\r\n"
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as line:
        line.sendall(f'{head}Content-Type: application/json\r\nContent-Length: 900\r\n\r\n{{"name": "Half"}}'.encode())
    time.sleep(0.3)
    project.refresh_from_db()
    assert project.name == "Support desk"
    assert httpx.get(f"{web}/api/v1/health").status_code == 200


def test_slow_callers_hold_no_thread(web, db):
    parts = urlsplit(web)
    lines = [socket.create_connection((parts.hostname, parts.port), timeout=5) for _ in range(40)]
    for line in lines:
        line.sendall(b"POST /api/v1/logs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{")
    assert httpx.get(f"{web}/api/v1/health", timeout=5).status_code == 200
    for line in lines:
        line.close()


def test_head_has_the_length_and_no_body(client, project):
    got, head = client.get(PROJECT), client.head(PROJECT)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(got.content))


def test_it_ends_at_once_though_a_page_listens(transactional_db, project, make_key, tmp_path):
    import os

    from django.db import connection

    name = connection.settings_dict["NAME"]
    live = Live(tmp_path, free_port(), os.environ["DATABASE_URL"], {}, database=name)
    live.start_web()
    try:
        headers = {"Authorization": f"Bearer {make_key('read')}"}
        with httpx.stream("GET", f"{live.url}{PROJECT}/stream", headers=headers) as answer:
            lines = answer.iter_lines()
            assert next(lines) == "retry: 2000"
            began = time.monotonic()
            live.processes["web"].terminate()
            assert [line for line in lines if line.startswith("data")] == []
        assert live.processes["web"].wait(60) == 0
        assert time.monotonic() - began < 8
    finally:
        live.kill("web")


async def test_who_stops_in_the_middle_of_the_body_is_told_so(monkeypatch):
    monkeypatch.setattr(asgi, "PATIENCE", 0.05)
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-length", b"5"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/api/v1/session", "query_string": b"", "headers": headers}
    await application(scope, receive, send)
    assert (sent[0]["status"], json.loads(sent[1]["body"])["code"]) == (408, "too_slow")
