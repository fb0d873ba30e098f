"""Datasets over HTTP: who may, what is listed, how many queries."""

import pytest

from variorum.datasets import services

BASE = "/api/v1/projects/support-desk"


@pytest.fixture
def dataset(project, actor):
    found = services.create_dataset(project=project, actor=actor, name="Messages")
    rows = [{"input": {"text": f"m{n}"}, "expected": "ab"[n % 2]} for n in range(300)]
    services.add_version(dataset=found, rows=rows, actor=actor, source={"kind": "test"})
    return found


def addresses(upload):
    version = f"{BASE}/datasets/messages/versions/1"
    return [
        ("get", f"{BASE}/datasets", 200, "viewer"),
        ("post", f"{BASE}/datasets", 201, "editor"),
        ("get", f"{BASE}/datasets/messages", 200, "viewer"),
        ("patch", f"{BASE}/datasets/messages", 200, "editor"),
        ("get", f"{BASE}/datasets/messages/versions", 200, "viewer"),
        ("post", f"{BASE}/datasets/messages/versions", 201, "editor"),
        ("get", version, 200, "viewer"),
        ("get", f"{version}/rows", 200, "viewer"),
        ("get", f"{version}/export", 200, "viewer"),
        ("get", f"{BASE}/uploads/{upload}/preview", 200, "editor"),
        ("post", f"{BASE}/uploads/{upload}/import", 201, "editor"),
        ("delete", f"{BASE}/datasets/messages", 204, "maintainer"),
    ]


@pytest.mark.parametrize("role", ["viewer", "editor", "maintainer", "stranger", None])
def test_roles(dataset, project, actor, member, stranger, api, role):
    upload = services.keep_upload(project=project, actor=actor, filename="a.csv", pieces=[b"a,label\n1,x\n"])
    client = api() if role is None else api(stranger) if role == "stranger" else api(member(role))
    ranks = ["viewer", "editor", "maintainer"]
    body = {"name": "New", "rows": [{"input": {"text": "added"}}]}
    for method, url, good, need in addresses(upload.pk):
        sent = {**body, "name": "Imported"} if url.endswith("/import") else body
        answer = getattr(client, method)(url, sent) if method != "get" else client.get(url)
        if role in ranks:
            want = good if ranks.index(role) >= ranks.index(need) else 403
        else:
            want = 401 if role is None else 404
        assert answer.status_code == want, (method, url, answer.content)


def test_another_projects_upload_is_not_found(project, actor, owner, api, make_user):
    from variorum.accounts.services import create_project

    upload = services.keep_upload(project=project, actor=actor, filename="a.csv", pieces=[b"a\n1\n"])
    create_project(owner=owner, name="Other", slug="other")
    assert api(owner).get(f"/api/v1/projects/other/uploads/{upload.pk}/preview").status_code == 404


def test_rows_page_filter_and_search(dataset, api, owner):
    client, url = api(owner), f"{BASE}/datasets/messages/versions/latest/rows"
    page = client.get(url, {"limit": 100, "offset": 250}).json()
    assert ([r["index"] for r in page["items"]], page["total"], page["next"]) == (list(range(250, 300)), 300, None)
    first = client.get(url, {"limit": 200}).json()
    assert len(client.get(url, {"limit": 200, "cursor": first["next"]}).json()["items"]) == 100
    found = client.get(url, {"label": "a", "q": "M29"}).json()
    assert ([r["input"]["text"] for r in found["items"]], found["total"]) == (
        ["m290", "m292", "m294", "m296", "m298"],
        5,
    )
    assert client.get(url, {"offset": "-1"}).status_code == 400
    assert client.get(url, {"cursor": "bm9wZQ"}).status_code == 400
    assert client.get(url, {"limit": 9999}).status_code == 400


def test_versions_are_found_by_number_and_hash(dataset, api, owner):
    client, url = api(owner), f"{BASE}/datasets/messages/versions"
    shown = client.get(f"{url}/1").json()
    assert client.get(f"{url}/{shown['sha256'][:12]}").json() == shown
    for wrong in ("2", "latestt", "abcdef0123", "99999999999999999999"):
        assert client.get(f"{url}/{wrong}").status_code == 404


def test_adding_rows_makes_a_version(dataset, api, owner):
    client, url = api(owner), f"{BASE}/datasets/messages/versions"
    made = client.post(url, {"rows": [{"input": {"text": "new"}, "expected": "a"}], "base": 1, "note": "by hand"})
    assert (made.status_code, made.json()["parent"], made.json()["row_count"]) == (201, 1, 301)
    stale = client.post(url, {"rows": [{"input": {"text": "newer"}}], "base": 1})
    assert (stale.status_code, stale.json()["code"], stale.json()["latest"]) == (409, "stale_version", 2)
    bad = client.post(url, {"rows": [{"input": {"text": "x"}}, {"text": "no input"}]})
    assert (bad.status_code, bad.json()["errors"][0]["where"]) == (400, "rows[1]")
    assert [v["number"] for v in client.get(url).json()["items"]] == [2, 1]


def test_the_list_takes_a_fixed_number_of_queries(project, actor, owner, api, django_assert_num_queries):
    for n in range(12):
        found = services.create_dataset(project=project, actor=actor, name=f"d{n}")
        services.add_version(dataset=found, rows=[{"input": {"t": n}}], actor=actor, source={})
    client = api(owner)
    client.get(f"{BASE}/datasets")
    with django_assert_num_queries(5):  # session, person, project, membership, datasets
        items = client.get(f"{BASE}/datasets").json()["items"]
    assert (len(items), items[0]["rows"]) == (12, 1)
