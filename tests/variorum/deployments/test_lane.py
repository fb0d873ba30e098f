"""The fast lane: byte for byte what the ordinary view answers, right within a second, bounded."""

import asyncio
import threading
import time
from concurrent.futures import wait
from datetime import timedelta

import httpx
import pytest
from django.db import connections
from django.utils import timezone

from variorum.accounts.models import ApiKey
from variorum.accounts.services import revoke_api_key
from variorum.deployments import lane as lane_module
from variorum.deployments import services
from variorum.deployments.lane import RuntimeLane
from variorum.deployments.models import Bundle

PATH = "/api/v1/runtime/dev/bundle"


@pytest.fixture
def token(transactional_db, make_key):
    return make_key("runtime")


@pytest.fixture
def live(transactional_db, save, dev, actor):
    """A deployment in dev."""
    return services.deploy(environment=dev, commit=save("1"), actor=actor)


def _key(token: str) -> ApiKey:
    return ApiKey.objects.get(prefix=token[:9])


def _until(condition, seconds: float = 60) -> float:
    """Seconds until it is true."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds
        time.sleep(0.01)
    return time.monotonic() - began


def _same(served: httpx.Response, viewed) -> None:
    """Equal in status, body and headers; the server adds its name and the date, Django a length to an empty 304."""
    ours = {name: value for name, value in served.headers.items() if name not in {"server", "date"}}
    theirs = {name.lower(): value for name, value in viewed.items()}
    if viewed.status_code == 304:
        theirs.pop("content-length")
    theirs.setdefault("content-length", str(len(viewed.content))) if viewed.status_code != 304 else None
    assert (served.status_code, ours) == (viewed.status_code, theirs)
    assert served.content == (b"" if served.request.method == "HEAD" else viewed.content)


def test_lane_and_view_agree_byte_for_byte(web, live, make_key, project, api):
    good, narrow = make_key("runtime", "read"), make_key("logs")
    bound, elsewhere = make_key("runtime", environments=["dev"]), make_key("runtime", environments=["production"])
    expired, revoked = make_key("runtime"), make_key("runtime")
    ApiKey.objects.filter(prefix=expired[:9]).update(expires_at=timezone.now() - timedelta(hours=1))
    ApiKey.objects.filter(prefix=revoked[:9]).update(revoked_at=timezone.now())
    tag = f'"{live.bundle.hash}"'
    cases: list[tuple[str, str, dict[str, str]]] = [
        ("GET", PATH, {}),
        ("HEAD", PATH, {}),
        ("GET", PATH, {"If-None-Match": tag}),
        ("HEAD", PATH, {"If-None-Match": tag}),
        ("GET", PATH, {"If-None-Match": f"W/{tag}"}),
        ("GET", PATH, {"If-None-Match": f'"other", {tag}'}),
        ("GET", PATH, {"If-None-Match": "*"}),
        ("GET", PATH, {"If-None-Match": '"other"'}),
        ("GET", PATH, {"If-None-Match": "nonsense"}),
        ("GET", f"{PATH}?x=1", {}),
        ("GET", "/api/v1/runtime/production/bundle", {}),
        ("GET", "/api/v1/runtime/moon/bundle", {}),
        ("HEAD", "/api/v1/runtime/moon/bundle", {}),
        ("GET", "/api/v1/runtime/%2e%2e/bundle", {}),
        ("GET", "/api/v1/runtime//bundle", {}),
        ("POST", PATH, {}),
        ("OPTIONS", PATH, {}),
        ("GET", PATH, {"Authorization": f"bearer {good}"}),
        ("GET", PATH, {"Authorization": f"Bearer  {good}"}),
        ("GET", PATH, {"Authorization": f"Bearer {good} x"}),
        ("GET", PATH, {"Authorization": "Bearer"}),
        ("GET", PATH, {"Authorization": "Basic abc"}),
        ("GET", PATH, {"Authorization": ""}),
        ("GET", PATH, {"Authorization": f"Bearer vk_{'x' * 5000}"}),
        ("GET", PATH, {"Authorization": "Bearer vk_~"}),
        *[("GET", PATH, {"Authorization": f"Bearer {token}"}) for token in (narrow, expired, revoked, "vk_unknown")],
        ("GET", PATH, {"Authorization": f"Bearer {bound}"}),
        ("GET", "/api/v1/runtime/production/bundle", {"Authorization": f"Bearer {bound}"}),
        ("GET", PATH, {"Authorization": f"Bearer {elsewhere}"}),
    ]
    seen = set()
    with httpx.Client(base_url=web) as client:
        for method, path, extra in cases:
            headers = {"Authorization": f"Bearer {good}", **extra}
            plain = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
            viewed = api().generic(method, path, **plain)
            for _ in range(2):  # looked up, then from memory
                served = client.request(method, path, headers=headers)
                _same(served, viewed)
            seen.add(served.status_code)
    assert seen == {200, 304, 401, 403, 404, 405}


def test_a_deploy_and_a_roll_back_are_served_within_a_second(web, live, token, save, dev, actor):
    with httpx.Client(base_url=web, headers={"Authorization": f"Bearer {token}"}) as client:
        assert client.get(PATH).json()["commit"] == live.commit
        took = []
        for mark in "234":
            made = services.deploy(environment=dev, commit=save(mark), actor=actor)
            took.append(_until(lambda made=made: client.get(PATH).headers["etag"] == f'"{made.bundle.hash}"'))
        services.roll_back(environment=dev, actor=actor, to=live)
        took.append(_until(lambda: client.get(PATH).json()["commit"] == live.commit))
    assert sorted(took)[2] < 1  # one of four may wait for the belt when the machine is busy


def test_a_revoked_key_stops_within_a_second(web, live, make_key, actor):
    took = []
    with httpx.Client(base_url=web) as client:
        for _ in range(3):
            token = make_key("runtime")
            headers = {"Authorization": f"Bearer {token}"}
            assert client.get(PATH, headers=headers).status_code == 200
            revoke_api_key(key=_key(token), actor=actor)
            took.append(_until(lambda headers=headers: client.get(PATH, headers=headers).status_code == 401))
            assert client.get(PATH, headers=headers).json()["code"] == "revoked_key"
    assert sorted(took)[1] < 1


def test_a_key_expires_by_the_clock_alone(web, live, make_key):
    ends = timezone.now() + timedelta(seconds=1.5)
    headers = {"Authorization": f"Bearer {make_key('runtime', expires_at=ends)}"}
    with httpx.Client(base_url=web) as client:
        assert client.get(PATH, headers=headers).status_code == 200
        while timezone.now() < ends:
            time.sleep(0.05)
        answer = client.get(PATH, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "expired_key")


def test_a_first_deploy_ends_the_refusal_at_once(web, token, save, dev, actor):
    with httpx.Client(base_url=web, headers={"Authorization": f"Bearer {token}"}) as client:
        assert client.get(PATH).json()["code"] == "nothing_deployed"
        services.deploy(environment=dev, commit=save("1"), actor=actor)
        assert _until(lambda: client.get(PATH).status_code == 200) < 1.5


class Wire:
    """Calls a lane as a server would, with a view that refuses everything."""

    def __init__(self) -> None:
        self.lane = RuntimeLane(self._view)
        self.loop = asyncio.new_event_loop()
        self.views = 0

    async def _view(self, scope, receive, send):
        self.views += 1
        await send({"type": "http.response.start", "status": 401, "headers": []})
        await send({"type": "http.response.body", "body": b"no", "more_body": False})

    def get(self, token: str) -> int:
        """The status of one request."""
        scope = {"method": "GET", "path": PATH, "headers": [(b"authorization", f"Bearer {token}".encode())]}
        sent = []

        async def send(message):
            sent.append(message)

        self.run(self.lane.serve(scope, None, send))
        return sent[0]["status"]

    def run(self, work):
        """Run a coroutine to its end."""
        return self.loop.run_until_complete(work)

    def close(self) -> None:
        """Close the connections of its threads, so that the test database can be emptied."""
        wait([self.lane._threads.submit(lambda: (time.sleep(0.05), connections.close_all())) for _ in range(4)])
        self.lane._threads.shutdown()
        self.loop.close()


@pytest.fixture
def wire(transactional_db):
    made = Wire()
    yield made
    made.close()


def test_refusals_are_kept_for_a_moment_and_bounded(wire, monkeypatch):
    monkeypatch.setattr(lane_module, "MOST_REFUSALS", 3)
    assert [wire.get("vk_1") for _ in range(3)] == [401, 401, 401]
    assert wire.views == 1
    for number in range(10):
        wire.get(f"vk_{number}")
    assert (len(wire.lane._refusals), len(wire.lane._keys)) == (3, 0)
    wire.lane.hear({"kind": "deployment.created", "project": 1, "subject": {"kind": "deployment", "id": "1"}})
    assert len(wire.lane._refusals) == 0


def test_what_is_kept_is_bounded(wire, live, make_key, monkeypatch):
    monkeypatch.setattr(lane_module, "MOST_KEYS", 1)
    monkeypatch.setattr(lane_module, "MOST_BYTES", 1)
    size = len(bytes(Bundle.objects.get().body))
    for _ in range(3):
        assert wire.get(make_key("runtime")) == 200
        assert (len(wire.lane._keys), len(wire.lane._bundles), wire.lane._bytes) == (1, 1, size)
        wire.lane.doubt()


def test_old_news_is_looked_up_again(wire, live, token, save, dev, actor, monkeypatch):
    assert wire.get(token) == 200
    services.deploy(environment=dev, commit=save("2"), actor=actor)
    (held,) = wire.lane._bundles.values()
    assert (wire.get(token), wire.lane._bundles.popitem()[1].value.ready.etag) == (200, held.value.ready.etag)
    wire.lane._bundles[live.project_id, "dev"] = held
    held.until = time.monotonic() - 1
    assert wire.get(token) == 200
    (now,) = wire.lane._bundles.values()
    assert now.value.ready.etag != held.value.ready.etag


def test_who_waits_for_the_truth_gets_it_though_others_were_given_what_is_older(
    wire, live, token, save, dev, actor, monkeypatch
):
    assert wire.get(token) == 200
    place, made = (live.project_id, "dev"), services.deploy(environment=dev, commit=save("2"), actor=actor)
    go, load = threading.Event(), lane_module._load_answer
    monkeypatch.setattr(lane_module, "_load_answer", lambda *given: load(*given) if go.wait(60) else None)
    wire.lane.doubt()

    async def ask() -> list[str]:
        older = await wire.lane.served(place, patience=0.01)
        waiting = asyncio.ensure_future(wire.lane.served(place, patience=None))
        await asyncio.sleep(0)
        go.set()
        return [one.ready.commit for one in (older, await waiting)]

    assert wire.run(ask()) == [live.commit, made.commit]


def test_uses_are_written_down_in_batches(wire, live, token):
    assert [wire.get(token) for _ in range(5)] == [200] * 5
    assert _key(token).last_used_at is None
    wire.run(wire.lane.flush())
    assert timezone.now() - _key(token).last_used_at < timedelta(seconds=10)
