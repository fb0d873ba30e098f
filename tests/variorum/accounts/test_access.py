"""Who may do what: owner, roles, stranger, anonymous, keys."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.conftest import PASSWORD
from variorum.accounts import authentication
from variorum.accounts.models import ApiKey
from variorum.events.models import Event

BASE = "/api/v1/projects/support-desk"


def test_sign_in_and_out(owner, api):
    client = api()
    assert client.get("/api/v1/session").status_code == 401
    answer = client.post("/api/v1/session", {"email": "OLGA@example.org", "password": PASSWORD})
    assert (answer.status_code, answer.json()["name"]) == (200, "Olga")
    assert client.get("/api/v1/session").json()["email"] == "olga@example.org"
    assert client.delete("/api/v1/session").status_code == 204
    assert client.get("/api/v1/session").status_code == 401


def test_wrong_password_and_unknown_person_look_the_same(owner, api):
    wrong = api().post("/api/v1/session", {"email": "olga@example.org", "password": "nope nope nope"})
    unknown = api().post("/api/v1/session", {"email": "nobody@example.org", "password": "nope nope nope"})
    assert wrong.json() == unknown.json()
    assert wrong.status_code == 401
    assert wrong["content-type"] == "application/problem+json"
    assert wrong.json()["code"] == "wrong_password"


def test_guessing_is_slowed_down(owner, api):
    answers = [
        api().post("/api/v1/session", {"email": "guess@example.org", "password": f"guess {n}"}) for n in range(11)
    ]
    assert answers[-1].status_code == 429
    assert int(answers[-1]["retry-after"]) > 0


def test_behind_a_proxy_each_caller_has_its_own_tries(owner, api, settings):
    settings.PROXIES = 1

    def guess(n: int, seen: str) -> int:
        body = {"email": f"p{n}@example.org", "password": "spray it all"}
        return api().post("/api/v1/session", body, HTTP_X_FORWARDED_FOR=seen).status_code

    assert [guess(n, f"10.0.0.{n}, 203.0.113.5") for n in range(11)] == [401] * 10 + [429]
    assert guess(12, "203.0.113.6") == 401


def test_an_own_account_buys_no_more_guesses_at_others(owner, api):
    codes = []
    for n in range(11):
        codes.append(
            api().post("/api/v1/session", {"email": f"p{n}@example.org", "password": "spray it all"}).status_code
        )
        api().post("/api/v1/session", {"email": "olga@example.org", "password": PASSWORD})
    assert codes == [401] * 10 + [429]


@pytest.mark.parametrize("name", ["Olga\nBoss", "\u202eagrO", "a\x1b[31m", "a\u2028b"])
def test_names_are_one_plain_line(project, owner, api, name):
    client = api(owner)
    base = f"/api/v1/projects/{project.slug}"
    answers = [
        client.patch("/api/v1/session", {"name": name}),
        client.patch(base, {"name": name}),
        client.post(f"{base}/keys", {"name": name, "scopes": ["read"]}),
        client.post("/api/v1/projects", {"name": name}),
    ]
    assert [(answer.status_code, answer.json()["errors"][0]["code"]) for answer in answers] == [(400, "not_plain")] * 4
    assert client.patch("/api/v1/session", {"name": "Ольга 🙂 O'Hara-Łuk"}).status_code == 200


def test_csrf_is_needed_in_the_browser(owner):
    from rest_framework.test import APIClient

    client = APIClient(enforce_csrf_checks=True)
    refused = client.post("/api/v1/session", {"email": "olga@example.org", "password": PASSWORD})
    assert refused.status_code == 403
    client.get("/api/v1/session")
    token = client.cookies["csrftoken"].value
    good = client.post("/api/v1/session", {"email": "olga@example.org", "password": PASSWORD}, HTTP_X_CSRFTOKEN=token)
    assert good.status_code == 200
    assert client.post("/api/v1/projects", {"name": "X"}).json()["code"] == "csrf"


def test_a_stranger_sees_no_difference_to_nothing(project, stranger, api):
    hidden = api(stranger).get(BASE)
    nothing = api(stranger).get("/api/v1/projects/nowhere")
    assert hidden.status_code == nothing.status_code == 404
    assert hidden.json()["code"] == nothing.json()["code"] == "not_found"


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("editor", 403), ("maintainer", 403), ("owner", 201)])
def test_only_owners_make_keys(project, member, api, role, status):
    answer = api(member(role)).post(f"{BASE}/keys", {"name": "k", "scopes": ["read"]})
    assert answer.status_code == status


def test_a_key_is_shown_once_and_stored_hashed(project, owner, api):
    made = api(owner).post(f"{BASE}/keys", {"name": "app", "scopes": ["read", "runtime"]}).json()
    assert made["token"].startswith("vk_")
    listed = api(owner).get(f"{BASE}/keys").json()["items"][0]
    assert "token" not in listed
    assert made["token"] not in str(list(ApiKey.objects.values()))
    assert api(key=made["token"]).get(BASE).json()["role"] == "owner"


def test_a_key_is_capped_by_its_scope_and_its_maker(project, owner, make_key, member, api):
    from variorum.accounts.models import Membership

    token = make_key("write")
    assert api(key=token).patch(BASE, {"name": "New"}).status_code == 403
    assert api(key=make_key("runtime")).get(BASE).json()["code"] == "scope_missing"
    member("owner")
    Membership.objects.filter(user=owner).delete()
    assert api(key=token).get(BASE).json()["code"] == "maker_gone"


def test_a_key_is_bound_to_environments(project, owner, api):
    client = api(owner)
    body = {"name": "CI", "scopes": ["read", "runtime"], "environments": ["staging", "dev", "dev"]}
    made = client.post(f"{BASE}/keys", body, format="json").json()
    assert made["environments"] == client.get(f"{BASE}/keys").json()["items"][0]["environments"] == ["dev", "staging"]
    assert Event.objects.get(kind="api_key.created").data["environments"] == ["dev", "staging"]
    bound = api(key=made["token"])
    assert bound.get(f"{BASE}/environments/dev/deployments").status_code == 200
    for door in (f"{BASE}/environments/production/deployments", "/api/v1/runtime/production/bundle"):
        answer = bound.get(door)
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_environment")
    assert "bound to dev, staging" in answer.json()["detail"]
    assert bound.get("/api/v1/runtime/dev/bundle").json()["code"] == "nothing_deployed"


def test_environments_of_a_key_are_slugs(project, owner, api):
    for bad in (["a b"], "dev!", [["dev"]], ["x" * 64], ["dev"] * 21):
        answer = api(owner).post(f"{BASE}/keys", {"name": "k", "scopes": ["read"], "environments": bad}, format="json")
        assert (answer.status_code, answer.json()["errors"][0]["where"][:12]) == (400, "environments")


def test_dead_keys_say_why(project, owner, make_key, api):
    token = make_key("read")
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    assert api(key=token).get(BASE).json()["code"] == "expired_key"
    ApiKey.objects.update(expires_at=None)
    api(owner).delete(f"{BASE}/keys/{ApiKey.objects.get().pk}")
    authentication.hear({"kind": "api_key.revoked"})  # as it is told to every web process
    assert api(key=token).get(BASE).json()["code"] == "revoked_key"
    assert api(key="vk_nonsense").get(BASE).json()["code"] == "unknown_key"


def test_a_key_of_another_project_is_a_stranger(project, make_key, api, owner):
    api(owner).post("/api/v1/projects", {"name": "Other"})
    assert api(key=make_key("admin")).get("/api/v1/projects/other").status_code == 404


def test_the_last_owner_stays(project, owner, api):
    answer = api(owner).patch(f"{BASE}/members/{owner.pk}", {"role": "viewer"})
    assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")
    assert api(owner).delete(f"{BASE}/members/{owner.pk}").status_code == 409


def test_every_write_is_in_the_audit_trail(project, owner, api):
    api(owner).post(
        f"{BASE}/members", {"email": "new@example.org", "role": "editor", "name": "New", "password": "long enough pw"}
    )
    api(owner).patch(BASE, {"description": "Desk"})
    key = api(owner).post(f"{BASE}/keys", {"name": "k", "scopes": ["read"]}).json()
    api(owner).delete(f"{BASE}/keys/{key['id']}")
    kinds = list(Event.objects.order_by("id").values_list("kind", flat=True))
    assert kinds == ["project.created", "member.set", "project.updated", "api_key.created", "api_key.revoked"]
    assert key["token"] not in str(list(Event.objects.values()))


BAD_BODIES = [
    (b"{", "invalid_json"),
    (b'{"name": "\xff"}', "invalid_utf8"),
    (b"[" * 100_000, "too_deep"),
    (b'{"name": NaN}', "invalid_json"),
    (b'{"name": "a\\u0000b"}', "invalid_text"),
    (b'{"name": "\\ud800"}', "invalid_text"),
    (b"[]", "invalid"),
    (b'{"name": ' + b"9" * 5000 + b"}", "invalid_json"),
]


@pytest.mark.parametrize(("body", "code"), BAD_BODIES)
def test_bad_bodies_get_one_clear_problem(owner, api, body, code):
    answer = api(owner).generic("POST", "/api/v1/projects", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer["content-type"] == "application/problem+json"


def test_a_huge_body_is_refused(owner, api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = api(owner).post("/api/v1/projects", {"name": "x" * 2000})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
