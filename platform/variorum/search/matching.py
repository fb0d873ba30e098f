"""How well a thing fits what was typed. Every typed word must begin a word of it, in any case of letters."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf

MAX_WORDS = 8
WHOLE, BEGINS, TITLE, SMALL, HIDDEN = 40, 20, 8, 3, 1


@dataclass(frozen=True)
class Item:
    """Something that can be found: `title` and `detail` are shown, `hidden` is text that matches too.

    `key` tells it apart from others of its `kind` (a path, a number, a name). `url` is its page within the project's,
    `at` when it last changed where that is known.
    """

    kind: str
    key: str
    title: str
    detail: str
    url: str
    at: datetime | None = None
    hidden: str = ""


def words_of(typed: str) -> list[str]:
    """What to look for: "#12 Triage" gives ["12", "triage"]."""
    words = (word.lstrip("#@") for word in typed.lower().split())
    return [word for word in words if word][:MAX_WORDS]


def pattern(word: str) -> str:
    """A word at the beginning of a word, for PostgreSQL's `~*`."""
    return f"(^|[^[:alnum:]]){re.escape(word)}"


def score(item: Item, words: Sequence[str]) -> int:
    """0 when a word is missing; the title counts more than what is small, its beginning more than its middle."""
    title = item.title.lower()
    total = WHOLE if words and title == " ".join(words) else 0
    total += BEGINS if words and (title.startswith(words[0]) or item.key.lower().startswith(words[0])) else 0
    for word in words:
        best = max((worth for worth, text in _texts(item, title) if _begins(word, text)), default=0)
        if not best:
            return 0
        total += best + (WHOLE if word == item.key.lower() else 0)
    return total


def ranked(items: Sequence[Item], words: Sequence[str]) -> list[Item]:
    """Those that fit, the best first; of equals what has no time, then the newest. Without words the newest first."""
    scored = [(score(item, words) if words else 1, item) for item in items]
    found = [(points, item) for points, item in scored if points]
    found.sort(
        key=lambda each: (-each[0], -(each[1].at.timestamp() if each[1].at else inf), each[1].title, each[1].key)
    )
    return [item for _, item in found]


def _texts(item: Item, title: str) -> list[tuple[int, str]]:
    return [(TITLE, title), (SMALL, item.detail.lower()), (HIDDEN, item.hidden.lower())]


def _begins(word: str, text: str) -> bool:
    return re.search(rf"(?:^|[\W_]){re.escape(word)}", text) is not None
