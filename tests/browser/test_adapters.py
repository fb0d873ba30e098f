"""An adapter's page: its lineage as links, its card, how to load it."""

import hashlib
import json
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.looks import looks_right
from tests.weights import lora
from variorum_client.formats import print_pointer

pytestmark = [pytest.mark.browser, pytest.mark.slow]

P = "/projects/desk"
CONFIG = {"peft_type": "LORA", "r": 8, "target_modules": ["q_proj"], "base_model_name_or_path": "org/model"}
PAGE = "/p/desk/files/adapters/tone/adapter_config.json"


@pytest.fixture(scope="module")
def merged(live: Any, people: Any) -> str:
    """adapters/tone on main, its weights uploaded by Git LFS; the commit."""
    weights = lora()
    oid = hashlib.sha256(weights).hexdigest()
    key = people["owner"].post(f"{P}/keys", {"name": "laptop", "scopes": ["write"]}, status=201)["token"]
    address = f"{live.url}/desk.git/info/lfs/objects/{oid}"
    assert httpx.put(address, content=weights, auth=("me", key)).status_code == 200
    files = {
        "adapters/tone/adapter_model.safetensors": print_pointer(oid, len(weights)).decode(),
        "adapters/tone/adapter_config.json": json.dumps(CONFIG),
        "adapters/tone/card.yaml": "licence: MIT\ndata: {dataset: messages, version: 3}\n",
    }
    draft = people["editor"].post(f"{P}/drafts", {"title": "Bring the tone", "files": files}, status=201)
    address = f"{P}/drafts/{draft['number']}"
    head = {"commit": draft["head_commit"]}
    people["maintainer"].post(f"{address}/approvals", {"verdict": "approve", **head}, status=201)
    merge = people["maintainer"].post(f"{address}/merge", {"expected_head": draft["head_commit"]})
    return str(merge["merged_commit"])


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_it_looks_right(visit: Any, merged: str, width: int, theme: str) -> None:
    page = visit(PAGE, person="viewer", width=width, theme=theme)
    expect(page.get_by_role("region", name="Version").get_by_role("link")).to_contain_text("tone")
    expect(page.get_by_text("Not evaluated yet")).to_be_visible()
    expect(page.get_by_text('PeftModel.from_pretrained(base_model, "desk/tone", revision="main")')).to_be_visible()
    expect(page.get_by_text("messages v3")).to_be_visible()
    expect(page.get_by_text("No environment answers with this adapter.")).to_be_visible()
    expect(page.get_by_text("Merged GGUF")).to_be_visible()
    looks_right(page)


def test_every_node_leads_somewhere(visit: Any, merged: str) -> None:
    page = visit(PAGE)
    node = page.get_by_role("region", name="Made by").get_by_role("link")
    node.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("tone")
    assert "/p/desk/commits/" in page.url
