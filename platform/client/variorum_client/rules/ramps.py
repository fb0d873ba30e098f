"""The rule of a ramp, in two steps with two seeds: who is exposed at all, and which arm the exposed get.

Going from 10 % to 40 % changes the first step only: everybody who was exposed stays so, in the same arm.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

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


class Share(NamedTuple):
    """A step of a rollout: `percent` (0 to 100) of the callers who meet `audience` (None: of all)."""

    percent: float
    audience: Mapping[str, Any] | None = None


def gradual(
    *, candidate: Any, steps: Sequence[Share], seed: str, by: str = "targetingKey", hash_name: str = DEFAULT_HASH
) -> dict[str, Any]:
    """`variants`, `targeting`, `defaultVariant` and `metadata` of a rollout's rule; the last of `steps` is the present.

    Variants: `candidate` and `control` are those whom the present step's share divides by chance, so these two may be
    compared; `early` kept the candidate that an earlier step's audience gave them, `outside` are all others. Nobody
    who ever got the candidate loses it at a later step. All but candidate and early have the value `live`. A caller
    without `by` is outside, until the candidate is everybody's. Raises ValueError for a share that is none.
    """
    if not steps or not all(0 <= step.percent <= 100 for step in steps):
        raise ValueError("a rollout has steps of 0 to 100 percent")
    now = steps[-1]
    rule: dict[str, Any] = {
        "variants": {"candidate": candidate, "early": candidate, "control": "live", "outside": "live"},
        "defaultVariant": "outside",
        "metadata": {"hash": hash_name, "seed": seed},
    }
    if now.percent == 100 and now.audience is None:
        return {**rule, "defaultVariant": "candidate"}

    def inside(percent: float) -> dict[str, Any]:
        exposed = round(percent * PARTS / 100)
        return {"fractional": [_seeded(seed, "exposure", by), [True, exposed], [False, PARTS - exposed]]}

    branches: list[Any] = [{"missing": [by]}, "outside"]
    for step in _kept(steps):
        branches += [step.audience or True, {"if": [inside(step.percent), "early", "outside"]}]
    if now.audience is not None:
        branches += [{"!": [now.audience]}, "outside"]
    return {**rule, "targeting": {"if": [*branches, inside(now.percent), "candidate", "control"]}}


def _kept(steps: Sequence[Share]) -> list[Share]:
    """Earlier steps that gave the candidate to somebody whom the last one would not give it, the widest first."""
    now = steps[-1]
    kept: dict[str, Share] = {}
    for step in steps[:-1]:
        covered = step.percent <= now.percent and now.audience in (None, step.audience)
        if step.percent and not covered:
            kept[repr(step.audience)] = max(kept.get(repr(step.audience), step), step, key=lambda one: one.percent)
    return sorted(kept.values(), key=lambda one: -one.percent)
