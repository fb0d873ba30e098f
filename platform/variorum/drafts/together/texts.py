"""Shared texts: opened, edited by updates, brought onto a newer version, saved as one commit, discarded."""

import hashlib
from bisect import bisect_right
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from django.db import transaction
from django.utils import timezone

from variorum.accounts.access import Actor
from variorum.drafts.locking import lock_open
from variorum.drafts.models import Draft, SharedText, TextUpdate, TextWriter
from variorum.drafts.problems import not_open
from variorum.drafts.together import telling, wire
from variorum.drafts.together.document import Document, new_client, plain
from variorum.lib.errors import Conflict, Detail, Forbidden, NotFound, Unprocessable
from variorum.repos import queries
from variorum_client.formats import parse_pointer

MAX_TEXT = 2**20  # bytes, as for any file that is saved from a page
MAX_STATE = 8 * 2**20
IDLE = timedelta(days=7)
MOST_CLIENTS = 100  # with something new in one update; a page has one
TAIL = 50  # updates that are kept apart before they are merged into the state


@dataclass(frozen=True)
class Accepted:
    """Where a shared text stands after an update."""

    seq: int
    vector: bytes


class _Base:
    """What a text's inserts were at the last save, by client id. Read at most once, and only when it is asked for."""

    def __init__(self, row: SharedText) -> None:
        self.row = row

    @cached_property
    def clocks(self) -> dict[int, int]:
        return Document(bytes(self.row.base_state)).clocks


def open_text(*, draft: Draft, actor: Actor, path: str, content: str | None = None) -> SharedText:
    """The shared text of a file, made when nobody edits it yet; `content` begins a file that the draft has not.

    Raises NotFound, Conflict for a draft that is not open, Unprocessable for a file that is not text.
    """
    with transaction.atomic():
        locked = lock_open(draft)
        shared = SharedText.objects.select_for_update().filter(draft=locked, path=path).first()
        if shared is None:
            shared = _begin(locked, actor, path, content)
        elif rebase(shared, locked) is None:
            raise gone(path)
    return shared


def apply_update(*, shared: SharedText, actor: Actor, update: bytes) -> Accepted:
    """Take in what a page edited; the same update again is harmless.

    Raises Unprocessable `bad_update`, Conflict `behind` when it builds on edits that are not here, Conflict
    `draft_not_open`, Forbidden for a client id of somebody else.
    """
    asked = _decoded(update)
    with transaction.atomic():
        row = lock_text(shared)
        if row.draft.state != Draft.State.OPEN:
            raise not_open(row.draft)
        document = load(row)
        known, deleted = document.clocks, document.deletes()
        try:
            document.apply(update)
        except wire.Malformed as error:
            raise _bad(str(error)) from None
        now = document.clocks
        if _lacks(asked, now):
            raise Conflict("This edit builds on others that are not here.", code="behind")
        clients = {client for client in now if now[client] > known.get(client, 0)}
        if len(clients) > MOST_CLIENTS:
            raise _bad(f"The update is in the names of more than {MOST_CLIENTS} pages.")
        fresh = _fresh(asked.deletes, deleted)
        if clients or fresh:
            _check_size(document)
            base = _Base(row)
            joined = _claim(row, actor, clients, base, removed=_removed(row, actor, fresh, base))
            joined = joined or _first_words({client: known.get(client, 0) for client in clients}, base)
            told = row.changed
            append(row, document, update, by=actor)
            if joined and row.changed == told:  # whose the unsaved words are has changed
                telling.texts_changed(row.draft, actor)
    return Accepted(row.seq, document.vector)


def mark_deleted(*, shared: SharedText, actor: Actor, deleted: bool) -> SharedText:
    """Let the file be deleted by the next save, or not. A file that was never saved is gone at once."""
    with transaction.atomic():
        row = lock_text(shared)
        if row.draft.state != Draft.State.OPEN:
            raise not_open(row.draft)
        if deleted and row.is_new:
            row.delete()
        else:
            row.deleted = deleted
            row.updated_at = timezone.now()
            row.save(update_fields=["deleted", "updated_at"])
        telling.texts_changed(row.draft, actor)
    return row


def discard(*, draft: Draft, actor: Actor, paths: list[str]) -> None:
    """Take unsaved edits back: the texts become what the draft's latest version has. Open pages see it as an edit."""
    with transaction.atomic():
        locked = lock_open(draft)
        for row in SharedText.objects.select_for_update().filter(draft=locked, path__in=paths).order_by("pk"):
            if rebase(row, locked) is None:
                continue
            if row.is_new:
                row.delete()
            else:
                row.deleted = False
                _return_to_base(row, actor)
        telling.texts_changed(locked, actor)


def lock_text(shared: SharedText) -> SharedText:
    """The present row, locked until the transaction ends. Raises NotFound when it is gone."""
    rows = SharedText.objects.select_for_update(of=("self",)).select_related("draft", "draft__project")
    if (row := rows.filter(pk=shared.pk).first()) is None:
        raise gone(shared.path)
    return row


def load(row: SharedText, client: int | None = None) -> Document:
    """The document as it is now."""
    tail = TextUpdate.objects.filter(shared=row, seq__gt=row.merged).order_by("seq").values_list("data", flat=True)
    return Document(bytes(row.state), *map(bytes, tail), client=client)


def append(row: SharedText, document: Document, update: bytes, *, by: Actor) -> None:
    """Keep an update that `document` has in it already, and tell open pages. The caller holds the row."""
    row.seq += 1
    if row.seq - row.merged > TAIL:
        row.state, row.merged = document.state(), row.seq
        TextUpdate.objects.filter(shared=row).delete()
    else:
        TextUpdate.objects.create(shared=row, seq=row.seq, data=update)
    _set_changed(row, document, by)
    row.updated_at = timezone.now()
    row.save(update_fields=["seq", "state", "merged", "changed", "updated_at"])
    telling.text_updated(row, update)


def rebase(row: SharedText, draft: Draft) -> SharedText | None:
    """Bring a text onto the draft's latest version; None when the file is gone and nobody had edited it.

    What was committed past the open pages is merged as if one more person had typed it. The caller holds both rows.
    """
    if row.base_commit == draft.head_commit:
        return row
    content, before = _text_at(draft, row.path), row.base_commit
    row.base_commit = draft.head_commit
    if content is None:
        return _without_file(row)
    if (saved := _own_save(row, draft, before)) is not None:
        row.base_state = saved
        row.writers.update(removed=False)
    _merge(row, Document(bytes(row.base_state)), load(row), content)
    row.saves.exclude(onto=draft.head_commit).delete()
    row.base_digest, row.is_new = digest(content), False
    _set_changed(row, load(row), Actor.system())
    row.save()
    return row


def _own_save(row: SharedText, draft: Draft, before: str) -> bytes | None:
    """The document as it was in the newest commit that a save of this text made and that is not its base yet."""
    saves = {each.digest: bytes(each.state) for each in row.saves.all()}
    if not saves:
        return None
    for info in queries.log_beyond(draft.project, before, draft.head_commit):
        content = queries.read_files(draft.project, info.sha, [row.path]).get(row.path)
        if content is not None and (found := saves.get(hashlib.sha256(content).hexdigest())):
            return found
    return None


def _merge(row: SharedText, base: Document, document: Document, content: str) -> None:
    """Let the text have what a commit did to its base."""
    if base.text == content:
        return
    if document.text == content:
        row.base_state = document.state()
        row.writers.update(removed=False)
        return
    update = base.become(content)
    row.base_state = base.state()
    document.apply(update)
    append(row, document, update, by=Actor.system())


def forget_idle() -> int:
    """Drop texts without unsaved words that nobody has touched for a week; gives how many rows went.

    Whoever opens such a file next begins afresh from its latest version, without the leftovers of old edits.
    """
    idle = SharedText.objects.filter(changed=False, deleted=False, updated_at__lt=timezone.now() - IDLE)
    return idle.delete()[0]


def digest(text: str) -> str:
    """What tells two texts apart."""
    return hashlib.sha256(text.encode()).hexdigest()


def gone(path: str) -> NotFound:
    """Nobody edits this file any more, or it is not there."""
    return NotFound(f"{path[:200]} is not a file of this draft that is being edited.", code="text_gone")


def _begin(draft: Draft, actor: Actor, path: str, content: str | None) -> SharedText:
    """The first to edit a file makes its document: one initial update, so that the text is never there twice."""
    saved = _text_at(draft, path)
    if saved is None and content is None:
        raise NotFound(f"{path[:200]!r} is not a file of this draft.")
    base = Document()
    if saved:
        base.become(saved)
    row = SharedText(draft=draft, path=path, base_commit=draft.head_commit, is_new=saved is None)
    row.base_state = row.state = base.state()
    row.base_digest = digest(saved or "")
    row.save()
    if saved is None:
        _write_as(row, actor, plain(content or ""))
        telling.texts_changed(draft, actor)
    return row


def _write_as(row: SharedText, actor: Actor, text: str) -> None:
    """Let the text become another, in the actor's name."""
    document = load(row, client=new_client())
    update = document.become(text)
    _check_size(document)
    _claim(row, actor, {document.client}, _Base(row), removed=False)
    append(row, document, update, by=actor)


def _return_to_base(row: SharedText, actor: Actor) -> None:
    document = load(row)
    update = document.become(Document(bytes(row.base_state)).text)
    row.base_state = document.state()
    row.writers.update(removed=False)
    append(row, document, update, by=actor)
    row.save()


def _text_at(draft: Draft, path: str) -> str | None:
    """The file's text in the draft's latest version, None when it has none. Raises Unprocessable for other content."""
    content = queries.read_files(draft.project, draft.head_commit, [path]).get(path)
    if content is None:
        return None
    text = None if parse_pointer(content) else queries.text_of(content)
    if text is None or len(content) > MAX_TEXT:
        raise Unprocessable(f"{path} is not a text that can be edited here.", code="not_text")
    return plain(text)


def _without_file(row: SharedText) -> SharedText | None:
    """Somebody deleted or renamed the file past the open pages: unsaved edits live on as a new file."""
    if row.is_new:
        row.save(update_fields=["base_commit"])
        return row
    if row.deleted or not row.changed:
        row.delete()
        return None
    row.is_new = True
    row.base_digest = digest("")
    row.save()
    return row


def _set_changed(row: SharedText, document: Document, by: Actor) -> None:
    changed = row.is_new or digest(document.text) != row.base_digest
    if changed != row.changed:
        row.changed = changed
        telling.texts_changed(row.draft, by)


def _decoded(update: bytes) -> wire.Update:
    try:
        found = wire.decode(update)
    except wire.Malformed as error:
        raise _bad(str(error)) from None
    if any("\r" in piece.text or "\0" in piece.text for piece in found.pieces if piece.text):
        raise _bad("The update holds a letter that a file cannot have here.")
    return found


def _bad(text: str) -> Unprocessable:
    error: Detail = {"where": "update", "code": "bad_update", "detail": text}
    return Unprocessable(text, code="bad_update", errors=[error])


def _lacks(asked: wire.Update, now: dict[int, int]) -> bool:
    """Whether something of the update had to wait for edits that are not here."""
    ends = [(piece.client, piece.clock + piece.length) for piece in asked.pieces]
    ends += [(client, clock + length) for client, clock, length in asked.deletes]
    return any(end > now.get(client, 0) for client, end in ends)


def _fresh(wanted: list[tuple[int, int, int]], before: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The deletions that are not in `before` as a whole."""
    ends: dict[tuple[int, int], int] = {(client, clock): clock + length for client, clock, length in before}
    starts = sorted(ends)

    def known(client: int, clock: int, length: int) -> bool:
        at = bisect_right(starts, (client, clock)) - 1
        return at >= 0 and starts[at][0] == client and clock + length <= ends[starts[at]]

    return [each for each in wanted if not known(*each)]


def _removed(row: SharedText, actor: Actor, deletes: list[tuple[int, int, int]], base: _Base) -> bool:
    """Whether the deletions take away anything but what the actor typed since the last save."""
    if not deletes:
        return False
    own = set(TextWriter.objects.filter(shared=row, user=actor.user).values_list("client", flat=True))
    return any(client not in own or clock < base.clocks.get(client, 0) for client, clock, _ in deletes)


def _claim(row: SharedText, actor: Actor, clients: set[int], base: _Base, *, removed: bool) -> bool:
    """Note who is behind the client ids that inserted something; whether it is their first removal since the last save.

    Raises Forbidden for client ids of others.
    """
    owners = {each.client: each for each in TextWriter.objects.filter(shared=row, client__in=clients)}
    if any(each.user_id != (actor.user and actor.user.pk) for each in owners.values()):
        raise Forbidden("This edit is in somebody else's name.", code="not_yours")
    if any(client in base.clocks for client in clients - set(owners)):
        raise Forbidden("This edit is in somebody else's name.", code="not_yours")
    made = [
        TextWriter(shared=row, client=client, user=actor.user, name=actor.name[:220], email=actor.email)
        for client in clients - set(owners)
    ]
    TextWriter.objects.bulk_create(made)
    return removed and _note_removal(row, actor)


def _first_words(before: dict[int, int], base: _Base) -> bool:
    """Whether one of these clients (with their clocks until now) had inserted nothing since the last save."""
    return any(clock <= base.clocks.get(client, 0) for client, clock in before.items())


def _note_removal(row: SharedText, actor: Actor) -> bool:
    """Only deleting leaves no client id; such a writer gets a row all the same. False when it was noted before."""
    mine = TextWriter.objects.filter(shared=row, user=actor.user)
    if mine.filter(removed=True).exists():
        return False
    if not mine.update(removed=True):
        TextWriter.objects.create(
            shared=row, client=new_client(), user=actor.user, name=actor.name[:220], email=actor.email, removed=True
        )
    return True


def _check_size(document: Document) -> None:
    if len(document.text.encode()) > MAX_TEXT or len(document.state()) > MAX_STATE:
        text = "The text is too long to be edited here. Save, or discard what is not needed."
        raise Unprocessable(text, code="text_too_long")
