"""What open pages of a draft are told while people edit it together. None of it is kept."""

import base64
from typing import Any

from variorum.accounts.access import Actor
from variorum.drafts.models import Draft, SharedText
from variorum.events import live

MOST = 4_500  # bytes of an update that travel with the news; a page fetches larger ones


def topic(draft: Draft) -> str:
    """What a page follows on its stream to hear of a draft's texts and people."""
    return f"drafts/{draft.number}"


def tell(draft: Draft, kind: str, data: dict[str, Any]) -> None:
    """Tell the pages that have this draft open."""
    live.publish(draft.project_id, kind, ("draft", str(draft.number)), data, topic=topic(draft))


def text_updated(row: SharedText, update: bytes) -> None:
    """A text has one more update."""
    sent = base64.b64encode(update).decode() if len(update) <= MOST else None
    tell(row.draft, "text.progress", {"text": row.pk, "seq": row.seq, "update": sent})


def texts_changed(draft: Draft, actor: Actor) -> None:
    """There is something else to be saved than before."""
    tell(draft, "text.changed", {"actor": actor.name})
