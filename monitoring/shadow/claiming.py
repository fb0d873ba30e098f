"""Who works on which pair, and whether the budget allows it: settled under the shadow's lock, before any call.

A claim is a lease. While it lasts, the most that its calls may cost is set aside, so that several workers together
cannot go over a limit. When its worker dies, what was set aside counts as spent (the provider may have answered), and
the pair is claimed again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, F, Q, Sum
from django.utils import timezone

from monitoring.shadow.budget import Bound
from monitoring.shadow.models import Shadow, ShadowPair
from monitoring.shadow.plans import Plan

IN_FLIGHT = 8  # pairs of one shadow at a time, in all workers together
LEASE = timedelta(minutes=10)
ATTEMPTS = 3  # at an answer, and again at its judging
PAUSE = timedelta(seconds=30)


@dataclass(frozen=True)
class Claimed:
    """The plans to carry out, until when they are ours, and whether the budget stood in the way of others."""

    plans: list[Plan]
    until: datetime
    held_back: bool = False


def due(shadow: Shadow) -> list[ShadowPair]:
    """Pairs that might be worked on now: those that are answered first, then the oldest."""
    rows = ShadowPair.objects.filter(shadow=shadow, outcome="", leased=False, next_at__lte=timezone.now())
    return list(rows.order_by(F("output").asc(nulls_last=True), "pk")[:IN_FLIGHT])


def lock(pk: int) -> Shadow:
    """The shadow, changed by nobody else until the transaction ends. Ingest, which refers to it, does not wait."""
    found = Shadow.objects.select_for_update(of=("self",), no_key=True)
    return found.select_related("project", "environment", "metric", "user").get(pk=pk)


@transaction.atomic
def claim(pk: int, plans: Sequence[Plan]) -> Claimed:
    """Take as many of the plans as the limits allow."""
    shadow, until = lock(pk), timezone.now() + LEASE
    if shadow.state != Shadow.State.RUNNING:
        return Claimed([], until)
    under_way = _under_way(shadow)
    room, wanted = IN_FLIGHT - under_way.pairs, _still_wanted(shadow)
    taken: list[Plan] = []
    aside, answers, held_back = under_way.bound, 0, False
    for plan in plans:
        if len(taken) == room or (plan.answers and answers >= wanted):
            continue
        if not _fits(shadow, aside + plan.bound, answers + plan.answers):
            held_back = True
            continue
        if _take(plan, until):
            taken.append(plan)
            aside, answers = aside + plan.bound, answers + plan.answers
    Shadow.objects.filter(pk=pk).update(answers=F("answers") + answers)
    return Claimed(taken, until, held_back)


@dataclass(frozen=True)
class _UnderWay:
    pairs: int
    bound: Bound


def _under_way(shadow: Shadow) -> _UnderWay:
    rows = ShadowPair.objects.filter(shadow=shadow, leased=True)
    found = rows.aggregate(n=Count("pk"), tokens=Sum("reserved_tokens"), cost=Sum("reserved_cost"))
    return _UnderWay(found["n"], Bound(found["tokens"] or 0, found["cost"] or Bound().cost))


def _still_wanted(shadow: Shadow) -> int:
    """How many more answers are wanted, if all that are under way lead to a verdict."""
    result = ShadowPair.Result
    useful = Q(outcome__in=[result.WIN, result.TIE, result.LOSS]) | Q(outcome="", output__isnull=False) | Q(leased=True)
    return shadow.pairs_wanted - ShadowPair.objects.filter(useful, shadow=shadow).count()


def _fits(shadow: Shadow, aside: Bound, answers: int) -> bool:
    return (
        (shadow.max_answers is None or shadow.answers + answers <= shadow.max_answers)
        and (shadow.max_tokens is None or shadow.tokens + aside.tokens <= shadow.max_tokens)
        and (shadow.max_cost is None or shadow.cost + aside.cost <= shadow.max_cost)
    )


def _take(plan: Plan, until: datetime) -> bool:
    unanswered = plan.pair.output is None
    free = ShadowPair.objects.filter(pk=plan.pair.pk, leased=False, outcome="", output__isnull=unanswered)
    return bool(
        free.update(
            leased=True,
            next_at=until,
            attempts=F("attempts") + 1,
            reserved_tokens=plan.bound.tokens,
            reserved_cost=plan.bound.cost,
        )
    )


@transaction.atomic
def skip(pk: int, skipped: Iterable[tuple[ShadowPair, str]]) -> None:
    """Forget pairs whose log cannot be answered again, and count them by why."""
    shadow = lock(pk)
    for pair, why in skipped:
        if ShadowPair.objects.filter(pk=pair.pk, leased=False, outcome="").delete()[0]:
            shadow.skipped[why] = shadow.skipped.get(why, 0) + 1
    Shadow.objects.filter(pk=pk).update(skipped=shadow.skipped)


def settle() -> None:
    """Free the pairs whose lease ran out; what was set aside for them counts as spent."""
    late = ShadowPair.objects.filter(leased=True, next_at__lte=timezone.now())
    for pk in sorted(set(late.values_list("shadow_id", flat=True))):
        with transaction.atomic():
            shadow = lock(pk)
            for pair in list(late.filter(shadow=shadow)):
                _free(pair)


def _free(pair: ShadowPair) -> None:
    Shadow.objects.filter(pk=pair.shadow_id).update(
        tokens=F("tokens") + pair.reserved_tokens, cost=F("cost") + pair.reserved_cost
    )
    gave_up = pair.attempts >= ATTEMPTS
    outcome = ShadowPair.Result.ERROR if pair.output is None else ShadowPair.Result.UNJUDGED
    ShadowPair.objects.filter(pk=pair.pk).update(
        leased=False,
        reserved_tokens=0,
        reserved_cost=0,
        **(
            {"outcome": outcome, "ended_at": timezone.now(), "error_code": "gave_up",
             "error": "Each attempt died under way."}
            if gave_up
            else {}
        ),
    )  # fmt: skip
