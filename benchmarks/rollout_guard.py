"""How often guards stop a harmless rollout, and how soon they stop a harmful one: simulated rollouts.

    python benchmarks/rollout_guard.py [rollouts [seed]]

A rollout goes 1 → 5 → 25 → 50 → 100 %, each step held until it has so many scored requests (shares of `needed`). The
guards look after every 20 requests. All requests of a rollout are drawn at once and summed by numpy, which also says
at which looks the evidence is anywhere near the boundary; at each of those the server's own code decides
(`guards.Watch.harm`), and `plans.lacking` says where a step ends. In every rollout numpy's evidence is compared with
the server's at looks chosen by chance; a difference ends the run.

Figures: "yes or no" scores and errors; "rating" is a judge's 1 to 5 mapped to 0 to 1; "mean" is a score anywhere
between 0 and 1; latencies are a mixture of a quick and a slow kind, costs have a long tail. Harm is 5 points; of
latency and cost it is 20 %. Three guards watch independent figures, each with a third of the rate; the first is harmed.

Drift: "falls" makes every answer, the candidate's and the control's, worse from step to step, so that pooling all
steps would blame the candidate. "days" is day and night: the traffic between two looks goes up and down by 80 % and
the quality by 5 points each way, and over the rollout the quality falls by 5 points more. "Mean exposure" is the share
of requests that had got the candidate when it was stopped before the 50 % step. Ends with 1 when a line breaks what
docs/rollouts.md states.
"""

import math
import os
import sys
import time
from dataclasses import dataclass
from typing import Any

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "variorum.settings")
django.setup()

from monitoring.quality.guards import LOGARITHMS, RATE, Watch, share_of_rate  # noqa: E402
from variorum.deployments.plans import Counts, lacking  # noqa: E402
from variorum.lib.sequential import MINIMUM, POINT, POINTS_PART, TAIL, Sample, needed  # noqa: E402

SHARES, LOOK, POINTS, PERCENT = (0.01, 0.05, 0.25, 0.5), 20, 0.05, 0.2
HOLD = (0.04, 0.16, 0.85, 1.0)  # of `needed`, in each step
FALLS = (0.0, 0.03, 0.06, 0.09)  # how much worse every answer is in each step
DAY, SWING, SLOPE = 300, 0.05, 0.05  # looks of a day, half of the quality's way up and down, its fall over all
NEAR = 0.5  # of the logarithm of the evidence: looks so near to the boundary are decided by the server's code
COMPARED = 3  # looks of each rollout at which numpy and the server must agree
Array = Any


@dataclass(frozen=True)
class Case:
    """A line of the table. `level` is the mean of a score, the share of errors, or of no meaning."""

    measure: str
    kind: str
    level: float = 0.0
    guards: int = 1
    drift: str = "no"

    @property
    def catch(self) -> float:
        """The harm to be found."""
        return PERCENT if self.measure in LOGARITHMS else POINTS

    @property
    def watch(self) -> Watch:
        """A guard as the server makes it."""
        return Watch(self.measure, self.measure != "score", self.catch, 0.0, share_of_rate(self.guards))

    def values(self, rng: np.random.Generator, level: Array, *, harmed: bool) -> Array:
        """One value for each request; `level` is the mean of each."""
        n = len(level)
        sign = 1 if self.measure == "errors" else -1
        level = np.clip(level + (sign * self.catch if harmed else 0.0), 0.001, 0.999)
        if self.kind == "yes or no":
            return (rng.random(n) < level).astype(float)
        if self.kind == "rating":
            return rng.binomial(4, level) / 4
        if self.kind == "mean":
            return rng.beta(6 * level, 6 * (1 - level))
        worse = math.log1p(self.catch) if harmed else 0.0
        if self.measure == "latency":
            slow = rng.random(n) < 0.3
            return worse + np.where(slow, rng.normal(math.log(2500), 0.6, n), rng.normal(math.log(400), 0.3, n))
        return worse + rng.normal(math.log(0.002), 1.0, n)

    def deviation(self) -> float:
        """Of one value, the larger of both sides."""
        rng, one = np.random.default_rng(1), np.full(100_000, self.level)
        return max(float(self.values(rng, one, harmed=harmed).std()) for harmed in (False, True))


CASES = (
    *(Case("score", "yes or no", good) for good in (0.5, 0.8, 0.9, 0.95, 0.99)),
    Case("score", "yes or no", 0.8, guards=3),
    Case("score", "yes or no", 0.8, drift="falls"),
    Case("score", "yes or no", 0.8, drift="days"),
    Case("errors", "yes or no", 0.02),
    Case("errors", "yes or no", 0.1, drift="days"),
    Case("score", "rating", 0.7),
    Case("score", "mean", 0.7),
    Case("score", "mean", 0.7, drift="days"),
    Case("latency", "two kinds"),
    Case("cost", "long tail"),
)


def rollout(rng: np.random.Generator, case: Case, wanted: int, *, harmed: bool) -> tuple[float | None, float]:
    """The share at which a guard tripped (None: never before 100 %) and the exposure up to then."""
    looks = traffic(rng, case, wanted)
    first, exposure = len(looks.step), math.nan
    for guard in range(case.guards):
        seen = sums(rng, case, looks, harmed=harmed and guard == 0)
        found = tripped_at(rng, case.watch, seen)
        if found is not None and found < first:
            first = found
            exposure = float(seen[found, :, 1, 0].sum() / seen[found, :, :, 0].sum())
    return (SHARES[looks.step[first]], exposure) if first < len(looks.step) else (None, math.nan)


@dataclass(frozen=True)
class Looks:
    """The requests of a rollout: which look each comes before, whether it got the candidate; each look's step."""

    look: Array
    candidate: Array
    step: Array


def traffic(rng: np.random.Generator, case: Case, wanted: int) -> Looks:
    """Requests until every step has held, as the server's code for holding says."""
    looks, candidates, steps, begin = [], [], [], 0
    phase = rng.random() * DAY
    for step, share in enumerate(SHARES):
        hold = {"seconds": 0, "requests": 0, "scored": math.ceil(wanted * HOLD[step]), "approval": False}
        most = math.ceil(hold["scored"] / share / LOOK * 1.5) + 2 * DAY
        size = np.full(most, LOOK)
        if case.drift == "days":
            size = rng.poisson(LOOK * (1 + 0.8 * day(np.arange(begin, begin + most) + phase)))
        look = np.repeat(np.arange(most), size)
        candidate = rng.random(len(look)) < share
        held = np.cumsum(np.bincount(look[candidate], minlength=most))
        end = int(np.searchsorted(held, hold["scored"]))
        for at, waits in ((end, False), (end - 1, True)):
            counts = Counts(scored=int(held[at]) if at >= 0 else 0)
            if lacking({"hold": hold}, seconds=0, counts=counts).measured is not waits:
                raise SystemExit("The hold is not where the server puts it.")
        inside = look <= end
        looks.append(look[inside] + begin)
        candidates.append(candidate[inside])
        steps.append(np.full(end + 1, step))
        begin += end + 1
    return Looks(np.concatenate(looks), np.concatenate(candidates), np.concatenate(steps))


def day(at: Array) -> Array:
    """From -1 in the night to 1 at noon."""
    return np.sin(2 * math.pi * at / DAY)


def sums(rng: np.random.Generator, case: Case, looks: Looks, *, harmed: bool) -> Array:
    """[look, step, side, (count, sum, sum of squares)] as a guard is given them at each look; side 0 is the control."""
    level = np.full(len(looks.look), case.level)
    worse = 1 if case.measure == "errors" else -1
    if case.drift == "falls":
        level += worse * np.array(FALLS)[looks.step[looks.look]]
    if case.drift == "days":
        level += worse * (SWING * day(looks.look + rng.random() * DAY) + SLOPE * looks.look / len(looks.step))
    value = np.where(looks.candidate, case.values(rng, level, harmed=harmed), case.values(rng, level, harmed=False))
    count = len(looks.step)
    seen = np.zeros((count, len(SHARES), 2, 3))
    for side, mine in enumerate((~looks.candidate, looks.candidate)):
        for place, weights in enumerate((None, value[mine], value[mine] ** 2)):
            each = np.bincount(looks.look[mine], weights=weights, minlength=count)
            for step in range(len(SHARES)):
                seen[:, step, side, place] = np.cumsum(np.where(looks.step == step, each, 0.0))
    return seen


def tripped_at(rng: np.random.Generator, watch: Watch, seen: Array) -> int | None:
    """The first look at which the server's code says that the guard trips."""
    evidence = log_evidence(watch, seen)
    for look in rng.integers(0, len(seen), COMPARED):
        compare(watch, seen[look], float(evidence[look]))
    for look in np.flatnonzero(evidence >= -math.log(watch.rate) - NEAR):
        found = watch.harm(periods(seen[look]))
        if found is not None and found.tripped:
            return int(look)
    return None


def periods(seen: Array) -> list[tuple[Sample, Sample]]:
    """As the server reads them from the logs."""
    made = [[Sample(int(n), float(total), float(squares)) for n, total, squares in step] for step in seen]
    return [(control, candidate) for control, candidate in made]


def log_evidence(watch: Watch, seen: Array) -> Array:
    """`variorum.lib.sequential.harm_over` for every look at once; -inf where it says nothing."""
    both = (seen[:, :, 0, 0] > 0) & (seen[:, :, 1, 0] > 0)
    part = seen * both[:, :, None, None]
    n, m = np.maximum(part[:, :, 0, 0], 1e-9), np.maximum(part[:, :, 1, 0], 1e-9)
    weights = np.where(both, n * m / (n + m), 0.0)
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    value = (weights * (part[:, :, 1, 1] / m - part[:, :, 0, 1] / n)).sum(axis=1)
    value *= 1 if watch.higher_is_worse else -1
    logs = watch.measure in LOGARITHMS
    catch = math.log1p(watch.catch) if logs else watch.catch
    sides = [one_variance(part[:, :, side].sum(axis=1), smooth=not logs) for side in (0, 1)]
    variance = (weights**2 * (sides[0][:, None] / n + sides[1][:, None] / m)).sum(axis=1)
    enough = (part[:, :, :, 0].sum(axis=1).min(axis=1) >= MINIMUM) & (variance > 0)
    variance = np.where(enough, variance, 1.0)
    point = math.log(POINTS_PART) + POINT * catch * (value - POINT * catch / 2) / variance
    spread = 1 + (TAIL * catch) ** 2 / variance
    z = value / np.sqrt(variance) * np.sqrt((spread - 1) / spread)
    half = np.array([math.erfc(-min(max(one, -25.0), 25.0) / math.sqrt(2)) / 2 for one in z])
    tail = math.log(2 * (1 - POINTS_PART)) - np.log(spread) / 2 + z * z / 2 + np.log(half)
    return np.where(enough, np.logaddexp(point, tail), -math.inf)


def one_variance(side: Array, *, smooth: bool) -> Array:
    """Of one value, from [look, (count, sum, sum of squares)]."""
    n, total, squares = (side + np.array([2, 1, 1]) if smooth else side).T
    n = np.maximum(n, 2)
    return np.maximum(squares - total * total / n, 0.0) / (n - 1)


def compare(watch: Watch, seen: Array, evidence: float) -> None:
    """Ends the run unless the server's evidence is numpy's."""
    found = watch.harm(periods(seen))
    server = -math.inf if found is None else math.log(max(found.evidence, 1e-300))
    if server == evidence or min(abs(server), abs(evidence)) > 600:
        return
    if not abs(server - evidence) < 1e-6 * max(1.0, abs(server)) and max(server, evidence) > -300:
        raise SystemExit(f"numpy says {evidence}, the server {server}")


def main() -> None:
    """Print a table."""
    rollouts = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    rng, began, broken = np.random.default_rng(seed), time.perf_counter(), []
    print(f"{rollouts:,} rollouts each way, seed {seed}")
    print(f"at most {RATE:.0%} false stops stated; at least 95 % caught before 50 %\n")
    print("| figure | values | mean | guards | drift | needed | false stops | caught | before 50 % | mean exposure |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for case in CASES:
        watch = case.watch
        catch = math.log1p(watch.catch) if case.measure in LOGARITHMS else watch.catch
        wanted = needed(catch=catch, deviation=case.deviation(), rate=watch.rate)
        falsely = sum(rollout(rng, case, wanted, harmed=False)[0] is not None for _ in range(rollouts)) / rollouts
        found = [rollout(rng, case, wanted, harmed=True) for _ in range(rollouts)]
        early = [exposure for share, exposure in found if share is not None and share < 0.5]
        caught = sum(share is not None for share, _ in found) / rollouts
        mean = f"{case.level:.0%}" if case.level else "–"
        print(
            f"| {case.measure} | {case.kind} | {mean} | {case.guards} | {case.drift} | {wanted:,} | {falsely:.1%} | "
            f"{caught:.1%} | {len(early) / rollouts:.1%} | {np.mean(early) if early else math.nan:.1%} |",
            flush=True,
        )
        if falsely > RATE or len(early) < 0.95 * rollouts:
            broken.append(case)
    print(f"\n{time.perf_counter() - began:.0f} s")
    for case in broken:
        print(f"Not as stated: {case}")
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
