"""What the clock does for shadows. Safe to run in several processes at once, and to be killed at any moment."""

import logging
import time
from contextlib import closing

from django.db.models import Q

from monitoring.logs import partitions
from monitoring.shadow import carrying, claiming, ending
from monitoring.shadow.candidates import Candidate, candidates, judge_target
from monitoring.shadow.models import Shadow, ShadowPair
from monitoring.shadow.plans import make_plans
from variorum.events import live
from variorum.inference.shapes import ProviderError, Target

log = logging.getLogger(__name__)
SECONDS = 20.0  # for one run of the clock's task
AHEAD = 100  # chosen logs that may wait beyond those that are wanted
_told: dict[int, float] = {}


def step() -> int:
    """Answer and judge what is due, for some seconds; gives how many pairs were worked on."""
    end = time.monotonic() + SECONDS
    claiming.settle()
    count = 0
    while moved := sum(advance(pk) for pk in _running()):
        count += moved
        if time.monotonic() > end:
            break
    return count


def _running() -> list[int]:
    return list(Shadow.objects.filter(state=Shadow.State.RUNNING).order_by("pk").values_list("pk", flat=True))


def advance(pk: int) -> int:
    """One round of a shadow: some pairs that are due. Gives how many came to something, or were skipped."""
    shadow = Shadow.objects.select_related("project", "environment", "metric", "user").get(pk=pk)
    if why := ending.over(shadow):
        ending.end(pk, *why, ending.system())
        return 0
    _note_full(shadow)
    pairs = claiming.due(shadow)
    if not pairs:
        return 0
    try:
        ready, judge = _ready(shadow)
    except ProviderError as exc:
        ending.end(pk, Shadow.Ended.UNUSABLE, exc.detail, ending.system())
        return 0
    planned = make_plans(shadow, pairs, ready, judge)
    if planned.skipped:
        claiming.skip(pk, planned.skipped)
    claimed = claiming.claim(pk, planned.plans)
    if not claimed.plans and claimed.held_back:
        _end_of_budget(shadow)
    return _carry_out(shadow, claimed) + len(planned.skipped)


def _ready(shadow: Shadow) -> tuple[dict[str, Candidate], Target | None]:
    """The prompts and the judge, as they can be called now. Raises ProviderError naming what cannot."""
    ready = candidates(shadow)
    for found in ready.values():
        if found.unready:
            raise ProviderError("unusable", f"{found.prompt.name} cannot be answered: {found.unready}")
    return ready, judge_target(shadow.metric, shadow.project)


def _carry_out(shadow: Shadow, claimed: claiming.Claimed) -> int:
    if not claimed.plans:
        return 0
    count = 0
    with closing(carrying.carry_out(claimed)) as bunches:
        for bunch in bunches:
            count += sum(carrying.store(shadow.pk, claimed, done) for done in bunch)
            if bunch:
                _tell(shadow)
    ending.refresh(shadow.pk)
    live.publish(shadow.project_id, "shadow.judged", ("shadow", str(shadow.number)))
    return count


def _end_of_budget(shadow: Shadow) -> None:
    """The next pair might go over a limit; what other workers have set aside may yet come back."""
    if not ShadowPair.objects.filter(shadow=shadow, leased=True).exists():
        words = "Its budget is spent: the next pair might have gone over a limit."
        ending.end(shadow.pk, Shadow.Ended.BUDGET, words, ending.system())


def _note_full(shadow: Shadow) -> None:
    """Choose no more logs while many wait."""
    waiting = ShadowPair.objects.filter(shadow=shadow, outcome="", output__isnull=True).count()
    most = shadow.pairs_wanted + AHEAD
    full = waiting >= (most // 2 if shadow.full else most)
    if full != shadow.full:
        Shadow.objects.filter(pk=shadow.pk).update(full=full)


def _tell(shadow: Shadow) -> None:
    """Let open pages count along, at most once a second."""
    now = time.monotonic()
    if now - _told.get(shadow.pk, now - 1) >= 1:
        _told[shadow.pk] = now
        live.publish(shadow.project_id, "shadow.judged", ("shadow", str(shadow.number)))


def forget_old_texts() -> None:
    """Answers to logs that retention no longer keeps go with them; the figures stay."""
    old = ShadowPair.objects.filter(day__lt=partitions.oldest_day()).exclude(outcome="")
    said = Q(output__gt="") | Q(error__gt="") | Q(first__isnull=False) | Q(second__isnull=False)
    old.filter(said).update(output="", error="", first=None, second=None)
