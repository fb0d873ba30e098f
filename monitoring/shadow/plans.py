"""What is to be asked next of each pair: the candidate, or the judge. Reads logs and texts; calls nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings

from evals.metrics import pairwise
from evals.metrics.models import Metric
from monitoring.logs.models import Log
from monitoring.logs.search import with_texts
from monitoring.logs.texts import Texts, answered
from monitoring.shadow import budget
from monitoring.shadow.budget import Bound
from monitoring.shadow.candidates import Candidate
from monitoring.shadow.models import Shadow, ShadowPair
from variorum.inference.calls import cost_of
from variorum.inference.shapes import AdapterRef, ProviderError, Target
from variorum.inference.targets import resolve
from variorum_client.formats import RenderError

GONE, NO_OUTPUT, NO_VARIABLES, UNFIT = "gone", "no_output", "no_variables", "unfit"  # why a log is skipped
ANSWER = "answer"
NOTHING = Bound()
LIVE_FIGURES = ["live_latency_ms", "live_input_tokens", "live_output_tokens", "live_cost"]


@dataclass(frozen=True)
class Call:
    """One model call. `step` is "answer", or the candidate's place for the judge: "first" or "second"."""

    step: str
    target: Target
    messages: Sequence[Mapping[str, Any]]
    config: Mapping[str, Any]
    adapter: AdapterRef | None = None

    @property
    def bound(self) -> Bound:
        """What it may cost at most."""
        return budget.bound(self.target, self.messages, self.config)


@dataclass(frozen=True)
class Plan:
    """A pair with the calls that come next; `after` is what judging the answer may cost at most."""

    pair: ShadowPair
    log: Log
    texts: Texts
    calls: tuple[Call, ...]
    after: Bound = NOTHING

    @property
    def answers(self) -> bool:
        """Whether it is the candidate that is asked."""
        return bool(self.calls) and self.calls[0].step == ANSWER

    @property
    def bound(self) -> Bound:
        """What all of it may cost at most."""
        return sum((call.bound for call in self.calls), self.after)


@dataclass(frozen=True)
class Planned:
    """The plans for some pairs, and those whose log cannot be answered again, with why."""

    plans: list[Plan]
    skipped: list[tuple[ShadowPair, str]]


def make_plans(
    shadow: Shadow, pairs: Sequence[ShadowPair], ready: Mapping[str, Candidate], judge: Target | None
) -> Planned:
    """What is to be asked of these pairs."""
    logs = Log.objects.filter(
        project=shadow.project_id, id__in=[pair.log_id for pair in pairs], day__in={pair.day for pair in pairs}
    )
    known = {log.id: (log, texts) for log, texts in with_texts(list(logs))}
    made = Planned([], [])
    for pair in pairs:
        found = known.get(pair.log_id)
        plan = _plan(shadow, pair, found, ready[pair.prompt], judge) if found else GONE
        if isinstance(plan, Plan):
            made.plans.append(plan)
        else:
            made.skipped.append((pair, plan))
    return made


def texts_as_pair(plan: Plan, output: str) -> pairwise.Pair:
    """The candidate's output and the live answer as a judge sees them."""
    given = plan.texts.get("input") or {}
    return pairwise.Pair(
        candidate=output,
        live=answered(plan.texts),
        expected=plan.texts.get("reference"),
        input=given.get("variables") or {},
    )


def live_figures(project: Any, log: Log) -> dict[str, Any]:
    """What the live answer took: latency, tokens, and its cost as logged, else by the catalogue's prices."""
    cost = log.cost if log.cost is not None else _cost(project, log)
    return dict(zip(LIVE_FIGURES, (log.latency_ms, log.input_tokens, log.output_tokens, cost), strict=True))


def _cost(project: Any, log: Log) -> Decimal | None:
    try:
        return cost_of(resolve(project, log.model), log.input_tokens, log.output_tokens)
    except ProviderError:
        return None


def _plan(
    shadow: Shadow, pair: ShadowPair, found: tuple[Log, Texts], ready: Candidate, judge: Target | None
) -> Plan | str:
    log, texts = found
    if texts.get("output") is None:
        return NO_OUTPUT
    if pair.output is not None:
        return _judging(shadow.metric, Plan(pair, log, texts, ()), judge)
    variables = (texts.get("input") or {}).get("variables")
    if variables is None:
        return NO_VARIABLES
    try:
        messages = ready.prompt.messages(ready.variables(variables))
    except RenderError:
        return UNFIT
    assert ready.target is not None  # noqa: S101  (those that are not ready end the shadow before)
    bounded = shadow.max_cost is not None or shadow.max_tokens is not None
    config = budget.limited(ready.prompt.config) if bounded else ready.prompt.config
    call = Call(ANSWER, ready.target, messages, config, ready.adapter)
    return Plan(pair, log, texts, (call,), _after(shadow.metric, texts, call, judge))


def _judging(metric: Metric, plan: Plan, judge: Target | None) -> Plan | str:
    """The judge's calls that a pair still lacks; a rubric that fails makes no call and is told when it is stored."""
    if judge is None:
        return plan
    pair, asked = texts_as_pair(plan, plan.pair.output or ""), []
    for order in pairwise.ORDERS:
        if getattr(plan.pair, order) is None:
            try:
                messages = pairwise.messages(metric.config, pair, order, settings.SECRET_KEY)
            except RenderError:
                return UNFIT
            asked.append(Call(order, judge, messages, pairwise.settings_of(metric.config)))
    return Plan(plan.pair, plan.log, plan.texts, tuple(asked))


def _after(metric: Metric, texts: Texts, call: Call, judge: Target | None) -> Bound:
    """What judging the answer may cost, seen from before it: the judge's text with an answer of the full length."""
    if judge is None:
        return Bound()
    longest = "x" * (4 * (budget.output_limit(call.config) or budget.OUTPUT))
    given = (texts.get("input") or {}).get("variables") or {}
    pair = pairwise.Pair(longest, answered(texts), texts.get("reference"), given)
    try:
        messages = pairwise.messages(metric.config, pair, "first", settings.SECRET_KEY)
    except RenderError:
        return Bound()
    one = Call("first", judge, messages, pairwise.settings_of(metric.config)).bound
    return one + one
