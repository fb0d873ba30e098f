"""`kill -9` of the worker in an evaluation and in a fine-tune: the job ends after the restart, nothing twice."""

import time

import pytest

from tests.journeys.test_2_dataset_to_deploy import CSV, P
from tests.journeys.test_2_dataset_to_deploy import tiny as tiny

pytestmark = pytest.mark.slow
ROWS = 24
PROMPT = "---\nmodel: fake/m\ninput:\n  schema:\n    message: string\n---\nSort: {{message}}\n"


@pytest.fixture
def embedded(request):
    """These kills are about our own processes: one engine tells it."""
    if request.node.callspec.params["live"] != "embedded":
        pytest.skip("killed workers are tested on the embedded engine")


@pytest.fixture
def messages(editor):
    """A dataset of 24 rows; made once."""
    if not editor.get(f"{P}/datasets")["items"]:
        upload = editor.request("POST", f"{P}/uploads", files={"file": ("messages.csv", CSV)}, status=201)
        mapping = {"input": ["message"], "expected": "label", "tags": []}
        editor.post(f"{P}/uploads/{upload['id']}/import", {"name": "Messages", "mapping": mapping}, status=201)


def _kill_and_restart(live):
    live.kill("worker")
    began = time.monotonic()
    live.start_worker()
    return began


def test_an_evaluation_survives(embedded, live, owner, editor, maintainer, messages, fake_openai):
    fake_openai.answer, fake_openai.delay = "billing", 0.4
    maintainer.post(
        f"{P}/providers", {"slug": "fake", "name": "Fake", "base_url": fake_openai.base_url, "models": [{"id": "m"}]}
    )
    draft = editor.post(f"{P}/drafts", {"title": "Slow", "files": {"prompts/slow.prompt": PROMPT}}, status=201)
    suite = {
        "name": "Slow", "dataset": "messages", "prompt_path": "prompts/slow.prompt", "metrics": ["exact-match"],
        "concurrency": 2,
    }  # fmt: skip
    maintainer.post(f"{P}/suites", suite, status=201)
    body = {"draft": draft["number"], "baseline": "none"}
    number = editor.post(f"{P}/suites/slow/evaluations", body, status=201)["number"]
    live.wait(lambda: 4 <= _stored(live) < ROWS, 60, "some results")
    _kill_and_restart(live)
    kept = _stored(live)
    done = live.ended(editor, f"{P}/evaluations/{number}", 60)
    assert (done["state"], done["summary"]["rows"], done["summary"]["errors"]) == ("succeeded", ROWS, 0)
    assert live.sql("SELECT count(*), count(DISTINCT index) FROM runs_result")[0] == (ROWS, ROWS)
    assert len(fake_openai.calls) <= ROWS + 2 * 2 + 8  # what was in flight or not yet stored is asked again, no more
    assert kept >= 4


def _stored(live):
    return live.sql("SELECT count(*) FROM runs_result")[0][0]


def test_a_fine_tune_survives(embedded, live, owner, editor, maintainer, messages, tiny):
    wanted = {
        "dataset": "messages", "base_model": "tiny", "adapter_name": "killed",
        "params": {"epochs": 120, "top_layers": 2, "rank": 2, "batch_size": 4, "validation": 0.2, "evaluations": 2},
    }  # fmt: skip
    number = editor.post(f"{P}/fine-tunes", wanted, status=201)["number"]
    address = f"{P}/fine-tunes/{number}"
    live.wait(lambda: editor.get(address)["done"] >= 20, 90, "twenty steps")
    _kill_and_restart(live)
    done = live.ended(editor, address, 150)
    assert (done["state"], done["attempts"]) == ("succeeded", 2)
    steps = live.sql("SELECT step FROM training_trainingpoint ORDER BY step")
    assert [row[0] for row in steps] == list(range(done["total"] + 1))  # 0: before training
    drafts = editor.get(f"{P}/drafts?state=all")["items"]
    assert len([draft for draft in drafts if "killed" in draft["title"]]) == 1
