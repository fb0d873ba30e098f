"""Which large files a project holds, and how one comes in: by content, checked, exactly once."""

import threading
from collections.abc import Iterable, Sequence

from django.conf import settings
from django.utils import timezone

from variorum.accounts.models import Project
from variorum.lib import objects
from variorum.lib.errors import TooLarge, Unprocessable
from variorum.lib.objects import Incoming
from variorum.repos.models import LfsObject
from variorum.repos.problems import bad_weights
from variorum_client.formats import FormatError
from variorum_client.formats.safetensors import header_size, parse_header

REMEMBERED = 1_000
_refused: dict[tuple[int, str], str] = {}  # of this process: project and SHA-256 -> the reason
_remembering = threading.Lock()


def sizes_held(project: Project, oids: Sequence[str]) -> dict[str, int]:
    """Size in bytes of each object that the project holds."""
    return dict(LfsObject.objects.filter(project=project, sha256__in=oids).values_list("sha256", "size"))


def rely_on(project: Project, oids: Iterable[str]) -> dict[str, int]:
    """The same, and none of them is collected before the grace time has passed anew."""
    wanted = sorted(set(oids))
    LfsObject.objects.filter(project=project, sha256__in=wanted).update(asked_at=timezone.now())
    return sizes_held(project, wanted) if wanted else {}


def most_bytes() -> int:
    """The largest object that is taken."""
    return int(settings.MAX_LFS_MB) * 1_000_000


def too_large() -> TooLarge:
    """The refusal of a larger one."""
    return TooLarge(f"A large file has at most {settings.MAX_LFS_MB:,} MB here (VARIORUM_MAX_LFS_MB).")


def take(project: Project, incoming: Incoming, *, expected: str | None = None) -> LfsObject:
    """Keep what has arrived as an object of the project; taking the same again is harmless.

    Raises Unprocessable when it is not what was announced (`wrong_content`) or no sound safetensors file.
    """
    digest = incoming.digest()
    if expected is not None and digest != expected:
        text = (
            f"What arrived has the SHA-256 {digest[:12]}…, not {expected[:12]}…: it was changed or cut off on its way."
        )
        raise Unprocessable(text, code="wrong_content")
    try:
        check_weights(incoming)
    except Unprocessable as problem:
        _remember((project.pk, digest), problem.detail)
        raise
    incoming.keep()  # outside of the lock: it takes long
    with objects.content_lock(digest):
        incoming.keep()  # does nothing, unless it was collected a moment ago
        row, _ = LfsObject.objects.update_or_create(
            project=project,
            sha256=digest,
            defaults={"asked_at": timezone.now()},
            create_defaults={"size": incoming.size},
        )
    return row


def refusal(project: Project, oid: str) -> str | None:
    """Why the object was refused here a while ago; the same bytes would be refused again."""
    return _refused.get((project.pk, oid))


def _remember(which: tuple[int, str], reason: str) -> None:
    with _remembering:
        _refused[which] = reason
        if len(_refused) > REMEMBERED:
            del _refused[next(iter(_refused))]


def check_weights(incoming: Incoming) -> None:
    """Raise Unprocessable unless it is a safetensors file whose header tells the truth about its bytes."""
    try:
        size = header_size(incoming.start(16), incoming.size)
        parse_header(incoming.start(size), incoming.size)
    except FormatError as error:
        raise bad_weights(error) from None
