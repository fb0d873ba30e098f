"""The database stops: apps go on fetching, nobody gets more than before, and all is well when it is back."""

import time

import httpx
import pytest

from tests.live import Live, free_port
from variorum.lib import postgres

BUNDLE = "/api/v1/runtime/dev/bundle"


@pytest.mark.slow
def test_bundles_are_served_while_the_database_is_away(tmp_path):
    live = Live(tmp_path, free_port(), postgres.ensure(tmp_path), {})
    try:
        live.prepare()
        live.start_web()
        owner = live.person("olga@example.org", "Olga")
        owner.post("/projects", {"name": "Desk", "slug": "desk"})
        dev = "/projects/desk/environments/dev"
        first = owner.post(f"{dev}/deployments", {"commit": "main"})
        keys = [owner.post("/projects/desk/keys", {"name": "app", "scopes": ["runtime"]}) for _ in range(2)]
        good, revoked = ({"Authorization": f"Bearer {key['token']}"} for key in keys)
        with httpx.Client(base_url=live.url, timeout=10) as app:
            fetched = app.get(BUNDLE, headers=good)
            tag = {"If-None-Match": fetched.headers["etag"]}
            assert (fetched.status_code, app.get(BUNDLE, headers=revoked).status_code) == (200, 200)
            owner.request("DELETE", f"/projects/desk/keys/{keys[1]['id']}")
            live.wait(lambda: app.get(BUNDLE, headers=revoked).status_code == 401, 60, "the revocation")

            postgres.stop(tmp_path)
            until = time.monotonic() + 7  # longer than anything is held without a look
            slowest = 0.0
            while time.monotonic() < until:
                began = time.monotonic()
                again, same = app.get(BUNDLE, headers=good), app.get(BUNDLE, headers={**good, **tag})
                slowest = max(slowest, time.monotonic() - began)
                assert (again.content, same.status_code) == (fetched.content, 304)
                time.sleep(0.05)
            assert slowest < 3
            for headers in (revoked, {"Authorization": f"Bearer vk_{43 * 'x'}"}):
                refused = app.get(BUNDLE, headers=headers)
                assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
                assert refused.headers["content-type"] == "application/problem+json"
            assert app.get("/api/v1/health").status_code == 503

            postgres.ensure(tmp_path)
            live.wait(lambda: app.get("/api/v1/health").status_code == 200, 60, "the database")
            assert app.get(BUNDLE, headers=revoked).status_code == 401
            made = owner.post("/projects/desk/environments/dev/rollback", status=409)
            assert made["code"] == "nothing_earlier"
            assert app.get(BUNDLE, headers=good).json()["commit"] == first["commit"]
        owner.client.close()
        web = live.processes["web"]
        web.terminate()
        assert web.wait(60) == 0
        assert live.sql("SELECT last_used_at IS NOT NULL FROM accounts_apikey WHERE id = %s", keys[0]["id"]) == [
            (True,)
        ]
    finally:
        for name in list(live.processes):
            live.kill(name)
        postgres.stop(tmp_path)
