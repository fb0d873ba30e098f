"""Writes of shadows: start, pause, resume, stop."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max

from evals.metrics.models import Metric
from evals.metrics.queries import find_metrics
from monitoring.shadow import ending
from monitoring.shadow.budget import has_price
from monitoring.shadow.candidates import Candidate, candidate, compiled, differs, is_partial, judge_target
from monitoring.shadow.claiming import lock
from monitoring.shadow.models import Shadow
from monitoring.shadow.queries import live_commit
from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.deployments.models import Environment
from variorum.deployments.services import freeze
from variorum.events.services import record
from variorum.inference.shapes import ProviderError, Target
from variorum.lib.errors import Conflict, Invalid, NotFound
from variorum.repos import queries as repos
from variorum_client.bundle import Bundle

MOST = 3  # at once in one environment


def start_shadow(
    *,
    environment: Environment,
    commit: str,
    actor: Actor,
    metric: str,
    share: float,
    pairs_wanted: int,
    prompts: Sequence[str] = (),
    margin: float = 0.05,
    max_answers: int | None = None,
    max_tokens: int | None = None,
    max_cost: Decimal | None = None,
) -> Shadow:
    """Let a commit answer again a share of what the live commit answers from now on. No prompts: all that it changes.

    The commit need not be on main: nobody is served by it. Raises NotFound, Unprocessable for unsound artefacts,
    Invalid for prompts, a metric or a budget that cannot work, Conflict when nothing or this very commit is live
    (`nothing_live`, `already_live`), or too many run already (`too_many_shadows`).
    """
    project, live = environment.project, live_commit(environment)
    sha = repos.resolve(project, commit)
    if sha == live:
        raise Conflict(f"{sha[:10]} is what is live in {environment.slug}.", code="already_live")
    before = compiled(freeze(environment=environment, commit=live).pk)
    bundle = compiled(freeze(environment=environment, commit=sha).pk)
    names = _names(before, bundle, prompts)
    judge = _metric(project, metric)
    targets = [*_targets(project, bundle, names), *_judges(judge, project)]
    if max_cost is not None:
        _check_prices(targets)
    subject = repos.commit_info(project, sha).subject[:200]
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)  # numbers are counted
        _check_room(environment)
        newest = Shadow.objects.filter(project=project).aggregate(number=Max("number"))["number"] or 0
        shadow = Shadow.objects.create(
            project=project, number=newest + 1, environment=environment, baseline=live, commit=sha, subject=subject,
            prompts=names, share=share, metric=judge, pairs_wanted=pairs_wanted, margin=margin,
            max_answers=max_answers, max_tokens=max_tokens, max_cost=max_cost, **_of(actor),
        )  # fmt: skip
        ending.announce(shadow)
        _tell(shadow, actor, "started", {"prompts": names, "share": share, "metric": judge.slug})
    return shadow


def pause(*, shadow: Shadow, actor: Actor) -> Shadow:
    """Choose and answer nothing for now; calls that are under way end. Raises Conflict unless it runs."""
    return _move(shadow, actor, Shadow.State.RUNNING, Shadow.State.PAUSED)


def resume(*, shadow: Shadow, actor: Actor) -> Shadow:
    """Go on. When its starter may not run it any more, it is from now on that of who resumes it. Raises Conflict."""
    taken = _of(actor) if ending.starter_gone(shadow) else {}
    return _move(shadow, actor, Shadow.State.PAUSED, Shadow.State.RUNNING, **taken)


def stop(*, shadow: Shadow, actor: Actor) -> Shadow:
    """End it for good with the pairs that it has. Raises Conflict when it has ended."""
    if not ending.end(shadow.pk, Shadow.Ended.PERSON, f"{actor.name[:200]} stopped it.", actor):
        raise _elsewhere(shadow)
    shadow.refresh_from_db()
    return shadow


def _of(actor: Actor) -> dict[str, Any]:
    return {"actor_name": actor.name[:220], "user": actor.user, "key": actor.key}


def _move(shadow: Shadow, actor: Actor, before: str, after: str, **taken: Any) -> Shadow:
    with transaction.atomic():
        found = lock(shadow.pk)
        if found.state != before:
            raise _elsewhere(found)
        Shadow.objects.filter(pk=shadow.pk).update(state=after, **taken)
        facts = {"taken_over_from": found.actor_name} if taken else {}
        _tell(shadow, actor, "paused" if after == Shadow.State.PAUSED else "resumed", facts)
    shadow.refresh_from_db()
    return shadow


def _elsewhere(shadow: Shadow) -> Conflict:
    shadow.refresh_from_db(fields=["state"])
    text = f"Shadow #{shadow.number} is {shadow.state}. Look at it and try again."
    return Conflict(text, code="shadow_state", extra={"state": shadow.state})


def _names(live: Bundle, theirs: Bundle, wanted: Sequence[str]) -> list[str]:
    known = {name for name, prompt in theirs.prompts.items() if not is_partial(prompt)}
    if unknown := sorted(set(wanted) - known):
        raise _invalid("prompts", "unknown_prompt", f"{theirs.commit[:10]} has no prompt {unknown[0][:100]!r}.")
    found = sorted(wanted or (name for name in known if name in live.prompts and differs(live, theirs, name)))
    if not found:
        text = (
            f"{theirs.commit[:10]} changes no prompt that is live. Name the prompts that it should answer all the same."
        )
        raise _invalid("prompts", "nothing_changed", text)
    return sorted(set(found))


def _metric(project: Project, slug: str) -> Metric:
    try:
        return find_metrics(project, [slug])[0]
    except NotFound as exc:
        raise _invalid("metric", "unknown", exc.detail) from None


def _targets(project: Project, bundle: Bundle, names: Sequence[str]) -> list[Target]:
    found: list[Candidate] = [candidate(project, bundle, bundle.prompts[name]) for name in names]
    for one in found:
        if one.unready:
            text = f"{one.prompt.name} cannot be answered: {one.unready}"
            raise _invalid("prompts", "unusable_prompt", text)
    return [one.target for one in found if one.target]


def _judges(metric: Metric, project: Project) -> list[Target]:
    try:
        target = judge_target(metric, project)
    except ProviderError as exc:
        raise _invalid("metric", "unusable_judge", f"The judge cannot be asked: {exc.detail}") from None
    return [target] if target else []


def _check_prices(targets: Sequence[Target]) -> None:
    for target in targets:
        if not has_price(target):
            name = f"{target.provider}/{target.model}"
            text = f"The price of {name} is not known. Enter it in Settings, or limit tokens or answers instead."
            raise _invalid("max_cost", "no_price", text)


def _check_room(environment: Environment) -> None:
    open_ones = Shadow.objects.filter(
        environment=environment, state__in=[Shadow.State.RUNNING, Shadow.State.PAUSED]
    ).count()
    if open_ones >= MOST:
        text = f"{open_ones} shadows are under way in {environment.slug}. Stop one first."
        raise Conflict(text, code="too_many_shadows")


def _invalid(where: str, code: str, text: str) -> Invalid:
    return Invalid(text, code=code, errors=[{"where": where, "code": code, "detail": text}])


def _tell(shadow: Shadow, actor: Actor, what: str, data: dict[str, Any]) -> None:
    record(
        project=shadow.project,
        actor=actor,
        kind=f"shadow.{what}",
        subject=("shadow", str(shadow.number)),
        data={"environment": shadow.environment.slug, "commit": shadow.commit, **data},
    )
