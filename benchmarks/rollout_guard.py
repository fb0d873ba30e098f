"""How often a guard stops a harmless rollout, and how soon it stops a harmful one: simulated rollouts.

    python benchmarks/rollout_guard.py [rollouts]

A rollout goes 1 → 5 → 25 → 50 → 100 %, each step held until the candidate has its share of `needed` scored requests;
the guard looks after every 20 requests at the whole history of both sides. Scores are yes or no (an error, a judge's
verdict); "mean exposure" is the share of requests that had got the candidate when it was stopped before 50 %.
"""

import math
import sys

import numpy as np

from variorum.lib.sequential import Sample, harm, needed

STEPS, LOOK, RATE, CATCH = (0.01, 0.05, 0.25, 0.5, 1.0), 20, 0.05, 0.05
HOLD = (0.04, 0.16, 0.8)  # of `needed`, before 5 %, before 25 %, before 50 %


def rollout(rng: np.random.Generator, good: float, worse_by: float, wanted: int) -> tuple[float | None, float]:
    """The step at which the guard tripped (None: never) and the exposure up to then."""
    seen = np.zeros((2, 2), dtype=np.int64)  # control and candidate; count and sum
    for step, share in enumerate(STEPS[:-1]):
        until = wanted * sum(HOLD[: step + 1]) if step < len(HOLD) else wanted * 2
        while seen[1, 0] < until:
            n = int(rng.binomial(LOOK, share))
            seen[1] += (n, rng.binomial(n, good - worse_by))
            seen[0] += (LOOK - n, rng.binomial(LOOK - n, good))
            control, candidate = (Sample(int(n), float(k), float(k)) for n, k in seen)
            found = harm(control, candidate, higher_is_worse=False, catch=CATCH, rate=RATE)
            if found and found.tripped:
                return share, float(seen[1, 0] / seen[:, 0].sum())
    return None, math.nan


def main() -> None:
    """Print a table."""
    rollouts = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rng = np.random.default_rng(7)
    print(f"{rollouts:,} rollouts each; stated rate of false stops {RATE:.0%}; harm to catch {CATCH:.0%} points")
    print("good answers   needed   false stops   caught   caught before 50 %   mean exposure")
    for good in (0.5, 0.8, 0.9, 0.95, 0.99):
        wanted = needed(catch=CATCH, deviation=math.sqrt(max(good * (1 - good), (good - CATCH) * (1 - good + CATCH))))
        falsely = [rollout(rng, good, 0.0, wanted)[0] is not None for _ in range(rollouts)]
        found = [rollout(rng, good, CATCH, wanted) for _ in range(rollouts)]
        early = [exposure for share, exposure in found if share is not None and share < 0.5]
        caught = sum(share is not None for share, _ in found)
        print(
            f"{good:12.0%} {wanted:8,} {sum(falsely) / rollouts:13.1%} {caught / rollouts:8.1%} "
            f"{len(early) / rollouts:20.1%} {np.mean(early):15.1%}"
        )


if __name__ == "__main__":
    main()
