"""How long a small piece of work takes."""

import time
from collections.abc import Callable


def best(work: Callable[[], object], turns: int, rounds: int = 15) -> float:
    """Microseconds of one turn in the quietest round."""
    found = float("inf")
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(turns):
            work()
        found = min(found, (time.perf_counter() - began) / turns * 1e6)
    return found
