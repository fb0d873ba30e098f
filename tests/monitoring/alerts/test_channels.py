"""Channels: webhooks that really arrive, signed as Standard Webhooks says, and lines in the inbox."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils.dateparse import parse_datetime
from standardwebhooks import Webhook, WebhookVerificationError

from monitoring.alerts import services
from monitoring.alerts.models import Alert, Channel
from variorum.events.models import Delivery, Event, Notice
from variorum.events.services import sweep_outbox

BASE = "/api/v1/projects/support-desk/channels"


@pytest.fixture
def receiver(settings):
    """A webhook receiver on loopback, which the operator allows; .answers is what it says next, .got what came."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            self.server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    server.got, server.answers = [], []
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def hook(project, actor, receiver):
    """A webhook channel and its secret."""
    return services.create_channel(project=project, actor=actor, kind="webhook", name="Pager", address=receiver.url)


def test_firing_and_resolved_arrive_signed_and_once(make_rule, put_logs, tick, hook, receiver, settings):
    channel, secret = hook
    make_rule(name="Errors", channels=[channel], prompt="triage", environment="production")
    put_logs(100, failed=40)
    tick()
    tick()
    sweep_outbox()
    sweep_outbox()
    put_logs(1000)
    tick()
    sweep_outbox()
    bodies = [Webhook(secret).verify(body, headers) for headers, body in receiver.got]
    assert [body["type"] for body in bodies] == ["alert.firing", "alert.resolved"]
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 44).verify(receiver.got[0][1], receiver.got[0][0])
    firing, resolved = bodies
    assert set(firing) == {"type", "timestamp", "data"}
    assert parse_datetime(firing["timestamp"]) == Alert.objects.get().opened_at
    data = firing["data"]
    assert (data["project"], data["alert"], data["state"]) == ("support-desk", 1, "firing")
    assert data["url"] == f"{settings.PUBLIC_URL}/p/support-desk/alerts/1"
    assert data["rule"]["condition"] == "error rate above 10 %"
    assert (data["figures"]["value"], data["figures"]["n"], data["figures"]["threshold"]) == (0.4, 100, 0.1)
    assert (resolved["data"]["resolution"], resolved["data"]["resolved_figures"]["n"]) == ("better", 1100)


def test_a_failing_receiver_is_tried_again(make_rule, put_logs, tick, hook, receiver):
    receiver.answers = [503]
    make_rule(channels=[hook[0]])
    put_logs(100, failed=40)
    tick()
    sweep_outbox()
    assert Delivery.objects.get().state == "waiting"
    Delivery.objects.update(next_at="2020-01-01T00:00Z")
    sweep_outbox()
    assert Delivery.objects.get().state == "delivered"
    assert receiver.got[0][0]["webhook-id"] == receiver.got[1][0]["webhook-id"]


def test_a_disabled_channel_is_told_nothing(make_rule, put_logs, tick, hook, receiver, actor):
    channel, _ = hook
    services.change_channel(channel=channel, actor=actor, version=1, changes={"enabled": False})
    make_rule(channels=[channel])
    put_logs(100, failed=40)
    tick()
    assert (Delivery.objects.count(), Alert.objects.count()) == (0, 1)


def test_the_secret_is_shown_once_and_kept_sealed(project, owner, api, receiver):
    client = api(owner)
    made = client.post(BASE, {"kind": "webhook", "name": "Pager", "address": receiver.url})
    assert made.status_code == 201
    secret = made.json()["secret"]
    assert secret.startswith("whsec_")
    assert secret not in client.get(BASE).content.decode()
    stored = json.dumps([*Channel.objects.values("sealed_secret"), *Event.objects.values("data")])
    assert secret not in stored
    tried = client.post(f"{BASE}/{made.json()['id']}/test")
    assert (tried.status_code, tried.json()["delivery"]["state"]) == (202, "waiting")
    sweep_outbox()
    headers, body = receiver.got[0]
    assert Webhook(secret).verify(body, headers)["type"] == "channel.test"
    sent = client.get(f"{BASE}/{made.json()['id']}/deliveries").json()["items"]
    assert [(d["type"], d["state"], d["attempts"], d["last_status"], d["next_at"]) for d in sent] == [
        ("channel.test", "delivered", 1, 200, None)
    ]
    assert client.get(BASE).json()["items"][0]["last_state"] == "delivered"


def test_private_receivers_are_refused_unless_allowed(project, owner, api, settings):
    settings.ALLOW_PRIVATE_HOSTS = []
    for address in ("http://127.0.0.1:9/hook", "http://10.0.0.8/", "http://169.254.169.254/latest", "http://[::1]/"):
        answer = api(owner).post(BASE, {"kind": "webhook", "name": "Inside", "address": address})
        assert (answer.status_code, answer.json()["code"]) == (400, "private_address"), address
        assert answer.json()["errors"][0]["where"] == "address"
    assert api(owner).post(BASE, {"kind": "webhook", "name": "x", "address": "ftp://x"}).json()["code"] == "invalid_url"
    assert api(owner).post(BASE, {"kind": "inbox", "name": "x", "address": "king"}).json()["code"] == "invalid"
    assert api(owner).post(BASE, {"kind": "pigeon", "name": "x"}).status_code == 400
    assert Channel.objects.count() == 0


def test_the_inbox_tells_the_roles_it_names(project, owner, member, api, make_rule, put_logs, tick):
    made = api(owner).post(BASE, {"kind": "inbox", "name": "Maintainers", "address": "maintainer"}).json()
    assert made["secret"] == ""
    viewer = member("viewer")
    make_rule(name="Errors", channels=[Channel.objects.get(pk=made["id"])], prompt="triage")
    put_logs(100, failed=40)
    tick()
    notice = Notice.objects.get(user=owner)
    assert (notice.title, notice.url) == ("Firing: Errors", "/p/support-desk/alerts/1")
    assert notice.body == (
        "Error rate 40 % (95 % interval 30.9 % to 49.8 %, n = 100); the limit is 10 %. Prompt triage."
    )
    assert Notice.objects.filter(user=viewer).count() == 0
    tried = api(owner).post(f"{BASE}/{made['id']}/test")
    assert (tried.status_code, tried.json()) == (202, {"delivery": None})
    assert Notice.objects.filter(user=owner, title="Test of the channel Maintainers").count() == 1


def test_editing_and_deleting(project, owner, member, stranger, api, hook, receiver):
    channel, _ = hook
    one = f"{BASE}/{channel.pk}"
    client = api(owner)
    assert client.patch(one, {"version": 1, "name": "Phone"}).json()["version"] == 2
    stale = client.patch(one, {"version": 1, "name": "Mine"})
    assert (stale.status_code, stale.json()["code"], stale.json()["current"]["name"]) == (409, "stale_version", "Phone")
    taken = client.post(BASE, {"kind": "inbox", "name": "Phone"})
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
    viewer = api(member("viewer"))
    assert viewer.get(BASE).json()["items"][0]["address"] == "http://127.0.0.1/…"
    assert client.get(BASE).json()["items"][0]["address"] == receiver.url
    assert (viewer.get(f"{one}/deliveries").status_code, viewer.post(f"{one}/test").status_code) == (403, 403)
    assert api(stranger).delete(one).status_code == 404
    client.post(f"{one}/test")
    assert client.delete(one).status_code == 204
    assert [(d.state, d.last_error) for d in Delivery.objects.all()] == [("failed", "The channel was deleted.")]
    assert client.delete(one).status_code == 404
