"""Our intervals against scipy's, published figures and simulation."""

import numpy as np
import pytest

from variorum.lib import statistics as st


@pytest.mark.parametrize(("k", "n"), [(0, 10), (3, 10), (10, 10), (81, 263), (15, 148), (1, 1), (500, 1000)])
def test_wilson_is_scipys(k, n):
    from scipy.stats import binomtest

    ours, theirs = st.wilson(k, n), binomtest(k, n).proportion_ci(method="wilson")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_wilson_as_published():
    """Newcombe (1998), table I, method 3: 81/263 and 0/20."""
    first, none = st.wilson(81, 263), st.wilson(0, 20)
    assert (round(first.low, 4), round(first.high, 4)) == (0.2553, 0.3662)
    assert (round(none.low, 4), round(none.high, 4)) == (0.0, 0.1611)


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (5, 0), (10, 3), (40, 60), (700, 600), (1500, 1400)])
def test_mcnemar_is_the_binomial_test(gained, lost):
    from scipy.stats import binomtest

    want = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert st.mcnemar_exact(gained, lost) == pytest.approx(want, rel=1e-6)


def test_tango_as_published():
    """Tango (1998), table I (cross-over of soft lenses): 44 pairs, 0 and 1 discordant; and none of n changed."""
    lens = st.tango(1, 0, 44)
    assert (lens.low, lens.high) == pytest.approx((-0.0600, 0.1184), abs=2e-3)
    z2 = 1.959964**2
    same = st.tango(0, 0, 50)
    assert (same.value, same.low, same.high) == pytest.approx((0, -z2 / (50 + z2), z2 / (50 + z2)), abs=1e-6)


@pytest.mark.parametrize(
    ("gained", "lost", "n"), [(0, 0, 1), (1, 0, 1), (0, 1, 1), (5, 5, 10), (100, 0, 100), (3, 9, 1000)]
)
def test_tango_is_ordered_and_mirrored(gained, lost, n):
    ours, mirrored = st.tango(gained, lost, n), st.tango(lost, gained, n)
    assert -1 <= ours.low <= ours.value <= ours.high <= 1
    assert (-mirrored.high, -mirrored.low) == pytest.approx((ours.low, ours.high), abs=1e-9)


def test_tango_covers_about_as_often_as_it_says():
    rng = np.random.default_rng(3)
    draws = rng.multinomial(60, [0.12, 0.05, 0.83], size=2000)
    covered = [st.tango(g, b, 60) for g, b, _ in draws]
    assert 0.93 <= np.mean([i.low <= 0.07 <= i.high for i in covered]) <= 0.98


def test_bca_is_scipys():
    from scipy.stats import bootstrap

    data = np.random.default_rng(1).exponential(size=80)
    theirs = bootstrap(
        (data,), np.mean, n_resamples=9999, method="BCa", rng=np.random.default_rng(2)
    ).confidence_interval
    ours = st.bootstrap_mean(data, seed=5)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=0.03)
    assert ours == st.bootstrap_mean(data, seed=5)
    assert ours.method == "BCa bootstrap"


def test_bootstrap_covers_about_as_often_as_it_says():
    rng = np.random.default_rng(11)
    intervals = [st.bootstrap_mean(rng.beta(2, 1, size=50), seed=n) for n in range(300)]
    assert 0.91 <= np.mean([i.low <= 2 / 3 <= i.high for i in intervals]) <= 0.98


@pytest.mark.parametrize("values", [[0.5], [0.25] * 7])
def test_equal_values_are_a_point(values):
    found = st.bootstrap_mean(values)
    assert (found.low, found.value, found.high) == (values[0],) * 3


def test_macro_f1_is_sklearns_definition():
    truth = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2])
    answers = np.array([0, 0, 1, 1, 0, 2, 2, -1, 2])
    # by hand: f1(0) = 4/6, f1(1) = 2/4, f1(2) = 6/7
    assert st.macro_f1(truth, answers, 4) == pytest.approx((4 / 6 + 2 / 4 + 6 / 7) / 3)
    interval = st.bootstrap_statistic(9, lambda rows: st.macro_f1(truth[rows], answers[rows], 4), seed=1)
    assert interval.low < interval.value < interval.high


def test_quantiles():
    assert (st.quantile([], 0.5), st.quantile([1, 2, 3], 0.5), st.quantile([4], 0.95)) == (None, 2.0, 4.0)


def test_student_s_t_agrees_with_scipy():
    from scipy.special import stdtrit

    for freedom in (1, 2, 3, 4, 5, 8, 20, 100, 5000):
        assert st.t_quantile(0.975, freedom) == pytest.approx(stdtrit(freedom, 0.975), rel=1e-3)
    found = st.mean_t(4, 10.0, 30.0)  # 1, 2, 3, 4
    assert (found.value, found.n, round(found.high - found.value, 3)) == (2.5, 4, 2.054)
    assert st.mean_t(3, 1.5, 0.75).method == "all values are equal"


@pytest.mark.parametrize(("n", "share"), [(5, 0.5), (100, 0.5), (100, 0.99), (299, 0.99), (400, 0.99), (40_000, 0.95)])
def test_a_quantile_is_bounded_by_ranks(n, share):
    from scipy.special import bdtr

    low, high = st.quantile_ranks(n, share)
    for rank, missed in ((low, lambda r: bdtr(r - 1, n, share)), (n + 1 - high, lambda r: bdtr(r - 1, n, 1 - share))):
        assert rank == 0 or missed(rank) <= 0.025
        assert missed(rank + 1) > 0.025
