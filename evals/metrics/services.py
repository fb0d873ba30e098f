"""Writes of metrics and scores."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from evals.metrics import functions, judging
from evals.metrics.models import Metric, Score
from evals.metrics.queries import find_metric
from evals.metrics.verdicts import Verdict
from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.events.services import record
from variorum.lib import ids
from variorum.lib.errors import Conflict, Forbidden
from variorum.lib.texts import storable

AUTOMATIC = "metric"
TABLE = "metrics_metric"


@dataclass(frozen=True)
class NewScore:
    """One verdict on one subject, to be recorded."""

    subject_kind: str
    subject_id: str
    metric: Metric
    verdict: Verdict
    author: str = AUTOMATIC
    commit: str = ""
    environment: str = ""
    at: datetime | None = None


def put_built_ins(**_: object) -> None:
    """Make the built-in metrics rows; a changed default becomes a new version. Called after every migration."""
    if TABLE not in connection.introspection.table_names():
        return  # migrating backwards
    known = {metric.function: metric for metric in Metric.objects.filter(project=None, current=True)}
    for name in functions.BUILT_IN:
        fields = _code_fields(name, {})
        if name not in known or known[name].config != fields["config"]:
            _new_version(known.get(name), project=None, slug=name.replace("_", "-"), actor=Actor.system(), **fields)
    feedback_metric()


def feedback_metric() -> Metric:
    """The built-in metric of what users say about an output: 0 bad, 1 good."""
    found, _ = Metric.objects.get_or_create(
        project=None,
        slug="user-feedback",
        version=1,
        defaults={
            "kind": Metric.Kind.HUMAN,
            "name": "User feedback",
            "description": "What the users of an app say about an answer, sent by the app.",
            "binary": False,
            "actor_name": Actor.system().name,
        },
    )
    return found


def create_metric(
    *,
    project: Project,
    actor: Actor,
    name: str,
    kind: str,
    function: str = "",
    config: Mapping[str, Any],
    slug: str = "",
    description: str = "",
) -> Metric:
    """A metric of the project's own, version 1. Raises Invalid for a bad config, Conflict for a taken slug."""
    slug = slug or ids.slugify(name, fallback="metric")
    fields = definition(kind, function, config)
    if Metric.objects.filter(project=None, slug=slug).exists():
        raise _taken(slug)
    try:
        with transaction.atomic():
            return _new_version(None, project=project, slug=slug, actor=actor, **{
                **fields, "name": name, "description": description or fields["description"],
            })  # fmt: skip
    except IntegrityError:
        raise _taken(slug) from None


def change_metric(*, metric: Metric, actor: Actor, seen: int, changes: Mapping[str, Any]) -> Metric:
    """Change a metric of the project's own; another function or config makes a new version.

    Raises Conflict when `seen` is not the newest version, Forbidden for a built-in one, Invalid.
    """
    project = _own(metric)
    fields = definition(metric.kind, changes.get("function", metric.function), changes.get("config", metric.config))
    words = {"name": changes.get("name", metric.name), "description": changes.get("description", metric.description)}
    with transaction.atomic():
        newest = Metric.objects.select_for_update().get(project=project, slug=metric.slug, current=True)
        if newest.version != seen:
            text = f"Somebody made version {newest.version} of {metric.slug} meanwhile. Look at it and try again."
            raise Conflict(text, code="stale_version", extra={"version": newest.version, "config": newest.config})
        if (fields["function"], fields["config"]) != (newest.function, newest.config):
            return _new_version(newest, project=project, slug=metric.slug, actor=actor, **{**fields, **words})
        Metric.objects.filter(pk=newest.pk).update(**words)
        record(project=project, actor=actor, kind="metric.updated", subject=("metric", metric.slug), data=words)
    return find_metric(project, metric.slug)


@transaction.atomic
def archive_metric(*, metric: Metric, actor: Actor) -> None:
    """Take a metric of the project's own out of use; its scores stay. Raises Forbidden for a built-in one."""
    project = _own(metric)
    if Metric.objects.filter(project=project, slug=metric.slug, archived_at=None).update(archived_at=timezone.now()):
        record(project=project, actor=actor, kind="metric.archived", subject=("metric", metric.slug))


def definition(kind: str, function: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Kind, function, complete config, binary and a standard description. Raises Invalid naming what is wrong."""
    if kind == Metric.Kind.CODE:
        return _code_fields(function, config)
    if function:
        raise functions.bad_metric("function", "A judge has no function; describe it in its config.")
    full = functions.complete(judging, config)
    return {
        "kind": kind,
        "function": "",
        "config": full,
        "binary": full["answers"] == "yes_no",
        "name": "Judge",
        "description": judging.ABOUT,
    }


def record_scores(*, project: Project, scores: Iterable[NewScore]) -> int:
    """Write scores in bulk; scoring the same subject with the same metric version again replaces the score."""
    now = timezone.now()
    rows = {(s.subject_kind, s.subject_id, s.metric.pk, s.author): _score(project, s, now) for s in scores}
    written = [
        "value",
        "label",
        "reason",
        "problem",
        "input_tokens",
        "output_tokens",
        "cost",
        "commit",
        "environment",
        "at",
    ]
    Score.objects.bulk_create(
        rows.values(),
        batch_size=500,
        update_conflicts=True,
        unique_fields=["project", "subject_kind", "subject_id", "metric", "author"],
        update_fields=written,
    )
    return len(rows)


def _score(project: Project, new: NewScore, now: datetime) -> Score:
    verdict = new.verdict
    return Score(
        project=project,
        subject_kind=new.subject_kind,
        subject_id=new.subject_id,
        metric=new.metric,
        author=new.author,
        value=verdict.value,
        label=storable(verdict.label)[:300],
        reason=storable(verdict.reason)[:4000],
        problem=verdict.problem,
        input_tokens=verdict.input_tokens,
        output_tokens=verdict.output_tokens,
        cost=verdict.cost,
        commit=new.commit,
        environment=new.environment,
        at=new.at or now,
    )


def _code_fields(name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    module = functions.find(name)
    full = functions.complete(module, config)
    return {
        "kind": Metric.Kind.CODE.value,
        "function": name,
        "config": full,
        "binary": module.BINARY,
        "name": module.NAME,
        "description": module.ABOUT,
    }


@transaction.atomic
def _new_version(before: Metric | None, *, project: Project | None, slug: str, actor: Actor, **fields: Any) -> Metric:
    version = before.version + 1 if before else 1
    if before:
        Metric.objects.filter(pk=before.pk).update(current=False)
    made = Metric.objects.create(
        project=project, slug=slug, version=version, created_by=actor.user, actor_name=actor.name[:220], **fields
    )
    if project:
        kind = "metric.version_added" if before else "metric.created"
        record(project=project, actor=actor, kind=kind, subject=("metric", slug), data={"version": version})
    return made


def _own(metric: Metric) -> Project:
    if metric.project is None:
        raise Forbidden("Built-in metrics stay as they are. Make one of your own with other settings.", code="built_in")
    return metric.project


def _taken(slug: str) -> Conflict:
    text = f"There is a metric {slug!r} already. Choose another name."
    return Conflict(text, code="slug_taken", errors=[{"where": "name", "code": "taken", "detail": text}])
