"""A save of shared texts: one commit, by who pressed save, with everybody else who wrote in its trailers."""

from typing import Any

from django.db import transaction
from django.db.models import Q

from variorum.accounts.access import Actor
from variorum.drafts import services
from variorum.drafts.locking import lock, lock_open
from variorum.drafts.models import Draft, SharedText, TextSave, TextWriter
from variorum.drafts.repair import adopt_head
from variorum.drafts.together import telling, wire
from variorum.drafts.together.document import Document
from variorum.drafts.together.texts import digest, load, rebase
from variorum.lib.errors import Conflict, Invalid

TRIES = 5


def save_texts(*, draft: Draft, actor: Actor, message: str = "", paths: list[str] | None = None) -> Draft:
    """Commit what is unsaved in a draft's shared texts (of these paths only, when given).

    Raises Invalid when nothing is unsaved, Unprocessable for files that are not fit, Conflict for a draft that is not
    open. A save past the open pages in the same moment is merged first.
    """
    adopt_head(draft)
    for left in reversed(range(TRIES)):
        head, files, others = _prepare(draft, actor, paths)
        if not files:
            raise Invalid("There is nothing to save.", code="nothing_to_save")
        text = f"{message.strip() or _title(files)}\n\n{_trailers(others)}"
        try:
            saved = services.save_files(draft=draft, actor=actor, files=files, expected_head=head, message=text)
        except Conflict as conflict:
            if conflict.stable_code != "stale_save" or not left:
                raise
            continue
        break
    settle(draft=draft, actor=actor)
    return saved


def settle(*, draft: Draft, actor: Actor) -> None:
    """Bring a draft's shared texts onto its latest version."""
    with transaction.atomic():
        locked = lock(draft)
        for row in _rows(locked):
            rebase(row, locked)
        telling.texts_changed(locked, actor)


def writers(row: SharedText) -> list[TextWriter]:
    """Who has words in the text that are not saved yet, or took others' away; one entry a person, by name."""
    base = Document(bytes(row.base_state))
    added = wire.decode(load(row).state(since=base.vector)).pieces
    clients = {piece.client for piece in added if piece.text}
    found = [each for each in row.writers.order_by("pk") if each.client in clients or each.removed]
    unique = {(each.name, each.email): each for each in found}
    return sorted(unique.values(), key=lambda each: each.name)


def unsaved(draft: Draft) -> list[dict[str, Any]]:
    """The files of a draft that a save would change, and who wrote in them."""
    rows = SharedText.objects.filter(draft=draft).filter(Q(changed=True) | Q(deleted=True)).order_by("path")
    names = ("id", "path", "is_new", "deleted", "updated_at")
    return [{**{name: getattr(row, name) for name in names}, "writers": writers(row)} for row in rows]


def _prepare(
    draft: Draft, actor: Actor, paths: list[str] | None
) -> tuple[str, dict[str, bytes | None], list[TextWriter]]:
    """The draft's head, what to commit on it and who else wrote it. Each text remembers what is about to be saved."""
    files: dict[str, bytes | None] = {}
    people: dict[tuple[str, str], TextWriter] = {}
    with transaction.atomic():
        locked = lock_open(draft)
        for row in _rows(locked):
            if rebase(row, locked) is None or not (row.changed or row.deleted):
                continue
            if paths is not None and row.path not in paths:
                continue
            document = load(row)
            TextSave.objects.create(
                shared=row, onto=locked.head_commit, digest=digest(document.text), state=document.state()
            )
            files[row.path] = None if row.deleted else document.text.encode()
            people |= {(each.name, each.email): each for each in writers(row)}
    people.pop((actor.name[:220], actor.email), None)
    return locked.head_commit, files, [people[one] for one in sorted(people)]


def _rows(draft: Draft) -> list[SharedText]:
    rows = SharedText.objects.select_for_update(of=("self",)).filter(draft=draft).order_by("pk")
    return list(rows.select_related("draft"))


def _title(files: dict[str, bytes | None]) -> str:
    return f"Edit {next(iter(files))}" if len(files) == 1 else f"Edit {len(files)} files"


def _trailers(people: list[TextWriter]) -> str:
    """Git's trailers, one a line; a name or address cannot break out of its line."""
    return "\n".join(f"Co-authored-by: {_plain(each.name)} <{_plain(each.email)}>" for each in people)


def _plain(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable() and letter not in "<>").strip()
