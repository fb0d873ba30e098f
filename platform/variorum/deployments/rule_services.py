"""Writes of rules: put a document in force, go back to an earlier one."""

from collections.abc import Mapping
from difflib import SequenceMatcher
from types import MappingProxyType
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from variorum.accounts.access import Actor
from variorum.accounts.models import User
from variorum.deployments import gate, overrides, serving
from variorum.deployments.models import Environment, FreezeOverride, RuleSet
from variorum.deployments.rule_faults import faults
from variorum.deployments.services import ANY, freeze
from variorum.events.services import record
from variorum.lib.errors import Conflict, NotFound, Unprocessable
from variorum_client.delivery import commits_named

Document = Mapping[str, Any]


def history(environment: Environment) -> QuerySet[RuleSet]:
    """Every document of rules that was in force, to be ordered by number."""
    return RuleSet.objects.filter(environment=environment)


def save(
    *, environment: Environment, document: Document, actor: Actor, note: str = "", expected: int | None = ANY
) -> RuleSet:
    """Put a document in force. The commits that it names are frozen first, so that nothing is rendered later.

    `expected` is the number of the rules that the caller saw in force (None: there were none). Raises Unprocessable
    `bad_rules` with every fault and its place, Conflict `stale_rules` with the other's document when somebody was
    faster, `frozen` in a freeze window, and `nothing_changed`.
    """
    override = gate.past_freeze(environment, "", actor.user)
    now = serving.rule_set(environment.pk)
    check_expected(now, expected)
    fit(environment, document, now, actor.user)
    return put(environment, document, actor=actor, note=note, expected=now.number if now else None, override=override)


def fit(environment: Environment, document: Document, now: RuleSet | None, user: User | None) -> None:
    """Look for faults beside the rules in force `now` and freeze the commits that are named.

    Raises Unprocessable `bad_rules` with every fault.
    """
    if found := faults(environment, document, now.document if now else {}, user):
        text = f"{found[0]['where']}: {found[0]['detail']}"
        more = f" ({len(found)} faults in all.)" if len(found) > 1 else ""
        raise Unprocessable(f"The rules were not saved. {text}{more}", code="bad_rules", errors=found)
    for sha in commits_named(document):
        freeze(environment=environment, commit=sha)


def restore(*, environment: Environment, to: int, actor: Actor, note: str = "", expected: int | None = ANY) -> RuleSet:
    """Put an earlier document in force again; as a roll-back it asks for no checks. Raises NotFound, Conflict."""
    target = history(environment).filter(number=to).first()
    if target is None:
        raise NotFound(f"There are no rules #{to} in {environment.slug}.")
    now = serving.rule_set(environment.pk)
    check_expected(now, expected)
    seen = now.number if now else None
    for sha in commits_named(target.document):
        freeze(environment=environment, commit=sha)
    return put(environment, target.document, actor=actor, note=note or f"Back to #{to}", expected=seen)


def put(
    environment: Environment,
    document: Document,
    *,
    actor: Actor,
    note: str,
    expected: int | None,
    told: Mapping[str, Any] = MappingProxyType({}),
    override: FreezeOverride | None = None,
) -> RuleSet:
    """Put a document that is `fit` in force; `told` goes into the event, `override` is used up. Raises Conflict."""
    with transaction.atomic():
        Environment.objects.select_for_update().get(pk=environment.pk)  # numbers are counted
        now = serving.rule_set(environment.pk)
        check_expected(now, expected)
        if now is not None and now.document == document:
            raise Conflict("These rules are in force already.", code="nothing_changed", extra={"number": now.number})
        made = RuleSet.objects.create(
            environment=environment,
            number=now.number + 1 if now else 1,
            document=document,
            note=note,
            actor_name=actor.name[:220],
            user=actor.user,
            key=actor.key,
        )
        overrides.use(override, actor=actor, act=f"rules #{made.number}")
        _tell(made, now, actor, told)
    return made


def check_expected(now: RuleSet | None, expected: int | None) -> None:
    """Raises Conflict `stale_rules` unless what the caller saw in force is in force still."""
    number = now.number if now else None
    if expected not in (ANY, number):
        text = "Somebody changed the rules in the meantime. Look at theirs, then decide again."
        other = {"actor_name": now.actor_name, "document": now.document, "note": now.note} if now else {}
        raise Conflict(text, code="stale_rules", extra={"number": number, **other})


def _tell(made: RuleSet, before: RuleSet | None, actor: Actor, more: Mapping[str, Any]) -> None:
    """The event also makes every web process forget what it served."""
    environment = made.environment
    told = changes(before.document if before else {}, made.document)
    record(
        project=environment.project,
        actor=actor,
        kind="rules.saved",
        subject=("environment", environment.slug),
        data={
            "environment": environment.slug,
            "number": made.number,
            "note": made.note,
            "changes": [f"{one['key']} {one['change']}" for one in told[:100]],
            "before": {"rules": f"#{before.number}" if before else None},
            "after": {"rules": f"#{made.number}"},
            **more,
        },
    )


def changes(before: Document, after: Document) -> list[dict[str, str]]:
    """What differs between two documents: `{"key", "change"}` of rules and, as `$evaluators/name`, of segments.

    A change is added, removed, changed, moved, enabled or disabled.
    """
    old, new = before.get("flags", {}), after.get("flags", {})
    found = [_change(key, old.get(key), new.get(key)) for key in dict.fromkeys([*in_order(before), *in_order(after)])]
    was, now = before.get("$evaluators") or {}, after.get("$evaluators") or {}
    found += [
        _change(f"$evaluators/{name}", was.get(name), now.get(name))
        for name in dict.fromkeys([*sorted(was), *sorted(now)])
    ]
    moved = _moved([key for key in in_order(before) if key in new], [key for key in in_order(after) if key in old])
    told = [one for one in found if one["change"]]
    return [*told, *[{"key": key, "change": "moved"} for key in moved if key not in {one["key"] for one in told}]]


def in_order(document: Document) -> list[str]:
    """The keys of the rules as people read them: by `metadata.order`, then by key."""

    def place(item: tuple[str, Any]) -> tuple[float, str]:
        metadata = item[1].get("metadata") if isinstance(item[1], dict) else None
        order = metadata.get("order") if isinstance(metadata, dict) else None
        return (order if isinstance(order, (int, float)) and not isinstance(order, bool) else 0, item[0])

    return [key for key, _ in sorted(document.get("flags", {}).items(), key=place)]


def _change(key: str, old: Any, new: Any) -> dict[str, str]:
    if old is None or new is None:
        return {"key": key, "change": "added" if old is None else "removed"}
    a, b = _bare(old), _bare(new)
    if a == b:
        return {"key": key, "change": ""}
    if isinstance(a, dict) and isinstance(b, dict) and {**a, "state": ""} == {**b, "state": ""}:
        return {"key": key, "change": "enabled" if b.get("state") == "ENABLED" else "disabled"}
    return {"key": key, "change": "changed"}


def _bare(flag: Any) -> Any:
    """A rule without its place in the order."""
    if not isinstance(flag, dict) or not isinstance(flag.get("metadata"), dict):
        return flag
    metadata = {name: value for name, value in flag["metadata"].items() if name != "order"}
    return {
        **{name: value for name, value in flag.items() if name != "metadata"},
        **({"metadata": metadata} if metadata else {}),
    }


def _moved(before: list[str], after: list[str]) -> list[str]:
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    stayed = {key for block in blocks for key in after[block.b : block.b + block.size]}
    return [key for key in after if key not in stayed]
