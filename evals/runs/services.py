"""Writes of suites and evaluations."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from evals.metrics.models import Metric
from evals.metrics.queries import find_metrics
from evals.runs import concluding
from evals.runs.frozen import Subject, check_mapping, fingerprint, guess_mapping, load_subject
from evals.runs.models import EvaluationJob, Suite
from evals.runs.rules import MACRO_F1
from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.datasets.models import DatasetVersion
from variorum.datasets.queries import latest, positions_of
from variorum.datasets.rows import Subset
from variorum.drafts.models import Draft
from variorum.drafts.services import require_check
from variorum.events.services import record
from variorum.jobs.models import Job
from variorum.jobs.services import create_job
from variorum.lib import ids
from variorum.lib.errors import Conflict, Invalid, NotFound
from variorum.repos import queries as repos

AUTO = "auto"
NONE = "none"
LONGEST_PATHS = 400


def create_suite(*, project: Project, actor: Actor, name: str, slug: str = "", **fields: Any) -> Suite:
    """A suite. `fields`: dataset, prompt_path, metrics (slugs), rules, and those of Suite that have a default.

    Raises Conflict for a taken slug, Invalid for rules about other metrics, NotFound for an unknown metric.
    """
    slug = slug or ids.slugify(name, fallback="suite")
    _check(project, fields["metrics"], fields.get("rules") or [])
    try:
        with transaction.atomic():
            suite = Suite.objects.create(project=project, slug=slug, name=name, created_by=actor.user, **fields)
            _guard(suite, actor)
            record(project=project, actor=actor, kind="suite.created", subject=("suite", slug), data={"name": name})
    except IntegrityError:
        text = f"The project has a suite {slug!r} already. Choose another name."
        raise Conflict(text, code="slug_taken", errors=[{"where": "name", "code": "taken", "detail": text}]) from None
    return suite


def change_suite(*, suite: Suite, actor: Actor, seen: int, changes: Mapping[str, Any]) -> Suite:
    """Change a suite; evaluations that were made keep what they froze. Raises Conflict when `seen` is stale."""
    merged = {"metrics": suite.metrics, "rules": suite.rules, **changes}
    _check(suite.project, merged["metrics"], merged["rules"])
    with transaction.atomic():
        found = Suite.objects.filter(pk=suite.pk, version=seen, archived_at=None)
        if not found.update(**{**changes, "version": F("version") + 1}):
            suite.refresh_from_db()
            text = "Somebody changed this suite meanwhile. Look at it and try again."
            raise Conflict(text, code="stale_version", extra={"version": suite.version})
        suite = Suite.objects.select_related("project", "dataset", "pinned").get(pk=suite.pk)
        _guard(suite, actor)
        record(
            project=suite.project, actor=actor, kind="suite.updated", subject=("suite", suite.slug),
            data={"changed": sorted(changes)},
        )  # fmt: skip
    return suite


@transaction.atomic
def archive_suite(*, suite: Suite, actor: Actor) -> None:
    """Take a suite out of use; its evaluations stay, its check is no longer required."""
    if Suite.objects.filter(pk=suite.pk, archived_at=None).update(archived_at=timezone.now(), required=False):
        require_check(project=suite.project, actor=actor, name=suite.check_name, required=False)
        record(project=suite.project, actor=actor, kind="suite.archived", subject=("suite", suite.slug))


@dataclass(frozen=True)
class Plan:
    """Everything that an evaluation of one subject freezes."""

    suite: Suite
    subject: Subject
    version: DatasetVersion
    metrics: list[Metric]
    mapping: dict[str, str]
    fingerprint: str
    row_count: int


def start_evaluation(
    *,
    suite: Suite,
    actor: Actor,
    commit: str | None = None,
    draft: Draft | None = None,
    baseline: EvaluationJob | str = AUTO,
) -> EvaluationJob:
    """Evaluate the suite's prompt at a draft's head, at a commit, or (neither) at main's head, as a job.

    `baseline` is what it is compared with: an evaluation, "none", or "auto": main's, which is started too when there
    is none. The check becomes pending. Raises Invalid for a suite that cannot run there, NotFound, Unprocessable for a
    bad prompt.
    """
    project, main = suite.project, repos.head(suite.project)
    if main is None:
        raise Invalid("The repository is empty; there is no prompt to evaluate.", code="no_commit")
    chosen = draft.head_commit if draft else commit or main
    plan = make_plan(suite, chosen)
    on_main = draft is None and repos.is_ancestor(project, chosen, main)
    with transaction.atomic():
        Suite.objects.select_for_update().get(pk=suite.pk)  # two at once would both start main's
        compared = baseline if isinstance(baseline, EvaluationJob) else None
        if baseline == AUTO and not on_main:
            compared = _mains(plan, main, actor)
        return _create(plan, actor, draft=draft, on_main=on_main, baseline=compared)


def make_plan(suite: Suite, commit: str) -> Plan:
    """What would be frozen. Raises as start_evaluation."""
    version = suite.pinned or latest(suite.dataset)
    if version is None:
        raise Invalid(f"The dataset {suite.dataset.slug} has no version yet. Import rows first.", code="no_rows")
    subject = load_subject(suite.project, commit, suite.prompt_path, model=suite.model)
    columns = version.input_columns
    mapping = {**guess_mapping(subject.prompt, columns), **suite.mapping}
    check_mapping(subject.prompt, columns, mapping)
    row_count = len(positions_of(version, Subset.of(suite.subset)))
    if not row_count:
        raise Invalid("The suite's subset leaves no row. Look at its labels.", code="no_rows")
    metrics = find_metrics(suite.project, suite.metrics)
    name = fingerprint(subject, version, metrics, mapping=mapping, subset=suite.subset)
    return Plan(suite, subject, version, metrics, mapping, name, row_count)


def _mains(plan: Plan, main: str, actor: Actor) -> EvaluationJob | None:
    """An evaluation of the same suite on main as it is now: one that was made, one that runs, or a new one."""
    try:
        theirs = make_plan(plan.suite, main)
    except NotFound:
        return None  # the prompt is new in the draft
    same = EvaluationJob.objects.filter(suite=plan.suite, fingerprint=theirs.fingerprint)
    good = same.exclude(summary={}) | same.filter(job__state__in=[Job.State.QUEUED, Job.State.RUNNING])
    found = good.filter(on_main=True).order_by("-number").first()
    return found or _create(theirs, actor, draft=None, on_main=True, baseline=None)


def _create(
    plan: Plan, actor: Actor, *, draft: Draft | None, on_main: bool, baseline: EvaluationJob | None
) -> EvaluationJob:
    suite, subject = plan.suite, plan.subject
    where = f"draft #{draft.number}" if draft else ("main" if on_main else subject.commit[:10])
    job = create_job(
        project=suite.project,
        kind="evaluation",
        title=f"Evaluate {suite.name} on {where}",
        spec={"suite": suite.slug, "commit": subject.commit},
        actor=actor,
        total=plan.row_count,
    )
    evaluation = EvaluationJob.objects.create(
        job=job,
        project=suite.project,
        number=job.number,
        suite=suite,
        dataset_version=plan.version,
        commit=subject.commit,
        draft=draft,
        on_main=on_main,
        prompt_path=suite.prompt_path,
        model=subject.model,
        adapter={"path": subject.prompt.adapter, "sha256": subject.adapter.sha256} if subject.adapter else None,
        mapping=plan.mapping,
        subset=suite.subset,
        rules=suite.rules,
        row_count=plan.row_count,
        fingerprint=plan.fingerprint,
        baseline=baseline,
    )
    evaluation.metrics.set(plan.metrics)
    _guard(suite, actor, subject)
    concluding.announce(evaluation, "The evaluation waits for a worker.")
    record(
        project=suite.project, actor=actor, kind="evaluation.started", subject=("evaluation", str(job.number)),
        data={"suite": suite.slug, "commit": subject.commit},
    )  # fmt: skip
    return evaluation


def _guard(suite: Suite, actor: Actor, subject: Subject | None = None) -> None:
    """Demand the suite's check for the files that its prompt is made of, or no longer demand it."""
    paths = [suite.prompt_path]
    if subject and subject.prompt.adapter:
        paths.append(subject.prompt.adapter)
    text = "\n".join([*paths, *(subject.partial_paths if subject else ())])
    if suite.required or subject is None:
        path = text if len(text) <= LONGEST_PATHS else ""
        require_check(project=suite.project, actor=actor, name=suite.check_name, path=path, required=suite.required)


def _check(project: Project, metrics: Iterable[str], rules: Iterable[Mapping[str, Any]]) -> None:
    """Raises NotFound for unknown metrics, Invalid for rules about metrics that are not among them."""
    slugs = [metric.slug for metric in find_metrics(project, metrics)]
    for position, rule in enumerate(rules):
        if rule["metric"] not in (*slugs, MACRO_F1):
            text = f"The rule is about {rule['metric']!r}, which is not among the suite's metrics."
            where = f"rules.{position}.metric"
            raise Invalid(text, code="bad_rule", errors=[{"where": where, "code": "bad_rule", "detail": text}])
