"""The end of a shadow: its figures, the check on its commit, the news; and when it comes by itself."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from monitoring.shadow import figures
from monitoring.shadow.claiming import lock
from monitoring.shadow.models import Shadow, ShadowPair
from variorum.accounts.access import Actor, still_may
from variorum.accounts.models import User
from variorum.accounts.queries import concerned
from variorum.accounts.roles import Role
from variorum.deployments.queries import current
from variorum.drafts.services import set_check
from variorum.events.services import notify, record

CHECK = "shadow"
LONGEST = timedelta(days=30)
HOPELESS = 20  # answers or verdicts of which none came
E = Shadow.Ended
DONE = (E.ENOUGH, E.BUDGET, E.TOO_LONG)  # none of them depends on how the pairs came out


def page_of(shadow: Shadow) -> str:
    """The address of its page."""
    return f"/p/{shadow.project.slug}/shadows/{shadow.number}"


def system() -> Actor:
    """Who ends a shadow that ends by itself."""
    return Actor.system("Shadows")


def announce(shadow: Shadow) -> None:
    """Set the check on the candidate to pending."""
    _publish(shadow, "pending", f"Shadow #{shadow.number} in {shadow.environment.slug} is under way.")


@transaction.atomic
def end(pk: int, why: str, words: str, actor: Actor) -> bool:
    """End a shadow for good; False when it has ended before. What its pairs say by then is its result."""
    shadow = lock(pk)
    if shadow.over:
        return False
    result = ShadowPair.Result
    ShadowPair.objects.filter(shadow=shadow, outcome="", leased=False, output__isnull=True).delete()
    left = ShadowPair.objects.filter(shadow=shadow, outcome="", leased=False)
    left.update(outcome=result.UNJUDGED, error="The shadow ended first.", ended_at=timezone.now())
    shadow.state = Shadow.State.DONE if why in DONE else Shadow.State.STOPPED
    shadow.ended, shadow.words, shadow.ended_at = why, words[:400], timezone.now()
    shadow.summary = figures.summarise(shadow)
    shadow.save(update_fields=["state", "ended", "words", "ended_at", "summary"])
    _conclude(shadow, actor)
    return True


def over(shadow: Shadow) -> tuple[str, str] | None:
    """Why a running shadow ends now, and in words; None: it goes on."""
    if words := starter_gone(shadow):
        return E.STARTER_GONE, words
    live = current(shadow.environment)
    if live is None or live.commit != shadow.baseline:
        place = f"{shadow.environment.slug} (#{live.number})" if live else shadow.environment.slug
        return E.LIVE_CHANGED, f"Another commit went live in {place}; it was compared with {shadow.baseline[:10]}."
    count = _counts(shadow)
    if count["judged"] >= shadow.pairs_wanted:
        return E.ENOUGH, f"{count['judged']} pairs are judged."
    if timezone.now() - shadow.created_at > LONGEST:
        return E.TOO_LONG, f"It ran for {LONGEST.days} days."
    if count["errors"] >= HOPELESS and not count["answered"]:
        return E.FAILING, f"The candidate answered none of {count['errors']} requests: {_last_error(shadow)}"
    if count["unjudged"] >= HOPELESS and not count["judged"]:
        return E.FAILING, f"None of {count['unjudged']} pairs could be judged: {_last_error(shadow)}"
    return None


def starter_gone(shadow: Shadow) -> str:
    """Why whoever started it could not do so now, by themselves or by their key; "" when they could."""
    if not still_may(shadow.user, shadow.project, Role.MAINTAINER):
        return f"{shadow.actor_name[:200]}, who started it, may not do so any more."
    if shadow.key and (shadow.key.state() != "active" or not shadow.key.opens(shadow.environment.slug)):
        return f"The API key {shadow.key.name}, by which it was started, is not valid any more."
    return ""


def refresh(pk: int) -> None:
    """Write the figures of what there is by now, for pages."""
    with transaction.atomic():
        shadow = lock(pk)
        Shadow.objects.filter(pk=pk).update(summary=figures.summarise(shadow))


def _counts(shadow: Shadow) -> dict[str, int]:
    rows, result = ShadowPair.objects.filter(shadow=shadow), ShadowPair.Result
    judged = Q(outcome__in=figures.JUDGED)
    return {
        "judged": rows.filter(judged).count(),
        "errors": rows.filter(outcome=result.ERROR).count(),
        "unjudged": rows.filter(outcome=result.UNJUDGED).count(),
        "answered": rows.filter(output__isnull=False).count(),
    }


def _last_error(shadow: Shadow) -> str:
    bad = ShadowPair.objects.filter(shadow=shadow, outcome__in=["error", "unjudged"]).order_by("-pk").first()
    if bad is None:
        return ""
    return bad.error or str((bad.first or {}).get("reason", ""))


def _conclude(shadow: Shadow, actor: Actor) -> None:
    state, words = _check(shadow)
    _publish(shadow, state, words)
    data = {
        "environment": shadow.environment.slug, "commit": shadow.commit, "why": shadow.ended,
        "verdict": shadow.summary["verdict"], "pairs": shadow.summary["pairs"],
    }  # fmt: skip
    record(
        project=shadow.project, actor=actor, kind=f"shadow.{shadow.state}", subject=("shadow", str(shadow.number)),
        data=data,
    )  # fmt: skip
    if people := _told(shadow, actor):
        title = f"Shadow #{shadow.number}: {shadow.summary['verdict']}"
        notify(project=shadow.project, title=title, body=f"{shadow.words} {words}", url=page_of(shadow), people=people)


def _told(shadow: Shadow, actor: Actor) -> list[User]:
    """Its starter while a member, unless it is they who ended it; when they may not run it any more, the owners too."""
    people = concerned(shadow.project, shadow.user)
    if shadow.ended == E.STARTER_GONE:
        return people
    return [person for person in people if person == shadow.user != actor.user]


def _check(shadow: Shadow) -> tuple[str, str]:
    """A shadow that somebody stopped may have been stopped because of how it went: that proves nothing."""
    if shadow.ended not in DONE:
        return "inconclusive", f"It was stopped early. {shadow.words}"
    return figures.check_state(shadow.summary), figures.check_words(shadow.summary, shadow.margin)


def _publish(shadow: Shadow, state: str, words: str) -> None:
    """Only the newest shadow of a commit speaks for it."""
    newer = Shadow.objects.filter(project=shadow.project, commit=shadow.commit, number__gt=shadow.number)
    if not newer.exists():
        details: dict[str, Any] = {"shadow": shadow.number, "environment": shadow.environment.slug}
        set_check(
            project=shadow.project, commit=shadow.commit, name=CHECK, state=state, summary=words,
            url=page_of(shadow), details=details,
        )  # fmt: skip
