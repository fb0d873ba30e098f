"""What a decision takes, counted while it is made, so that no rule and no context make it slow.

A step is: a part that a loop runs for one element (all are paid for when the loop begins), an element of a list or
object that is turned into a text, compared, hashed or looked for, a character of a version, and of texts of more than
FREE characters each character that is read as a number or a path, or eight of those that are only looked through.
The SDK for TypeScript counts in the same way.
"""

import threading
from typing import Any

from variorum_client.rules.faults import MAX_SPENT, TooMuch

FREE = 256  # characters of a text that cost nothing


class _Meter(threading.local):
    left = MAX_SPENT


metered = _Meter()  # a decision begins with `metered.left = MAX_SPENT`: a call would cost as much again


def left() -> int:
    """How many steps this thread's present decision may still take."""
    return metered.left


def spend(steps: int) -> None:
    """Raises TooMuch when the decision has taken more than it may."""
    rest = metered.left = metered.left - steps
    if rest < 0:
        raise TooMuch(f"a decision may take {MAX_SPENT:,} steps")


def looked_through(text: str) -> str:
    """The text, paid for as one that is copied or searched."""
    if len(text) > FREE:
        spend(len(text) >> 3)
    return text


def read(text: str) -> str:
    """The text, paid for as one that is read as a number or a path."""
    if len(text) > FREE:
        spend(len(text))
    return text


def weigh(value: Any) -> None:
    """Pay for all that a value holds. A list that holds another one twice pays twice, so the walk ends early."""
    waiting, total, most = [value], 0, metered.left
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            total += len(one) >> 3 if len(one) > FREE else 0
        elif isinstance(one, (list, dict)):
            total += len(one)
            if total <= most:
                waiting.extend(one.values() if isinstance(one, dict) else one)
        if total > most:
            break
    spend(total)
