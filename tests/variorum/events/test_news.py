"""What must be told: audit trail, inbox, signed webhooks with retries."""

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from variorum.events import services
from variorum.events.models import Delivery, Event, Notice

BASE = "/api/v1/projects/support-desk"


@pytest.fixture
def receiver():
    """A webhook receiver on loopback; .answers is what it says next, .got what came."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            self.server.got.append((dict(self.headers), body))
            self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.answers = [], []
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def _deliver(project, receiver, **extra):
    return services.deliver(
        project=project,
        url=receiver.url,
        secret="hush hush",
        payload={"type": "alert.firing"},
        subject=("alert", "1"),
        **extra,
    )


def test_a_message_is_signed_and_sent_once(project, receiver):
    _deliver(project, receiver, message_id="msg_1")
    _deliver(project, receiver, message_id="msg_1")
    assert services.sweep_outbox() == 1
    assert services.sweep_outbox() == 0
    headers, body = receiver.got[0]
    names = {name.lower(): value for name, value in headers.items()}
    assert Webhook(services.signing_key("hush hush")).verify(body, names) == {"type": "alert.firing"}
    with pytest.raises(WebhookVerificationError):
        Webhook(services.signing_key("other")).verify(body, names)
    assert Delivery.objects.get().state == "delivered"
    assert "hush" not in json.dumps(list(Delivery.objects.values("sealed_secret", "payload")))


def test_a_failing_receiver_is_tried_again_and_then_given_up(project, receiver):
    receiver.answers = [500] * 20
    _deliver(project, receiver)
    for _ in range(20):
        Delivery.objects.update(next_at=timezone.now() - timedelta(seconds=1))
        services.sweep_outbox()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.last_status) == ("failed", 8, 500)
    assert len(receiver.got) == 8


def test_redirects_and_private_addresses_are_not_followed(project, receiver, settings):
    receiver.answers = [302]
    _deliver(project, receiver)
    services.sweep_outbox()
    assert Delivery.objects.get().state == "waiting"
    settings.ALLOW_PRIVATE_HOSTS = []
    Delivery.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    services.sweep_outbox()
    assert "private address" in Delivery.objects.get().last_error
    assert len(receiver.got) == 1


def test_the_audit_page_filters_and_pages(project, owner, actor, api, member):
    for number in range(5):
        services.record(project=project, actor=actor, kind="draft.opened", subject=("draft", str(number)))
    client = api(member("viewer"))
    page = client.get(f"{BASE}/events?kind=draft.&limit=3").json()
    rest = client.get(f"{BASE}/events?kind=draft.&cursor={page['next']}").json()
    assert [e["subject_id"] for e in page["items"] + rest["items"]] == ["4", "3", "2", "1", "0"]
    assert page["items"][0]["actor_name"] == owner.name
    assert client.get(f"{BASE}/events?cursor=rubbish").json()["code"] == "invalid"
    assert client.get(f"{BASE}/events?limit=0").json()["errors"][0]["where"] == "limit"


def test_events_go_with_their_transaction(project, actor):
    from django.db import transaction

    before = Event.objects.count()

    def write_and_fail():
        with transaction.atomic():
            services.record(project=project, actor=actor, kind="x.y", subject=("x", "1"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert Event.objects.count() == before


def test_the_inbox_is_one_persons_own(project, owner, member, api):
    editor = member("editor")
    services.notify(project=project, title="All", url="/x")
    services.notify(project=project, title="Maintainers", role="maintainer")
    mine = api(owner).get("/api/v1/inbox").json()
    assert ([n["title"] for n in mine["items"]], mine["unread"]) == (["Maintainers", "All"], 2)
    assert [n["title"] for n in api(editor).get("/api/v1/inbox").json()["items"]] == ["All"]
    api(owner).post("/api/v1/inbox", {"upto": mine["items"][0]["id"]})
    assert api(owner).get("/api/v1/inbox").json()["unread"] == 0
    assert Notice.objects.filter(user=editor, read_at=None).count() == 1
