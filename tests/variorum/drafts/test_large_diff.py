"""A draft of fifty files opens with a stated number of queries and without a Git process."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.variorum.drafts.conftest import TRIAGE
from tests.variorum.repos.test_comparing_api import no_process

pytestmark = pytest.mark.django_db


def test_fifty_files(team: Any) -> None:
    draft = team.open("eddie", {f"prompts/p{i:02}.prompt": TRIAGE.replace("kind", f"kind {i}") for i in range(50)})
    client = team.client("vera")
    base = f"/api/v1/projects/support-desk/drafts/{draft['number']}"
    with no_process():
        counts = {}
        for name, address in {
            "draft": base,
            "diff": f"{base}/diff?texts=1&comparisons=1",
            "comments": f"{base}/comments",
            "one more file": f"/api/v1/projects/support-desk/comparison"
            f"?base={draft['base_commit']}&head={draft['head_commit']}&path=prompts/p49.prompt",
        }.items():
            with CaptureQueriesContext(connection) as captured:
                answer = client.get(address)
            assert answer.status_code == 200
            counts[name] = len(captured)
    assert (counts["diff"], counts["one more file"]) == (
        5,
        5,
    )  # session, person, project, membership, draft or repository
    assert sum(counts.values()) <= 30
