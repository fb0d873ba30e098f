"""Reads of shadows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils import timezone
from rest_framework.request import Request

from monitoring.logs.models import Log, LogHour
from monitoring.logs.search import with_texts
from monitoring.logs.texts import Texts
from monitoring.shadow.candidates import candidate, compiled, differs, is_partial
from monitoring.shadow.models import Shadow, ShadowPair
from variorum.accounts.access import access_project, check_environment, key_of
from variorum.accounts.models import Project
from variorum.accounts.roles import Role
from variorum.deployments.models import Environment
from variorum.deployments.queries import current
from variorum.deployments.services import freeze
from variorum.lib.errors import Conflict, NotFound
from variorum.repos import queries as repos

DAYS = 7


def shadows_of(project: Project) -> QuerySet[Shadow]:
    """A project's shadows, to be ordered by number."""
    return Shadow.objects.filter(project=project).select_related("project", "environment", "metric", "user")


def access_shadow(request: Request, slug: str, number: int, role: Role = Role.VIEWER) -> Shadow:
    """One shadow of a project. Raises as access_project, NotFound."""
    found = shadows_of(access_project(request, slug, role)).filter(number=number).first()
    if found is None:
        raise NotFound(f"The project has no shadow #{number}.")
    check_environment(key_of(request), found.environment.slug)
    return found


@dataclass(frozen=True)
class Side:
    """A pair with the log that it answers again, None when it is no longer kept."""

    pair: ShadowPair
    log: Log | None
    texts: Texts


def pairs_of(shadow: Shadow, outcome: str = "") -> QuerySet[ShadowPair]:
    """The pairs that came to something, to be ordered by pk."""
    rows = ShadowPair.objects.filter(shadow=shadow).exclude(outcome="")
    if outcome == "order":
        return rows.filter(order_mattered=True)
    return rows.filter(outcome=outcome) if outcome else rows


def side_by_side(shadow: Shadow, pairs: Sequence[ShadowPair]) -> list[Side]:
    """Pairs with the texts of their logs, in two queries."""
    logs = Log.objects.filter(
        project=shadow.project_id, id__in=[pair.log_id for pair in pairs], day__in={pair.day for pair in pairs}
    )
    known = {log.id: (log, texts) for log, texts in with_texts(list(logs))}
    return [Side(pair, *known.get(pair.log_id, (None, Texts()))) for pair in pairs]


def live_commit(environment: Environment) -> str:
    """What a candidate would be compared with. Raises Conflict when nothing is live."""
    live = current(environment)
    if live is None:
        raise Conflict(f"Nothing is live in {environment.slug}, so there is nothing to compare.", code="nothing_live")
    return live.commit


def preview(environment: Environment, commit: str) -> dict[str, Any]:
    """What a shadow of a commit could answer. Raises NotFound, Conflict, Unprocessable for unsound artefacts."""
    project = environment.project
    sha = repos.resolve(project, commit)
    live = compiled(freeze(environment=environment, commit=live_commit(environment)).pk)
    theirs = compiled(freeze(environment=environment, commit=sha).pk)
    asked = requests(environment, live.commit)
    return {
        "commit": sha,
        "subject": repos.commit_info(project, sha).subject,
        "live": live.commit,
        "prompts": [
            {
                "name": name,
                "model": prompt.model or "",
                "changed": differs(live, theirs, name),
                "problem": candidate(project, theirs, prompt).unready,
                "requests": asked.get(name, 0),
            }
            for name, prompt in sorted(theirs.prompts.items())
            if not is_partial(prompt)
        ],
    }


def requests(environment: Environment, commit: str) -> dict[str, int]:
    """How many requests each prompt had at a commit in the last seven days, from the hourly sums."""
    since = timezone.now() - timedelta(days=DAYS)
    rows = LogHour.objects.filter(
        project=environment.project_id, environment=environment.slug, commit=commit, hour__gte=since
    )
    return {name: int(count) for name, count in rows.values_list("prompt").annotate(n=Sum("requests")).order_by()}
