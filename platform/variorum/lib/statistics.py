"""Intervals and paired comparisons, each with its source. Seeded: the same data give the same figures.

Wilson (1927), J. Am. Stat. Assoc. 22, 209-212; why to prefer it: Newcombe (1998), Stat. Med. 17, 857-872.
BCa bootstrap: Efron (1987), J. Am. Stat. Assoc. 82, 171-185; Efron and Tibshirani (1993), chapter 14.
Score interval for paired proportions: Tango (1998), Stat. Med. 17, 891-908.
Exact test of paired proportions: McNemar (1947), Psychometrika 12, 153-157, with the binomial tail doubled.
Student's t quantile: Hill (1970), Algorithm 396, Commun. ACM 13, 619-620. Quantiles by order statistics: David and
Nagaraja (2003), Order Statistics, section 7.1.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Statistic = Callable[[Codes], float]  # of the rows at these positions (with repeats)

CONFIDENCE = 0.95
RESAMPLES = 2000
MOST_JACKKNIFE = 5000
CHUNK = 4_000_000


@dataclass(frozen=True)
class Interval:
    """A figure with its uncertainty. `method` names how the interval was made; `n` is the number of rows or pairs."""

    value: float
    low: float
    high: float
    n: int
    method: str
    confidence: float = CONFIDENCE

    def as_json(self) -> dict[str, Any]:
        """JSON-able, six decimals."""
        return {name: round(v, 6) if isinstance(v, float) else v for name, v in asdict(self).items()}


def wilson(successes: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's score interval of a proportion. n must be positive."""
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return Interval(p, min(low, p), max(high, p), n, "Wilson score", confidence)


def mean_t(n: int, total: float, squares: float, confidence: float = CONFIDENCE) -> Interval:
    """The mean of n >= 1 values, given their sum and their sum of squares, with Student's t interval."""
    mean = total / n
    variance = max(0.0, squares - n * mean * mean) / (n - 1) if n > 1 else 0.0
    if variance <= 1e-18 * max(1.0, mean * mean):
        return Interval(mean, mean, mean, n, "all values are equal" if n > 1 else "one value", confidence)
    half = t_quantile(0.5 + confidence / 2, n - 1) * math.sqrt(variance / n)
    return Interval(mean, mean - half, mean + half, n, "Student's t", confidence)


def t_quantile(share: float, freedom: int) -> float:
    """The value that Student's t exceeds with probability 1 - share (above 0.5). Within 0.1 % from 3 degrees on."""
    p = 2 * (1 - share)
    if freedom == 1:
        return math.tan(math.pi * (share - 0.5))
    if freedom == 2:
        return math.sqrt(2 / (p * (2 - p)) - 2)
    a = 1 / (freedom - 0.5)
    b = 48 / a**2
    c = ((20700 * a / b - 98) * a - 16) * a + 96.36
    d = ((94.5 / (b + c) - 3) / b + 1) * math.sqrt(a * math.pi / 2) * freedom
    y = (d * p) ** (2 / freedom)
    if y <= 0.05 + a:
        e = ((freedom + 6) / (freedom * y) - 0.089 * d - 0.822) * (freedom + 2) * 3
        y = ((1 / e + 0.5 / (freedom + 4)) * y - 1) * (freedom + 1) / (freedom + 2) + 1 / y
        return math.sqrt(freedom * y)
    x = -NormalDist().inv_cdf(p / 2)
    y = x * x
    if freedom < 5:
        c += 0.3 * (freedom - 4.5) * (x - 0.6)
    c = (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b + c
    y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x
    return math.sqrt(freedom * math.expm1(a * y * y))


def quantile_ranks(n: int, share: float, confidence: float = CONFIDENCE) -> tuple[int, int]:
    """Which of n sorted values (from 1) bound the quantile from below and above; 0 and n + 1 mean: no bound.

    No assumption on the distribution: the number of values below the true quantile is binomial.
    """
    tail = (1 - confidence) / 2
    return _low_rank(n, share, tail), n + 1 - _low_rank(n, 1 - share, tail)


def _low_rank(n: int, share: float, tail: float) -> int:
    """The largest rank whose value exceeds the quantile with a probability of at most `tail`."""
    low, high = 0, int(n * share)
    while low < high:
        middle = (low + high + 1) // 2
        if _binomial_below(middle - 1, n, share) <= tail:
            low = middle
        else:
            high = middle - 1
    return low


def _binomial_below(k: int, n: int, p: float) -> float:
    """P(X <= k) for k below the mean: the terms fall from k downwards."""
    log_term = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    term = math.exp(log_term + k * math.log(p) + (n - k) * math.log1p(-p))
    total = 0.0
    while k >= 0 and term > 1e-12 * total:
        total += term
        term *= k * (1 - p) / ((n - k + 1) * p)
        k -= 1
    return total


def bootstrap_mean(values: Sequence[float], *, seed: int = 0, confidence: float = CONFIDENCE) -> Interval:
    """The mean with its BCa bootstrap interval. Needs at least one value; equal values give a point."""
    data = np.asarray(values, dtype=np.float64)
    mean, n = float(data.mean()), len(data)
    if n < 2 or float(data.min()) == float(data.max()):
        return Interval(mean, mean, mean, n, "all values are equal" if n > 1 else "one value", confidence)
    rng = np.random.default_rng(seed)
    rows = max(1, CHUNK // n)
    means = np.concatenate(
        [data[rng.integers(0, n, (size, n))].mean(axis=1) for size in _portions(RESAMPLES, rows)]
    )  # fmt: skip
    jackknife = (data.sum() - data) / (n - 1)
    return _bca(mean, means, jackknife, n, confidence)


def bootstrap_statistic(n: int, statistic: Statistic, *, seed: int = 0, confidence: float = CONFIDENCE) -> Interval:
    """Any figure of n rows with its bootstrap interval: BCa up to 5,000 rows, percentile above."""
    every = np.arange(n)
    value = statistic(every)
    rng = np.random.default_rng(seed)
    drawn = np.array([statistic(rng.integers(0, n, n)) for _ in range(RESAMPLES)])
    if not 2 <= n <= MOST_JACKKNIFE:
        return _percentile(value, drawn, n, confidence)
    jackknife = np.array([statistic(np.delete(every, position)) for position in range(n)])
    return _bca(value, drawn, jackknife, n, confidence)


def tango(gained: int, lost: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """Tango's score interval of the difference of two paired proportions.

    `gained` pairs went from wrong to right, `lost` from right to wrong, of n. Unlike a bootstrap it stays honest when
    few or no pairs changed: 0 of n gives plus and minus z²/(n + z²).
    """
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    value = (gained - lost) / n

    def score(delta: float) -> float:
        a, c = 2 * n, -lost * delta * (1 - delta)
        b = -gained - lost + (2 * n - gained + lost) * delta
        q = (math.sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
        variance = n * (2 * q + delta * (1 - delta))
        return (
            (gained - lost - n * delta) / math.sqrt(variance)
            if variance > 0
            else math.copysign(math.inf, value - delta)
        )

    low = _root(lambda delta: score(delta) - z, -1.0, value)
    high = _root(lambda delta: score(delta) + z, value, 1.0)
    return Interval(value, low, high, n, "Tango score, paired", confidence)


def mcnemar_exact(gained: int, lost: int) -> float:
    """The two-sided exact p-value that gains and losses are equally likely; 1.0 when nothing changed."""
    total, least = gained + lost, min(gained, lost)
    if total == 0:
        return 1.0
    tail, term = 0, 1
    for k in range(least + 1):
        tail += term
        term = term * (total - k) // (k + 1)
    return (
        min(1.0, 2 * (tail / 2**total))
        if total < 1000
        else min(1.0, 2 * math.exp(math.log(tail) - total * math.log(2)))
    )


def macro_f1(truth: Codes, answers: Codes, labels: int) -> float:
    """The mean F1 of the labels that occur in `truth`. Codes run from 0 to labels - 1; -1 in `answers`: none."""
    right = truth == answers
    hits = np.bincount(truth[right], minlength=labels)
    wanted = np.bincount(truth, minlength=labels)
    given = np.bincount(answers[answers >= 0], minlength=labels)
    seen = wanted > 0
    return float(np.mean(2 * hits[seen] / (wanted + given)[seen])) if seen.any() else 0.0


def quantile(values: Sequence[float], share: float) -> float | None:
    """The value that `share` of all do not exceed, interpolated; None for no values."""
    return float(np.quantile(np.asarray(values, dtype=np.float64), share)) if len(values) else None


def _bca(value: float, drawn: Floats, jackknife: Floats, n: int, confidence: float) -> Interval:
    """Bias-corrected and accelerated; falls back to percentile where the correction is undefined."""
    normal = NormalDist()
    below = float(np.mean(drawn < value) + np.mean(drawn == value) / 2)
    spread = jackknife.mean() - jackknife
    scale = float((spread**2).sum()) ** 1.5
    if not 0 < below < 1 or scale == 0:
        return _percentile(value, drawn, n, confidence)
    bias, acceleration = normal.inv_cdf(below), float((spread**3).sum()) / (6 * scale)

    def level(tail: float) -> float:
        z = bias + normal.inv_cdf(tail)
        return normal.cdf(bias + z / (1 - acceleration * z))

    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [level(tail), level(1 - tail)])
    return Interval(value, float(low), float(high), n, "BCa bootstrap", confidence)


def _percentile(value: float, drawn: Floats, n: int, confidence: float) -> Interval:
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(value, float(low), float(high), n, "percentile bootstrap", confidence)


def _portions(total: int, most: int) -> list[int]:
    return [min(most, total - start) for start in range(0, total, most)]


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function crosses zero, by halving."""
    for _ in range(60):
        middle = (low + high) / 2
        if function(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
