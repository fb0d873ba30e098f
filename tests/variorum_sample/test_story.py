"""The sample project: what the README's tour visits is there, and making it again changes nothing."""

import pytest

from evals.metrics.models import Metric
from monitoring.alerts.models import AlertRule
from variorum.drafts.models import Draft
from variorum.drafts.previews import preview
from variorum.repos import git, queries
from variorum.repos.tags import tags_of
from variorum_sample import loading, story, texts


@pytest.mark.django_db(transaction=True)
def test_the_tour_finds_what_it_visits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VARIORUM_SAMPLE_JOBS", "0")
    signed = loading.ensure()
    project = Draft.objects.get(title=story.OPEN_DRAFT).project
    main = queries.resolve(project, git.MAIN)
    standing = {
        draft.title: preview(draft, main).state for draft in Draft.objects.filter(project=project, state="open")
    }
    assert standing == {story.OPEN_DRAFT: "clean", story.CLASH: "conflicts"}
    assert [(tag.name, tag.notes.splitlines()[0]) for tag in tags_of(project)] == [
        (story.TAG, "The first version that went to production.")
    ]
    assert [one.suggestion for one in Draft.objects.get(title=story.OPEN_DRAFT).comments.exclude(suggestion=None)] == [
        "  temperature: 0.3"
    ]
    watched = Metric.objects.get(project=project, slug=AlertRule.objects.get(project=project).metric)
    assert watched.config["labels"] == texts.LABELS  # a request brings no dataset whose labels could be meant
    assert (loading.ensure(), queries.resolve(project, git.MAIN), Draft.objects.count()) == (signed, main, 8)
