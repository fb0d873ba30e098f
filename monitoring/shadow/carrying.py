"""Carries out plans: the calls on an event loop that knows no database, their outcomes stored as they come."""

import asyncio
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from evals.metrics import pairwise
from evals.metrics.models import Metric
from evals.metrics.patience import apatiently
from evals.metrics.scoring import score_code
from evals.metrics.verdicts import PROVIDER, Case
from evals.runs.loop import Crowd
from monitoring.shadow import budget
from monitoring.shadow.budget import Bound
from monitoring.shadow.claiming import ATTEMPTS, PAUSE, Claimed, lock
from monitoring.shadow.models import Shadow, ShadowPair
from monitoring.shadow.plans import Call, Plan, live_figures, texts_as_pair
from variorum.inference import services as inference
from variorum.inference.shapes import Completion, ProviderError
from variorum.lib.texts import storable

AT_ONCE = 4  # pairs in one worker
SECONDS = 60.0  # for one call
Said = Completion | ProviderError


@dataclass(frozen=True)
class Done:
    """A plan with what each of its calls brought."""

    plan: Plan
    said: tuple[Said, ...]


def carry_out(claimed: Claimed) -> Generator[list[Done], None, None]:
    """What came of the plans, in bunches as it comes."""
    crowd = Crowd(claimed.plans, lambda: inference.async_client(2 * AT_ONCE), _work, AT_ONCE)
    return crowd.outcomes()


async def _work(plan: Plan, client: httpx.AsyncClient) -> Done:
    return Done(plan, tuple(await asyncio.gather(*(_call(call, client) for call in plan.calls))))


async def _call(call: Call, client: httpx.AsyncClient) -> Said:
    """Never raises for a call: what goes wrong is what it gives."""
    try:
        return await apatiently(
            lambda: inference.acomplete(
                client=client,
                target=call.target,
                messages=call.messages,
                config=call.config,
                adapter=call.adapter,
                timeout=SECONDS,
            )
        )
    except ProviderError as exc:
        return exc


@transaction.atomic
def store(shadow_pk: int, claimed: Claimed, done: Done) -> bool:
    """Write down what came of a plan and what it cost; False when the claim was lost meanwhile."""
    shadow, plan = lock(shadow_pk), done.plan
    pair = ShadowPair.objects.filter(pk=plan.pair.pk, leased=True, next_at=claimed.until).first()
    if pair is None:
        return False
    costs = [_cost(call, said) for call, said in zip(plan.calls, done.said, strict=True)]
    _charge(shadow, costs, judging=not plan.answers)
    pair.leased, pair.reserved_tokens, pair.reserved_cost, pair.next_at = False, 0, Bound().cost, timezone.now()
    if plan.answers:
        _store_answer(shadow, plan, pair, done.said[0], costs[0])
    elif plan.calls:
        _store_preferences(plan, pair, done.said)
    else:
        _store_values(shadow.metric, plan, pair)
    if shadow.over and not pair.outcome:
        pair.outcome, pair.error = ShadowPair.Result.UNJUDGED, "The shadow ended first."
    if pair.outcome:
        pair.ended_at = timezone.now()
    pair.save()
    return True


def _cost(call: Call, said: Said) -> Bound:
    """What a call cost. One that was not answered in time, or with too much, may have been billed all the same."""
    if isinstance(said, ProviderError):
        return call.bound if said.code in {"timed_out", "answer_too_large"} else Bound()
    return budget.spent(call.target, said, call.bound)


def _charge(shadow: Shadow, costs: Sequence[Bound], *, judging: bool) -> None:
    whole = sum(costs, Bound())
    Shadow.objects.filter(pk=shadow.pk).update(
        tokens=F("tokens") + whole.tokens,
        cost=F("cost") + whole.cost,
        judge_cost=F("judge_cost") + (whole.cost if judging else Bound().cost),
    )


def _store_answer(shadow: Shadow, plan: Plan, pair: ShadowPair, said: Said, cost: Bound) -> None:
    if isinstance(said, ProviderError):
        _no_answer(pair, said)
        return
    pair.output, pair.finish_reason = storable(said.text), said.finish_reason[:40]
    pair.latency_ms, pair.cost = said.latency_ms, said.cost
    pair.input_tokens, pair.output_tokens = said.input_tokens, said.output_tokens
    pair.attempts = 0
    for name, value in live_figures(shadow.project, plan.log).items():
        setattr(pair, name, value)
    if shadow.metric.kind == Metric.Kind.CODE:
        _store_values(shadow.metric, plan, pair)


def _no_answer(pair: ShadowPair, error: ProviderError) -> None:
    if error.retryable and pair.attempts < ATTEMPTS:
        pair.next_at = timezone.now() + PAUSE
        return
    pair.outcome = ShadowPair.Result.ERROR
    pair.error_code, pair.error = error.code[:40], storable(error.detail)[:500]


def _store_preferences(plan: Plan, pair: ShadowPair, said: Sequence[Said]) -> None:
    """Both orders together make the outcome; one that the judge's model did not answer is asked again, alone."""
    for call, answer in zip(plan.calls, said, strict=True):
        preference = _preference(call, answer)
        if preference.problem == PROVIDER and pair.attempts < ATTEMPTS:
            pair.next_at = timezone.now() + PAUSE
        else:
            setattr(pair, call.step, _as_json(preference))
    if pair.first is not None and pair.second is not None:
        both = [pairwise.Preference(said["winner"]) for said in (pair.first, pair.second)]
        outcome = pairwise.combine(both)
        pair.outcome, pair.order_mattered = outcome.outcome, outcome.order_mattered


def _preference(call: Call, said: Said) -> pairwise.Preference:
    if isinstance(said, ProviderError):
        return pairwise.Preference("", said.detail, PROVIDER)
    return pairwise.read_answer(said.text, call.step)


def _as_json(preference: pairwise.Preference) -> dict[str, Any]:
    reason = storable(preference.reason)[:2000]
    return {"winner": preference.winner, "reason": reason, "problem": preference.problem}


def _store_values(metric: Metric, plan: Plan, pair: ShadowPair) -> None:
    """A code metric's values of both answers; the higher one wins."""
    texts = texts_as_pair(plan, pair.output or "")
    ours = score_code(metric, Case(pair.output or "", texts.expected, texts.input))
    theirs = score_code(metric, Case(texts.live, texts.expected, texts.input))
    pair.value, pair.live_value = ours.value, theirs.value
    if ours.value is None or theirs.value is None:
        pair.outcome = ShadowPair.Result.UNJUDGED
        pair.error = (ours.reason or theirs.reason)[:500]
    elif ours.value == theirs.value:
        pair.outcome = ShadowPair.Result.TIE
    else:
        pair.outcome = ShadowPair.Result.WIN if ours.value > theirs.value else ShadowPair.Result.LOSS
