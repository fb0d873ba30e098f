"""The comparison of a guard: what it says when, its interval, and its false-alarm rate under constant looking."""

import numpy as np
import pytest

from variorum.lib.sequential import MINIMUM, Sample, harm, harm_over, needed


def shares(n: int, good: int) -> Sample:
    """Yes-or-no values."""
    return Sample(n, float(good), float(good))


def looked_at(good: float, worse_by: float, *, rollouts: int, seed: int) -> tuple[int, int]:
    """Of so many rollouts with 100 looks each: how many tripped, how many had the truth outside at any look."""
    rng = np.random.default_rng(seed)
    tripped = missed = 0
    for _ in range(rollouts):
        theirs, ours = np.cumsum(rng.binomial(20, good, 100)), np.cumsum(rng.binomial(10, good - worse_by, 100))
        looks = [
            harm(
                shares(20 * i, int(theirs[i - 1])), shares(10 * i, int(ours[i - 1])), higher_is_worse=False, catch=0.05
            )
            for i in range(1, 101)
        ]
        said = [look for look in looks if look]
        tripped += any(look.tripped for look in said)
        missed += any(not look.low <= worse_by <= look.high for look in said)
    return tripped, missed


@pytest.mark.parametrize("good", [0.5, 0.8, 0.95])
def test_a_harmless_candidate_is_rarely_stopped_however_often_it_is_looked_at(good: float) -> None:
    tripped, missed = looked_at(good, 0.0, rollouts=200, seed=1)
    assert tripped <= 20  # 5 % of 200 is 10; 20 has a probability of 0.2 % then
    assert missed <= 20


def test_a_harmful_candidate_is_stopped() -> None:
    tripped, missed = looked_at(0.8, 0.1, rollouts=100, seed=2)
    assert tripped >= 95
    assert missed <= 12


def test_nothing_is_said_before_there_are_values() -> None:
    enough, few = shares(MINIMUM, 20), shares(MINIMUM - 1, 0)
    assert harm(enough, few, higher_is_worse=False, catch=0.05) is None
    assert harm(few, enough, higher_is_worse=False, catch=0.05) is None


def test_the_direction_and_the_margin() -> None:
    control, candidate = shares(5000, 100), shares(2000, 140)  # 2 % and 7 % errors
    found = harm(control, candidate, higher_is_worse=True, catch=0.02)
    assert found is not None
    assert found.value == pytest.approx(0.05)
    assert found.low < 0.05 < found.high
    assert found.tripped
    better = harm(control, candidate, higher_is_worse=False, catch=0.02)
    assert better is not None
    assert (better.value, better.tripped) == (-found.value, False)
    tolerated = harm(control, candidate, higher_is_worse=True, catch=0.02, margin=0.05)
    assert tolerated is not None
    assert not tolerated.tripped


@pytest.mark.parametrize("bad", range(20, 81, 5))
def test_a_guard_trips_when_the_whole_interval_is_beyond_the_margin(bad: int) -> None:
    found = harm(shares(4000, 400), shares(400, bad), higher_is_worse=True, catch=0.05, margin=0.02)
    assert found is not None
    assert found.tripped is (found.low >= 0.02)
    assert found.high - found.value == pytest.approx(found.value - found.low)


def test_measures_that_never_vary() -> None:
    flat = Sample(100, 200.0, 400.0)
    same = harm(flat, flat, higher_is_worse=True, catch=0.1, share=False)
    assert same is not None
    assert (same.value, same.low, same.high, same.tripped) == (0.0, 0.0, 0.0, False)
    slower = harm(flat, Sample(100, 300.0, 900.0), higher_is_worse=True, catch=0.1, share=False)
    assert slower is not None
    assert slower.tripped


def test_how_many_values_are_needed() -> None:
    few, many = needed(catch=0.1, deviation=0.4), needed(catch=0.05, deviation=0.4)
    assert 3 * few < many < 6 * few
    assert needed(catch=0.05, deviation=0.4, rate=0.01) > many


def test_periods_are_compared_each_with_itself() -> None:
    # A bad hour while the candidate had half of the traffic, a good one while it had a hundredth: no harm at all,
    # although pooled the candidate looks 17 points worse.
    periods = [(shares(9900, 8910), shares(100, 90)), (shares(1000, 500), shares(1000, 500))]
    found = harm_over(periods, higher_is_worse=False, catch=0.05)
    assert found is not None
    assert (found.value, found.tripped) == (0.0, False)
    pooled = harm(shares(10900, 9410), shares(1100, 590), higher_is_worse=False, catch=0.05)
    assert pooled is not None
    assert pooled.tripped
    alone = [(shares(0, 0), shares(500, 0)), *periods]
    assert harm_over(alone, higher_is_worse=False, catch=0.05) == found
