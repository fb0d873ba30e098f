"""Only what proved itself in the environment before: how long a commit was live there."""

from datetime import timedelta
from itertools import pairwise

from django.utils import timezone

from variorum.deployments.models import Deployment, Environment
from variorum.lib.errors import Conflict


def previous(environment: Environment) -> Environment | None:
    """The environment before this one in the project's order."""
    every = list(Environment.objects.filter(project=environment.project_id).order_by("position", "pk"))
    place = next((at for at, each in enumerate(every) if each.pk == environment.pk), 0)
    return every[place - 1] if place > 0 else None


def live_for(environment: Environment, commit: str) -> timedelta:
    """How long a commit was live in an environment in all, until now."""
    rows = Deployment.objects.filter(environment=environment).order_by("number").values_list("commit", "created_at")
    times = [*rows, ("", timezone.now())]
    spans = pairwise(times)
    return sum((after[1] - since for (sha, since), after in spans if sha == commit), timedelta())


def enough(environment: Environment, commit: str) -> None:
    """Raises Conflict `not_soaked` when the commit was not live for long enough in the environment before this one."""
    before = previous(environment)
    if environment.soak_hours is None or before is None:
        return
    was = live_for(before, commit)
    if was and was >= timedelta(hours=environment.soak_hours):
        return
    if not environment.soak_hours or not was:
        text = f"{commit[:10]} was never live in {before.name}. Only what was may go live in {environment.name}"
        need = f", and for at least {environment.soak_hours} h." if environment.soak_hours else "."
        raise Conflict(text + need, code="not_soaked")
    left = timedelta(hours=environment.soak_hours) - was
    raise Conflict(
        f"{commit[:10]} was live in {before.name} for {_hours(was)}; {environment.name} asks for "
        f"{environment.soak_hours} h. {_hours(left)} to go.",
        code="not_soaked",
        extra={"seconds_left": int(left.total_seconds())},
    )


def _hours(time: timedelta) -> str:
    minutes = int(time.total_seconds() // 60)
    if not minutes:
        return "less than a minute"
    return f"{minutes // 60} h {minutes % 60:02d} min"
