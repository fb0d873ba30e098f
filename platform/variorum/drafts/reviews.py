"""One person's review desk in a project: what waits for them, what of theirs waits for others, where they are named."""

from dataclasses import dataclass

from variorum.accounts.models import Project, User
from variorum.drafts.models import Approval, Draft, Mention, ReviewRequest
from variorum.drafts.queries import NeedStanding, Standing, drafts_of, standings

MOST = 200  # open drafts that are looked at, newest first
MENTIONS = 30


@dataclass(frozen=True)
class Waiting:
    """A draft that waits for a person. `why`: asked (by name), changed (since their verdict), or needed."""

    draft: Draft
    why: str
    asked_by: str = ""


@dataclass(frozen=True)
class Desk:
    """Drafts that wait for a review, one's own open ones, and the newest mentions."""

    waiting: list[Waiting]
    mine: list[Draft]
    mentions: list[Mention]
    standings: dict[int, Standing]


def desk_of(project: Project, user: User) -> Desk:
    """The review desk. As many queries as for one draft, however many are open."""
    drafts = list(drafts_of(project).order_by("-number")[:MOST])
    found = standings(drafts)
    asked = dict(ReviewRequest.objects.filter(draft__in=drafts, user=user).values_list("draft", "asked_by_name"))
    seen = dict(
        Approval.objects.filter(draft__in=drafts, author=user).order_by("pk").values_list("draft", "commit")
    )  # the newest wins
    waiting = [each for draft in drafts if (each := _waits(draft, user, found[draft.pk], asked, seen))]
    mentions = Mention.objects.filter(user=user, draft__project=project).select_related(
        "draft", "comment", "approval__author"
    )
    return Desk(
        waiting=sorted(waiting, key=lambda each: each.why != "asked"),
        mine=[draft for draft in drafts if draft.author_id == user.pk],
        mentions=list(mentions.order_by("-pk")[:MENTIONS]),
        standings=found,
    )


def _waits(draft: Draft, user: User, standing: Standing, asked: dict[int, str], seen: dict[int, str]) -> Waiting | None:
    if draft.author_id == user.pk or seen.get(draft.pk) == draft.head_commit:
        return None
    if draft.pk in asked:
        return Waiting(draft, "asked", asked[draft.pk])
    if not any(_lacks(need, user) for need in standing.needs):
        return None
    return Waiting(draft, "changed" if draft.pk in seen else "needed")


def _lacks(need: NeedStanding, user: User) -> bool:
    return bool(need.lacking) and user.pk in need.givers
