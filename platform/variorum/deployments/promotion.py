"""Promotion: what is live in one environment goes live in the next."""

from dataclasses import dataclass
from typing import Any

from variorum.accounts.access import Actor
from variorum.accounts.models import User
from variorum.deployments import carrying, gate, queries, services, soaking
from variorum.deployments.carrying import Carried
from variorum.deployments.models import Deployment, Environment
from variorum.lib.errors import Conflict


@dataclass(frozen=True)
class Source:
    """What would be promoted: a deployment that is live in `environment`, and for how many seconds in all."""

    environment: Environment
    deployment: Deployment
    seconds: int


def source_of(target: Environment, source: Environment | None = None) -> Source:
    """What is live in `source` (None: the environment before). Raises Conflict `nothing_before`, `nothing_deployed`."""
    source = source or soaking.previous(target)
    if source is None or source.pk == target.pk:
        raise Conflict(f"No environment comes before {target.name}.", code="nothing_before")
    live = queries.current(source)
    if live is None:
        raise Conflict(f"Nothing is live in {source.name}.", code=queries.NOTHING)
    return Source(source, live, int(soaking.live_for(source, live.commit).total_seconds()))


def preview(target: Environment, source: Source, user: User | None) -> dict[str, Any]:
    """What promoting would change and what stands in its way, with where it comes from and how the rules differ."""
    facts = {
        "origin": source.environment.slug,
        "deployment": source.deployment,
        "seconds_live": source.seconds,
        "rules": carrying.difference(source.environment, target, user),
    }
    return {**queries.preview(target, source.deployment.commit, user), **facts}


def still(source: Source, commit: str | None) -> None:
    """Raises Conflict `stale_deployment` unless what the caller saw live in the source is so still."""
    if commit and commit != source.deployment.commit:
        text = f"Something else is live in {source.environment.name} by now. Look again, then decide."
        raise Conflict(text, code="stale_deployment", extra={"commit": source.deployment.commit})


def promote(
    *,
    target: Environment,
    source: Source,
    actor: Actor,
    note: str = "",
    expected: int | None = services.ANY,
    rules: Carried | None = None,
) -> Deployment:
    """Deploy to `target` what is live in `source`, with `rules` in the same transaction.

    When the commit is live there already, the rules alone are put in force, held up by the same. Raises as
    `services.deploy`, Unprocessable `bad_rules`, Conflict `stale_rules`, `nothing_changed`.
    """
    live = queries.current(target)
    if rules and live and live.commit == source.deployment.commit:
        override = gate.past_freeze(target, live.commit, actor.user)
        gate.no_rollout(target)
        services.check_expected(target, live, expected)
        rules.check(actor.user)
        rules.save(actor, override)
        return live
    if rules:
        rules.check(actor.user)

    def settle(_: Deployment) -> None:
        if rules:
            rules.save(actor)

    from_where = f"Promoted from {source.environment.name} (#{source.deployment.number})."
    words = f"{from_where} {note}".strip()
    return services.deploy(
        environment=target,
        commit=source.deployment.commit,
        actor=actor,
        note=words,
        expected=expected,
        settle=settle,
    )
