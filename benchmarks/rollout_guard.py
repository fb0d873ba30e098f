"""How often guards stop a harmless rollout, and how soon they stop a harmful one: simulated rollouts.

    python benchmarks/rollout_guard.py [rollouts]

A rollout goes 1 → 5 → 25 → 50 → 100 %, each step held until it has so many scored requests (shares of `needed`). After
every 20 requests the server's own code looks: `guards.Watch.harm` for each guard over all steps, then `plans.lacking`
for the hold. Scores are yes or no. "Three guards" watch independent figures, each with a third of the rate. "Tide": the
quality of every answer, the candidate's and the control's, falls from step to step, so that pooling all steps would
blame the candidate. "Mean exposure" is the share of requests that had got the candidate when it was stopped early.
"""

import math
import os
import sys

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "variorum.settings")
django.setup()

from monitoring.quality.guards import RATE, Watch, share_of_rate  # noqa: E402
from variorum.deployments.plans import Counts, lacking  # noqa: E402
from variorum.lib.sequential import Sample, needed  # noqa: E402

SHARES, LOOK, CATCH = (0.01, 0.05, 0.25, 0.5), 20, 0.05
HOLD = (0.04, 0.16, 0.85, 1.0)  # of `needed`, in each step
TIDE = (0.0, 0.03, 0.06, 0.09)  # how much worse every answer is in each step


def rollout(
    rng: np.random.Generator, good: float, worse_by: float, wanted: int, *, guards: int = 1, tide: bool = False
) -> tuple[float | None, float]:
    """The share at which a guard tripped (None: never before 100 %) and the exposure up to then."""
    watch = Watch("score", False, CATCH, 0.0, share_of_rate(guards))
    seen = np.zeros((guards, len(SHARES), 2, 2), dtype=np.int64)  # control and candidate; count and sum
    for step, share in enumerate(SHARES):
        hold = {"seconds": 0, "requests": 0, "scored": math.ceil(wanted * HOLD[step]), "approval": False}
        level = good - (TIDE[step] if tide else 0.0)
        while lacking({"hold": hold}, seconds=0, counts=Counts(scored=int(seen[0, step, 1, 0]))).measured:
            n = int(rng.binomial(LOOK, share))
            for guard in range(guards):
                harmed = worse_by if guard == 0 else 0.0
                seen[guard, step, 1] += (n, rng.binomial(n, level - harmed))
                seen[guard, step, 0] += (LOOK - n, rng.binomial(LOOK - n, level))
            if any(tripped(watch, seen[guard, : step + 1]) for guard in range(guards)):
                counts = seen[0, :, :, 0].sum(axis=0)
                return share, float(counts[1] / counts.sum())
    return None, math.nan


def tripped(watch: Watch, seen: "np.typing.NDArray[np.int64]") -> bool:
    """What the guard says of all steps so far."""
    periods = [tuple(Sample(int(n), float(k), float(k)) for n, k in step) for step in seen]
    found = watch.harm(periods)  # type: ignore[arg-type]
    return found is not None and found.tripped


def main() -> None:
    """Print a table."""
    rollouts = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rng = np.random.default_rng(7)
    print(f"{rollouts:,} rollouts each; stated rate of false stops {RATE:.0%}; harm to catch {CATCH:.0%} points")
    print("good answers  guards  tide  needed  false stops  caught  caught before 50 %  mean exposure")
    cases = [(0.5, 1, False), (0.8, 1, False), (0.9, 1, False), (0.95, 1, False), (0.99, 1, False)]
    for good, guards, tide in [*cases, (0.8, 3, False), (0.8, 1, True)]:
        deviation = math.sqrt(max(good * (1 - good), (good - CATCH) * (1 - good + CATCH)))
        wanted = needed(catch=CATCH, deviation=deviation, rate=share_of_rate(guards))
        falsely = [rollout(rng, good, 0.0, wanted, guards=guards, tide=tide)[0] is not None for _ in range(rollouts)]
        found = [rollout(rng, good, CATCH, wanted, guards=guards, tide=tide) for _ in range(rollouts)]
        early = [exposure for share, exposure in found if share is not None and share < 0.5]
        caught = sum(share is not None for share, _ in found)
        print(
            f"{good:12.0%} {guards:7} {'yes' if tide else 'no':>5} {wanted:7,} {sum(falsely) / rollouts:12.1%} "
            f"{caught / rollouts:7.1%} {len(early) / rollouts:19.1%} {np.mean(early) if early else math.nan:14.1%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
