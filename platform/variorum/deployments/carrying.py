"""Rules that go along with a promotion: what they would change in the target, and putting them in force there."""

from dataclasses import dataclass
from typing import Any

from variorum.accounts.access import Actor
from variorum.accounts.models import User
from variorum.deployments import rule_faults, rule_services, serving
from variorum.deployments.models import Environment, FreezeOverride, Rollout, RuleSet
from variorum.deployments.services import ANY
from variorum.lib.errors import Conflict

NONE: dict[str, Any] = {"flags": {}}


@dataclass(frozen=True)
class Carried:
    """The rules of an environment that are to be in force in another, in place of those with the number `expected`."""

    rules: RuleSet
    source: Environment
    target: Environment
    expected: int | None

    def check(self, user: User | None) -> None:
        """Look for faults and freeze the commits that they name, before anything is written. Raises Unprocessable."""
        rule_services.fit(self.target, self.rules.document, serving.rule_set(self.target.pk), user)

    def save(self, actor: Actor, override: FreezeOverride | None = None) -> RuleSet:
        """Put them in force in the target. Raises Conflict `stale_rules`, `nothing_changed`."""
        note = f"Carried from {self.source.name} (rules #{self.rules.number})."
        origin = {"carried_from": f"{self.source.slug} #{self.rules.number}"}
        return rule_services.put(
            self.target,
            self.rules.document,
            actor=actor,
            note=note,
            expected=self.expected,
            told=origin,
            override=override,
        )


def carried(*, source: Environment, target: Environment, number: int, expected: int | None = ANY) -> Carried:
    """The rules `number` of the source, which the caller saw. Raises Conflict `stale_rules` when others hold by now."""
    now = serving.rule_set(source.pk)
    if now is None or now.number != number:
        text = f"The rules of {source.name} are others by now. Look again, then decide."
        raise Conflict(text, code="stale_rules", extra={"number": now.number if now else None})
    ours = serving.rule_set(target.pk)
    rule_services.check_expected(ours, expected)
    return Carried(now, source, target, ours.number if ours else None)


def difference(source: Environment, target: Environment, user: User | None) -> dict[str, Any]:
    """What carrying the rules would change in the target, and every fault that keeps them from being in force there.

    `number` null: the source never had rules. `rollout` is one under way in the source: it stays behind.
    """
    theirs, ours = serving.rule_set(source.pk), serving.rule_set(target.pk)
    after, before = (each.document if each else NONE for each in (theirs, ours))
    changes = rule_services.changes(before, after) if theirs else []
    under_way = Rollout.objects.filter(environment=source, state__in=Rollout.UNDER_WAY).values_list("number", flat=True)
    return {
        "number": theirs.number if theirs else None,
        "expected": ours.number if ours else None,
        "changes": changes,
        "before": before,
        "after": after,
        "commits": {
            **rule_faults.subjects(source.project, before),
            **rule_faults.subjects(source.project, after),
        },
        "faults": rule_faults.faults(target, after, before, user) if changes else [],
        "rollout": under_way.first(),
    }
