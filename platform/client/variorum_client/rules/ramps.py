"""The rule of a ramp, in two steps with two seeds: who is exposed at all, and which arm the exposed get.

Going from 10 % to 40 % changes the first step only: everybody who was exposed stays so, in the same arm.
"""

from collections.abc import Mapping
from typing import Any

from variorum_client.rules.buckets import DEFAULT_HASH

PARTS = 100_000  # exposure is set in thousandths of a percent


def ramp(
    *,
    arms: Mapping[str, int],
    control: str,
    percent: float,
    seed: str,
    by: str = "targetingKey",
    only: Mapping[str, Any] | None = None,
    hash_name: str = DEFAULT_HASH,
) -> dict[str, Any]:
    """`targeting` and `metadata` of a rule that exposes `percent` (0 to 100) of the callers to `arms`.

    `arms`: variant -> weight; `control`: the variant of all others; `seed`: stays the same as long as the ramp
    lives; `by`: the path of what is hashed (a caller without it gets `control`); `only`: a condition that callers
    must meet. Raises ValueError for a share that is none.
    """
    if not 0 <= percent <= 100:
        raise ValueError(f"percent is between 0 and 100, not {percent}")
    if not arms or min(arms.values()) < 0 or not sum(arms.values()):
        raise ValueError("a ramp needs at least one arm with a weight above 0")
    exposed = round(percent * PARTS / 100)
    chosen: Any = {"fractional": [_seeded(seed, "arm", by), *[[name, weight] for name, weight in arms.items()]]}
    if len(arms) == 1:
        chosen = next(iter(arms))
    inside = {"fractional": [_seeded(seed, "exposure", by), [True, exposed], [False, PARTS - exposed]]}
    known = {"!": [{"missing": [by]}]}
    condition = {"and": [only, known, inside] if only else [known, inside]}
    return {"targeting": {"if": [condition, chosen, control]}, "metadata": {"hash": hash_name, "seed": seed}}


def _seeded(seed: str, step: str, by: str) -> dict[str, Any]:
    return {"cat": [f"{seed}/{step}/", {"var": by}]}
