"""Writes of the rules for approvals: so many, from whom, for which files."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction

from variorum.accounts.access import Actor
from variorum.accounts.models import Membership, Project
from variorum.drafts.models import ApprovalRule
from variorum.drafts.ranges import wrong
from variorum.events.services import record
from variorum.lib.errors import Conflict
from variorum_client.formats import pattern_fault

MOST = 100


def set_rule(
    *,
    project: Project,
    actor: Actor,
    pattern: str,
    count: int,
    role: str = "",
    people: Sequence[int] = (),
    rule: ApprovalRule | None = None,
) -> ApprovalRule:
    """Make or change a rule. Raises Invalid for a pattern that is none or for people who are not members, Conflict
    `rule_taken` where the pattern has a rule already.
    """
    if fault := pattern_fault(pattern):
        raise wrong("pattern", fault)
    if not role and not people:
        raise wrong("people", "Say whose approval counts: a role, people, or both.")
    if Membership.objects.filter(project=project, user__in=people).count() < len(set(people)):
        raise wrong("people", "Choose members of this project.")
    if rule is None and ApprovalRule.objects.filter(project=project).count() >= MOST:
        raise Conflict(f"A project has at most {MOST} rules. Use folders.", code="too_many_rules")
    made = rule or ApprovalRule(project=project)
    made.pattern, made.count, made.role = pattern.strip(), count, role
    try:
        with transaction.atomic():
            made.save()
            made.people.set(people)
            _tell(made, actor, "approval_rule.set", {"count": count, "role": role, "people": sorted(people)})
    except IntegrityError:
        raise Conflict(f"There is a rule for {made.pattern} already.", code="rule_taken") from None
    return made


@transaction.atomic
def drop_rule(*, rule: ApprovalRule, actor: Actor) -> None:
    """Ask for these approvals no longer."""
    _tell(rule, actor, "approval_rule.dropped", {})
    rule.delete()


def _tell(rule: ApprovalRule, actor: Actor, kind: str, data: dict[str, object]) -> None:
    record(
        project=rule.project,
        actor=actor,
        kind=kind,
        subject=("approval_rule", str(rule.pk)),
        data={"pattern": rule.pattern, **data},
    )
