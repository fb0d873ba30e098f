"""API keys that are refused cost the database little, at every door of this process: it remembers them for a moment.

When many different ones come (somebody guesses, or an app has lost its key a thousand times), only so many are looked
up in a second. Of the others a list of all keys says whether a look is worth it, read at most once a second. So a good
key is looked up always, whoever else comes from its address; one that was made just now may wait for the news of it.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TypeVar

from variorum.lib.errors import Unauthenticated

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="variorum"'}
KINDS = ("api_key.", "member.", "user.", "project.")  # of events after which a refused key may be good
UNKNOWN = "unknown_key"
REFUSED_SECONDS = 2.0
LIST_SECONDS = 1.0
LIST_PART = 20  # reading the list takes at most one part in so many of the time
MOST_REFUSED = 10_000
BURST = 50  # unknown keys that are looked up at once
PER_SECOND = 20.0  # and on the long run
T = TypeVar("T")


def unknown() -> Unauthenticated:
    """The refusal of a key that is none."""
    return Unauthenticated("This API key is not known here.", code=UNKNOWN, headers=CHALLENGE)


class Strangers:
    """Those of one process. Safe for threads. `every` reads the hashes of all keys that there are."""

    def __init__(self, every: Callable[[], Iterable[str]], clock: Callable[[], float] = time.monotonic) -> None:
        self._every, self._clock = every, clock
        self._lock, self._reading = threading.Lock(), threading.Lock()
        self._refused: OrderedDict[str, tuple[str, str, float]] = OrderedDict()  # what is said, its code, until when
        self._list: frozenset[str] = frozenset()
        self._list_until = 0.0
        self._left, self._counted = float(BURST), clock()
        self._news = 0

    def __len__(self) -> int:
        return len(self._refused)

    def look_up(self, hashed: str, find: Callable[[str], T]) -> T:
        """What `find` gives for the hash of a token. Raises Unauthenticated as it does, often without asking it."""
        detail, code, until = self._refused.get(hashed, ("", "", 0.0))
        if until > self._clock():
            raise Unauthenticated(detail, code=code, headers=CHALLENGE)
        news, began = self._news, self._clock()
        looked = not self._many() or self._is_listed(hashed)
        try:
            if not looked:
                raise unknown()
            return find(hashed)
        except Unauthenticated as problem:
            self._remember(hashed, problem, began, news, looked=looked)
            raise

    def code_of(self, hashed: str) -> str:
        """Why a key was refused lately; "" for every other."""
        _, code, until = self._refused.get(hashed, ("", "", 0.0))
        return code if until > self._clock() else ""

    def forget(self) -> None:
        """Some key, or its maker, has changed."""
        with self._lock:
            self._news += 1
            self._refused.clear()
            self._list_until = 0.0

    def _remember(self, hashed: str, problem: Unauthenticated, began: float, news: int, *, looked: bool) -> None:
        with self._lock:
            if looked and problem.stable_code == UNKNOWN:
                self._left -= 1
            if news != self._news:
                return  # it may have been made just now
            self._refused[hashed] = problem.detail, problem.stable_code, began + REFUSED_SECONDS
            self._refused.move_to_end(hashed)
            while len(self._refused) > MOST_REFUSED:
                self._refused.popitem(last=False)

    def _many(self) -> bool:
        """Whether too many unknown keys were looked up lately."""
        with self._lock:
            now = self._clock()
            self._left = min(float(BURST), self._left + (now - self._counted) * PER_SECOND)
            self._counted = now
            return self._left < 1

    def _is_listed(self, hashed: str) -> bool:
        """Whether there is such a key, as far as the list knows; one thread reads it for all."""
        with self._reading:
            began = self._clock()
            if self._list_until <= began:
                news = self._news
                self._list = frozenset(self._every())
                took = self._clock() - began
                with self._lock:
                    self._list_until = began + max(LIST_SECONDS, took * LIST_PART) if news == self._news else 0.0
            return hashed in self._list
