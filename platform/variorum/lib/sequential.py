"""A comparison that may be looked at after every request and still keeps its stated rate of false alarms.

The difference of two means, divided by its variance, moves like Brownian motion in the time 1/variance (the canonical
form of group-sequential theory: Jennison and Turnbull (2000), chapter 3). Over that motion runs a one-sided mixture
martingale, and by Ville's inequality it ever reaches 1/rate with probability `rate` at most, whatever the prior on the
harm that it mixes over (Robbins (1970), Ann. Math. Stat. 41, 1397-1409; Howard, Ramdas, McAuliffe and Sekhon (2021),
Ann. Stat. 49, 1055-1080, section 3.2). The prior here has two parts. A point is the sequential probability ratio test
(Wald (1945), Ann. Math. Stat. 16, 117-186): of all boundaries its straight one is the lowest at the information
2·ln(1/rate)/point², so half of `catch` puts the power where a harm of `catch` is found at the latest. A half-normal
of deviation 1.5 `catch` finds much greater harm soon. Each end of the interval is the same test, of "the harm is no
more than this" and of "no less than this": a guard trips when the whole interval is beyond the margin.

Valid asymptotically (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), Ann. Stat. 52, 2613-2640): therefore
nothing is said before MINIMUM values on each side, shares get the variance of two more values, one of each kind, and
benchmarks/rollout_guard.py counts the false alarms that are left.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

MINIMUM = 30  # values on each side before anything is said
POINT, POINTS_PART = 0.5, 0.8  # of `catch`; of the prior
TAIL = 1.5  # the half-normal's deviation, of `catch`


@dataclass(frozen=True)
class Sample:
    """What was seen of one side: how many values, their sum, the sum of their squares."""

    n: int
    total: float
    squares: float

    @property
    def mean(self) -> float:
        """Their mean; n must be positive."""
        return self.total / self.n


@dataclass(frozen=True)
class Harm:
    """How much worse the candidate is, in the metric's unit, positive for worse.

    `low` is no more than the truth at all looks together, but for the probability `rate`; `high` is no less, likewise.
    `evidence` is the mixture's value: it reaches 1/rate with probability `rate` at most while there is no harm beyond
    the margin. `tripped` says that it has.
    """

    value: float
    low: float
    high: float
    evidence: float
    tripped: bool


def harm(
    control: Sample,
    candidate: Sample,
    *,
    higher_is_worse: bool,
    catch: float,
    rate: float = 0.05,
    margin: float = 0.0,
    share: bool = True,
) -> Harm | None:
    """The candidate beside the control; None while there is too little of either to say anything.

    `catch`: the harm beyond the margin that is to be found soonest (it tunes the mixture, and changes no promise);
    `rate`: how often a harmless candidate may trip over the whole rollout, however often it is looked at;
    `margin`: a harm up to this is tolerated; `share`: values lie between 0 and 1 (scores, errors). Take logarithms of
    latencies and costs before. With several metrics divide `rate` by their number.
    """
    return harm_over(
        [(control, candidate)], higher_is_worse=higher_is_worse, catch=catch, rate=rate, margin=margin, share=share
    )


def harm_over(
    periods: Sequence[tuple[Sample, Sample]],
    *,
    higher_is_worse: bool,
    catch: float,
    rate: float = 0.05,
    margin: float = 0.0,
    share: bool = True,
) -> Harm | None:
    """As `harm`, for (control, candidate) of several periods in which the candidate had different shares of traffic.

    Each side is compared with the other of the same period alone: a better or worse time of day, met mostly by one of
    them, is no harm. The periods' differences are weighted by n·m/(n+m) (Mantel and Haenszel), which does not depend
    on the outcomes; a period that lacks one side says nothing. Each side has one variance over all its values.
    """
    both = [(control, candidate) for control, candidate in periods if control.n and candidate.n]
    controls, candidates = _together([one for one, _ in both]), _together([one for _, one in both])
    if min(controls.n, candidates.n) < MINIMUM:
        return None
    weights = [control.n * candidate.n / (control.n + candidate.n) for control, candidate in both]
    parts = [weight / sum(weights) for weight in weights]
    value = sum(part * (candidate.mean - control.mean) for part, (control, candidate) in zip(parts, both, strict=True))
    value *= 1 if higher_is_worse else -1
    of_control, of_candidate = _variance(controls, share=share), _variance(candidates, share=share)
    variance = sum(
        part * part * (of_control / control.n + of_candidate / candidate.n)
        for part, (control, candidate) in zip(parts, both, strict=True)
    )
    if variance <= 0:  # every value the same on either side: nothing moves, so nothing can be said of chance
        return Harm(value, value, value, math.inf if value > margin else 0.0, value > margin)
    width = _width(variance, catch, rate)
    evidence = math.exp(min(_evidence(value - margin, variance, catch), 700.0))
    return Harm(value, value - width, value + width, evidence, evidence * rate >= 1)


def needed(*, catch: float, deviation: float, rate: float = 0.05, power: float = 0.97) -> int:
    """Candidate's values until a harm of `catch` is found with this probability, beside a control ten times as large.

    By doubling until the expected path, less the deviation for `power`, reaches the boundary. `deviation`: the
    standard deviation of one value.
    """
    behind = NormalDist().inv_cdf(power)
    n = MINIMUM
    while n < 10**9:
        variance = 1.1 * deviation**2 / n
        if _evidence(catch - behind * math.sqrt(variance), variance, catch) >= -math.log(rate):
            break
        n = math.ceil(n * 1.05)
    return n


def _together(sides: Sequence[Sample]) -> Sample:
    return Sample(sum(s.n for s in sides), sum(s.total for s in sides), sum(s.squares for s in sides))


def _variance(side: Sample, *, share: bool) -> float:
    """Of one value."""
    n, total, squares = (side.n + 2, side.total + 1, side.squares + 1) if share else (side.n, side.total, side.squares)
    return max(squares - total * total / n, 0.0) / (n - 1)


def _evidence(value: float, variance: float, catch: float) -> float:
    """Logarithm of the mixture at information 1/variance."""
    point = POINT * catch * (value - POINT * catch / 2) / variance
    spread = 1 + (TAIL * catch) ** 2 / variance  # (information + 1/deviation²) * deviation²
    z = value / math.sqrt(variance) * math.sqrt((spread - 1) / spread)
    tail = math.log(2) - math.log(spread) / 2 + z * z / 2 + _log_normal_cdf(z)
    return _log_sum(math.log(POINTS_PART) + point, math.log(1 - POINTS_PART) + tail)


def _log_sum(one: float, other: float) -> float:
    """Of two numbers given as logarithms."""
    return max(one, other) + math.log1p(math.exp(-abs(one - other)))


def _log_normal_cdf(z: float) -> float:
    if z > -30:
        return math.log(math.erfc(-z / math.sqrt(2)) / 2)
    return -z * z / 2 - math.log(-z * math.sqrt(2 * math.pi))


def _width(variance: float, catch: float, rate: float) -> float:
    """The harm beyond the margin at which the test trips, found by halving."""
    low, high = 0.0, math.sqrt(variance)
    while _evidence(high, variance, catch) < -math.log(rate):
        low, high = high, 2 * high
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if _evidence(middle, variance, catch) < -math.log(rate) else (low, middle)
    return high
