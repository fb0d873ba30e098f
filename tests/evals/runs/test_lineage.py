"""The lineage of an adapter that was made elsewhere, and who may see it. Journey 2 has that of one made here."""

import json
from datetime import UTC, datetime

import pytest

from tests.weights import lora
from variorum.repos import queries, services
from variorum_client.formats import print_pointer

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/projects/support-desk/adapters/lineage"
CONFIG = {"peft_type": "LORA", "r": 8, "target_modules": ["q_proj"], "base_model_name_or_path": "org/model"}


@pytest.fixture
def adapter(project, actor) -> str:
    """adapters/tone on main, with a card that speaks of a job of another installation; its commit."""
    services.ensure_repository(project)
    pointer = services.store_lfs(project=project, data=lora())
    files = {
        "adapters/tone/adapter_model.safetensors": print_pointer(pointer.oid, pointer.size),
        "adapters/tone/adapter_config.json": json.dumps(CONFIG).encode(),
        "adapters/tone/card.yaml": b"job: 7\nlicence: MIT\n",
    }
    head = queries.head(project)
    return services.commit_files(
        project=project, ref="main", files=files, message="Bring the tone", actor=actor, expected_head=head
    )


def test_an_adapter_from_elsewhere_has_its_author(adapter, owner, api):
    answer = api(owner).get(ADDRESS, {"path": "adapters/tone"}).json()
    sha = queries.resolve(owner.projects.get(), "main")
    page = f"/p/support-desk/commits/{sha}"
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert [(n["id"], n["column"], n["title"], n["detail"], n["url"]) for n in answer["nodes"]] == [
        ("author", 1, "Olga", f"{today}, not trained here", page),
        ("base", 0, "org/model", "base model", "/p/support-desk/settings/models"),
        ("adapter", 2, "tone", answer["nodes"][2]["detail"], page),
    ]
    assert {(e["tail"], e["head"]) for e in answer["edges"]} == {("author", "adapter"), ("base", "adapter")}
    assert answer["earlier"] == {"evaluation": 0, "deployment": 0}


@pytest.mark.parametrize("query", [{"path": "adapters/nothing"}, {"path": "adapters/tone", "ref": "nowhere"}])
def test_what_is_not_there(adapter, owner, api, query):
    assert api(owner).get(ADDRESS, query).status_code == 404


def test_who_may_see_it(adapter, stranger, member, api):
    query = {"path": "adapters/tone"}
    assert api(stranger).get(ADDRESS, query).status_code == 404
    assert api(member("viewer")).get(ADDRESS, query).status_code == 200
    assert api().get(ADDRESS, query).status_code == 401
