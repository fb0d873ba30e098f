"""What a call needs of the database, in one visit to a thread."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import DatabaseError, connection

from monitoring.gateway import admission, asked, facts, keeping, plans, serving
from monitoring.gateway.admission import Caller, Reservation
from monitoring.gateway.asked import Asked
from monitoring.gateway.keeping import Kept
from monitoring.gateway.plans import Plan
from monitoring.gateway.refusals import Refused, of_problem, unknown_model
from monitoring.gateway.serving import PREFIX
from variorum.inference.models import Provider
from variorum.inference.targets import choices
from variorum.lib.errors import Problem
from variorum.lib.problems import as_problem

T = TypeVar("T")


@dataclass(frozen=True)
class Prepared:
    """A call that may be made. `digest` is set when answers are kept, `kept` when there is one."""

    caller: Caller
    asked: Asked
    plan: Plan
    taken: Reservation
    digest: bytes = b""
    kept: Kept | None = None


def guarded(call: Callable[[], T]) -> T:
    """Do it in this thread. Raises Refused, whatever went wrong; the connection is not kept after a fault of it."""
    try:
        return call()
    except Refused:
        raise
    except DatabaseError as exc:
        connection.close()
        problem = as_problem(exc)
        if problem is None:
            raise
        raise of_problem(problem) from None
    except Problem as problem:
        raise of_problem(problem) from None


def prepare(token: str, endpoint: str, raw: bytes, headers: Mapping[bytes, bytes]) -> Prepared:
    """Who calls, what is sent, whether it may be. Raises Refused."""
    caller = admission.caller_of(token)
    wanted = asked.read(endpoint, raw, headers)
    plan = plans.make(caller, wanted)
    digest, kept = b"", None
    if plan.cache_seconds:
        digest = keeping.digest_of(plan, wanted)
        kept = keeping.find(caller.project, digest, plan)
    if kept is not None:
        taken = admission.reserve(caller, tokens=0, cost=plans.cost_of(kept.attempt.target, 0, 0))
    else:
        taken = admission.reserve(caller, tokens=plan.tokens, cost=plan.cost)
    return Prepared(caller, wanted, plan, taken, digest, kept)


def models(token: str, headers: Mapping[bytes, bytes], name: str = "") -> bytes:
    """`/v1/models`, or one of them: the body. Raises Refused."""
    caller = admission.caller_of(token)
    place = serving.environment(
        caller.key, facts.of(caller.project).environments, headers.get(b"x-variorum-environment", b"").decode("latin-1")
    )
    made = {row.slug: int(row.created_at.timestamp()) for row in Provider.objects.filter(project=caller.project)}
    found: list[dict[str, Any]] = [
        _model(choice["name"], made.get(choice["provider"], 0), choice["provider"])
        for choice in choices(caller.project)
    ]
    found += [_model(f"{PREFIX}{one}", 0, "variorum") for one in serving.names(place)]
    if not name:
        return json.dumps({"object": "list", "data": found}).encode()
    one = next((item for item in found if item["id"] == name), None)
    if one is None:
        raise unknown_model(name)
    return json.dumps(one).encode()


def _model(name: str, created: int, owner: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": created, "owned_by": owner}
