"""Answers kept for exactly equal requests. Off unless a route or a request says for how long."""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta

import zstandard
from django.db.models import Sum
from django.utils import timezone

from monitoring.gateway.asked import Asked
from monitoring.gateway.models import KeptAnswer
from monitoring.gateway.plans import Attempt, Plan
from variorum.accounts.models import Project

MOST_ANSWER = 1_000_000  # bytes of one kept answer
MOST_PROJECT = 100_000_000  # compressed bytes that a project keeps


@dataclass(frozen=True)
class Kept:
    """An answer as its provider gave it."""

    body: bytes
    content_type: str
    attempt: Attempt


def digest_of(plan: Plan, asked: Asked) -> bytes:
    """What makes two requests equal: everything that is sent, to whom, and the commit that was resolved."""
    first = plan.attempts[0]
    body = json.loads(first.body)
    parts = [
        first.target.provider,
        first.url,
        plan.served.commit if plan.served else "",
        plan.environment,
        json.dumps(body, sort_keys=True, separators=(",", ":")),
        str(asked.stream),
        asked.passed.get("openai-beta", ""),
    ]
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).digest()


def find(project: Project, digest: bytes, plan: Plan) -> Kept | None:
    """What is kept for a request and still good."""
    row = KeptAnswer.objects.filter(project=project, digest=digest, until__gt=timezone.now()).first()
    if row is None:
        return None
    attempt = next((one for one in plan.attempts if one.name == row.model), plan.attempts[0])
    body = zstandard.ZstdDecompressor().decompress(bytes(row.body), max_output_size=MOST_ANSWER)
    return Kept(body, row.content_type, attempt)


def keep(project_id: int, digest: bytes, answer: Kept, seconds: int) -> None:
    """Keep a whole, good answer; the eldest make room."""
    packed = zstandard.ZstdCompressor(level=3).compress(answer.body)
    now = timezone.now()
    values = {
        "content_type": answer.content_type,
        "model": answer.attempt.name,
        "body": packed,
        "size": len(packed),
        "made_at": now,
        "until": now + timedelta(seconds=seconds),
    }
    KeptAnswer.objects.update_or_create(project_id=project_id, digest=digest, defaults=values)
    over = (KeptAnswer.objects.filter(project=project_id).aggregate(size=Sum("size"))["size"] or 0) - MOST_PROJECT
    if over > 0:
        _make_room(project_id, over)


def _make_room(project_id: int, over: int) -> None:
    gone = []
    for pk, size in KeptAnswer.objects.filter(project=project_id).order_by("made_at").values_list("pk", "size"):
        gone.append(pk)
        over -= size
        if over <= 0:
            break
    KeptAnswer.objects.filter(pk__in=gone).delete()
