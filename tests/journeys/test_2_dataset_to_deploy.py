"""Journey 2: dataset -> fine-tune -> adapter -> evaluation -> deploy. Journey 4: logs -> dataset -> fine-tune from it.

The model is a random Llama of three layers: what is tested is the way, not the figures.
"""

import httpx
import pytest

from tests.variorum.conftest import _write_gguf
from variorum.lib.ids import uuid7

P = "/projects/desk"
PROMPT = """---
model: local/tiny
config:
  temperature: 0
  max_output_tokens: 4
input:
  schema:
    message: string
---
Sort: {{message}}
"""
CSV = "message,label\n" + "".join(
    f"message {n} about {'money' if n % 2 else 'parcels'},{'billing' if n % 2 else 'delivery'}\n" for n in range(24)
)
PARAMS = {"epochs": 1, "top_layers": 2, "rank": 2, "batch_size": 8, "validation": 0.2, "evaluations": 1}


@pytest.fixture(scope="module")
def tiny(live):
    """Our model server with the tiny model; the worker is started again so that it knows the address."""
    folder = live.data / "models" / "tiny"
    folder.mkdir(parents=True, exist_ok=True)
    _write_gguf(folder / "model.gguf")
    live.start_models("tiny")
    for name, start in (("worker", live.start_worker), ("web", live.start_web)):
        live.kill(name)
        start()


def _merge(draft, maintainer, approver):
    address = f"{P}/drafts/{draft}"
    head = maintainer.get(address)["head_commit"]
    approver.post(f"{address}/approvals", {"verdict": "approve", "commit": head}, status=201)
    return maintainer.post(f"{address}/merge", {"expected_head": head})


def test_from_a_dataset_to_a_deployed_adapter_and_back(live, owner, editor, maintainer, tiny):
    upload = editor.request("POST", f"{P}/uploads", files={"file": ("messages.csv", CSV)}, status=201)
    mapping = {"input": ["message"], "expected": "label", "tags": []}
    made = editor.post(f"{P}/uploads/{upload['id']}/import", {"name": "Messages", "mapping": mapping}, status=201)
    assert made["version"]["row_count"] == 24

    draft = editor.post(f"{P}/drafts", {"title": "A prompt", "files": {"prompts/triage.prompt": PROMPT}}, status=201)
    _merge(draft["number"], maintainer, maintainer)
    wanted = {
        "dataset": "messages", "base_model": "tiny", "params": PARAMS, "prompt_path": "prompts/triage.prompt",
        "adapter_name": "triage", "bind_prompt": True,
    }  # fmt: skip
    started = editor.post(f"{P}/fine-tunes", wanted, status=201)
    tuned = live.ended(editor, f"{P}/fine-tunes/{started['number']}", 150)
    points = editor.get(f"{P}/fine-tunes/{started['number']}/points")["items"]
    assert [p["step"] for p in points] == sorted({p["step"] for p in points})
    assert tuned["draft"]

    suite = {
        "name": "Triage", "dataset": "messages", "prompt_path": "prompts/triage.prompt", "metrics": ["exact-match"],
        "rules": [{"kind": "not_worse", "metric": "exact-match", "margin": 0.9}],
    }  # fmt: skip
    maintainer.post(f"{P}/suites", suite, status=201)
    evaluation = editor.post(f"{P}/suites/triage/evaluations", {"draft": tuned["draft"]}, status=201)
    done = live.ended(editor, f"{P}/evaluations/{evaluation['number']}", 150)
    assert done["summary"]["rows"] == 24
    assert done["summary"]["errors"] == 0
    address = f"{P}/drafts/{tuned['draft']}"
    concluded = live.wait(
        lambda: [c for c in editor.get(address)["checks"] if c["state"] != "pending"], 90, "the evaluation's verdict"
    )
    assert [c["name"] for c in concluded] == ["evaluation: triage"]

    merged = _merge(tuned["draft"], maintainer, maintainer)
    staging = f"{P}/environments/staging/deployments"
    maintainer.post(staging, {"commit": merged["merged_commit"], "note": "adapter"}, status=201)
    key = owner.post(f"{P}/keys", {"name": "app 2", "scopes": ["runtime", "logs"]})["token"]
    headers = {"Authorization": f"Bearer {key}"}
    bundle = httpx.get(f"{live.url}/api/v1/runtime/staging/bundle", headers=headers).json()
    assert bundle["prompts"]["triage"]["adapter"]["path"] == "adapters/triage"
    tried = editor.post(
        f"{P}/playground", {"path": "prompts/triage.prompt", "ref": "main", "variables": {"message": "hi"}}
    )
    assert tried["output_tokens"] >= 0

    logs = [
        {
            "id": str(uuid7()), "environment": "staging", "prompt": "triage", "commit": bundle["commit"],
            "input": {"variables": {"message": f"new message {n}"}}, "output": "delivery", "latency_ms": 5,
        }
        for n in range(6)
    ]  # fmt: skip
    assert httpx.post(f"{live.url}/api/v1/logs", json={"logs": logs}, headers=headers).is_success
    corrections = {log["id"]: "billing" for log in logs[:3]}
    body = {
        "logs": [log["id"] for log in logs],
        "dataset": "messages",
        "expected": "output",
        "corrections": corrections,
    }
    collected = editor.post(f"{P}/logs/collect", body, status=201)["version"]
    assert (collected["number"], collected["row_count"], collected["parent"]) == (2, 30, 1)
    assert collected["source"]["logs"] == [log["id"] for log in logs]
    rows = editor.get(f"{P}/datasets/messages/versions/2/rows?tag=from-logs")["items"]
    assert sorted(row["expected"] for row in rows) == ["billing"] * 3 + ["delivery"] * 3

    again = editor.post(f"{P}/fine-tunes", {**wanted, "start_from": "adapters/triage"}, status=201)
    assert again["start_from"]["path"] == "adapters/triage"
    second = live.ended(editor, f"{P}/fine-tunes/{again['number']}", 150)
    assert second["draft"] != tuned["draft"]
    card = editor.get(f"{P}/file?path=adapters/triage/card.yaml&ref=drafts/{second['draft']}")
    assert again["start_from"]["sha256"] in card["text"]
    _lineage(editor, tuned, evaluation, second["draft"])


def _lineage(editor, tuned, evaluation, later):
    """Data -> job -> adapter -> evaluation -> deployment, and the next adapter's parent."""
    address = f"{P}/adapters/lineage?path=adapters/triage"
    found = editor.get(f"{address}&ref=main")
    nodes = {node["id"]: node for node in found["nodes"]}
    judged = f"evaluation-{evaluation['number']}"
    assert {name: (node["column"], node["title"]) for name, node in nodes.items()} == {
        "dataset": (0, "messages v1"),
        "prompt": (0, "triage.prompt"),
        "base": (0, "tiny"),
        "job": (1, f"Fine-tune #{tuned['number']}"),
        "draft": (2, f"Draft #{tuned['draft']}"),
        "adapter": (2, "triage"),
        judged: (3, "Triage"),
        "deployment-1": (4, "Staging"),
    }
    edges = {(edge["tail"], edge["head"]) for edge in found["edges"]}
    inputs = {(name, "job") for name in ("dataset", "prompt", "base")}
    way = {("job", "draft"), ("draft", "adapter"), ("adapter", judged), ("adapter", "deployment-1")}
    assert edges == inputs | way
    states = (nodes["job"]["state"], nodes["draft"]["state"], nodes["deployment-1"]["state"])
    assert states == ("succeeded", "merged", "live")
    assert nodes[judged]["state"] in {"pass", "fail", "inconclusive"}
    next_one = {node["id"] for node in editor.get(f"{address}&ref=drafts/{later}")["nodes"]}
    assert next_one == {"dataset", "prompt", "base", "parent", "job", "draft", "adapter"}
