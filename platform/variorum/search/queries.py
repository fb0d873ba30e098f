"""What a project has, searched by name. One query a kind of thing, however much there is of it."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from django.db.models import Case, Model, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from variorum.accounts.handles import Directory
from variorum.accounts.models import Project
from variorum.accounts.queries import members_of
from variorum.datasets.queries import datasets_of
from variorum.deployments.models import Deployment
from variorum.drafts.models import Draft
from variorum.jobs.models import Job
from variorum.repos.tags import tags_of
from variorum.search.files import files_of
from variorum.search.matching import Item, pattern, ranked, words_of

KINDS = ["prompt", "config", "adapter", "suite", "file", "draft", "dataset", "job", "tag", "deployment", "person"]
JOB_PAGES = {"evaluation": "evaluations", "fine_tune": "training"}
MOST = 50  # rows of a kind that are weighed
BIG = 2**31

M = TypeVar("M", bound=Model)


def search(project: Project, typed: str, limit: int) -> list[Item]:
    """What fits best, at most `limit`; with nothing typed what changed last. Six queries, no Git process."""
    words = words_of(typed)
    rows = [*_drafts(project, words), *_datasets(project, words), *_jobs(project, words)]
    rows += [*_deployments(project, words), *_tags(project)]
    if words:
        rows += [*files_of(project), *_people(project)]
    return ranked(rows, words)[:limit]


def _drafts(project: Project, words: Sequence[str]) -> Iterable[Item]:
    fields = ("title", "author_name", "state", "description")
    for row in _fitting(Draft.objects.filter(project=project), words, "-updated_at", *fields, number=True):
        number = str(row.number)
        detail = f"#{number}, {row.state}, by {row.author_name}"
        yield Item("draft", number, row.title, detail, f"drafts/{number}", row.updated_at, row.description)


def _datasets(project: Project, words: Sequence[str]) -> Iterable[Item]:
    rows = datasets_of(project).annotate(touched=Coalesce("changed_at", "created_at"))
    for row in _fitting(rows, words, "-touched", "name", "slug", "description"):
        count = row.rows or 0
        hidden = f"{row.slug} {row.description}"
        yield Item("dataset", row.slug, row.name, f"{count} rows", f"datasets/{row.slug}", row.touched, hidden)


def _jobs(project: Project, words: Sequence[str]) -> Iterable[Item]:
    rows = Job.objects.filter(project=project).defer("spec", "result")
    for row in _fitting(rows, words, "-number", "title", "kind", "state", number=True):
        number, url = str(row.number), f"{JOB_PAGES.get(row.kind, 'jobs')}/{row.number}"
        detail = f"#{number}, {row.kind.replace('_', '-')}, {row.state}"
        yield Item("job", number, row.title, detail, url, row.ended_at or row.created_at, row.kind)


def _deployments(project: Project, words: Sequence[str]) -> Iterable[Item]:
    rows = Deployment.objects.filter(project=project).select_related("environment")
    fields = ("subject", "environment__name", "environment__slug", "commit", "note", "actor_name")
    for row in _fitting(rows, words, "-number", *fields, number=True):
        number, place = str(row.number), row.environment
        detail = f"#{number} to {place.name} by {row.actor_name}"
        hidden = f"{place.slug} {row.commit} {row.note}"
        yield Item("deployment", number, row.subject, detail, f"deployments/{number}", row.created_at, hidden)


def _tags(project: Project) -> Iterable[Item]:
    for tag in tags_of(project):
        hidden = f"{tag.notes} {tag.commit}"
        yield Item("tag", tag.name, tag.name, tag.subject, f"tags#tag-{tag.name}", tag.at, hidden)


def _people(project: Project) -> Iterable[Item]:
    members = list(members_of(project))
    handles = Directory(members)
    for member in members:
        user, handle = member.user, handles.handle(member.user)
        detail = f"@{handle}, {member.role}"
        yield Item("person", str(user.pk), user.name, detail, "settings/members", None, user.email)


def _fitting(rows: QuerySet[M], words: Sequence[str], newest: str, *fields: str, number: bool = False) -> Any:
    """The rows in which every word begins a word of a field; those whose title (the first) begins so come first."""
    for word in words:
        fits = Q()
        for field in fields:
            fits |= Q(**{f"{field}__iregex": pattern(word)})
        if number and word.isascii() and word.isdigit() and int(word) < BIG:
            fits |= Q(number=int(word))
        rows = rows.filter(fits)
    if not words:
        return rows.order_by(newest)[:MOST]
    begins = When(**{f"{fields[0]}__istartswith": words[0]}, then=Value(0))
    return rows.order_by(Case(begins, default=Value(1)), newest)[:MOST]
