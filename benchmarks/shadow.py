"""Does a shadow's interval hold what it promises, and does asking in both orders take a judge's favourite place away?

    python benchmarks/shadow.py [shadows per case]

A scripted judge knows the better answer of a pair with a probability of its own and guesses otherwise; 70 % of its
guesses are "first". Each case plays many shadows through the product's own functions (pairwise.read_answer, combine,
figures.win_rate). Beside each stands the same judge asked once, with the candidate first: what the swap is for.

coverage: how often the 95 % interval holds the win rate that the judge would give with unlimited pairs.
better, worse: how often the verdict said so. With equal answers, both together should stay below 5 %.
"""

import os
import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "platform"), str(ROOT / "platform" / "client"), str(ROOT)]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "variorum.settings")

import django  # noqa: E402

django.setup()

from evals.metrics.pairwise import ORDERS, Preference, combine, read_answer  # noqa: E402
from monitoring.shadow.figures import win_rate  # noqa: E402

FAVOUR = 0.7
PAIRS = 200


@dataclass(frozen=True)
class Case:
    """Shares of pairs in which the candidate, or the live answer, is really better; how often the judge knows."""

    candidate: float
    live: float
    knows: float
    pairs: int = PAIRS

    @property
    def name(self) -> str:
        """For the table."""
        truth = f"{self.candidate:.0%} better, {self.live:.0%} worse"
        return f"{truth}, judge knows {self.knows:.0%}, {self.pairs} pairs"


CASES = [
    Case(0, 0, 0),
    Case(0.25, 0.25, 0.5),
    Case(0.4, 0.4, 0.9),
    Case(0.02, 0.02, 0.9),
    Case(0.25, 0.25, 0.5, pairs=30),
    Case(0.4, 0.25, 0.9),
    Case(0.25, 0.4, 0.9),
    Case(0.5, 0.2, 0.6),
]


def said(rng: random.Random, truth: str, order: str, knows: float) -> Preference:
    """What the judge says of a pair with the candidate in this place."""
    if truth and rng.random() < knows:
        right = order if truth == "candidate" else ORDERS[1 - ORDERS.index(order)]
        return read_answer(f'{{"better": "{right}"}}', order)
    if not truth and rng.random() < knows:
        return read_answer('{"better": "tie"}', order)
    return read_answer(f'{{"better": "{"first" if rng.random() < FAVOUR else "second"}"}}', order)


def both(rng: random.Random, truth: str, knows: float) -> str:
    """The outcome of a pair as shadows judge it."""
    return combine([said(rng, truth, order, knows) for order in ORDERS]).outcome


def once(rng: random.Random, truth: str, knows: float) -> str:
    """The outcome when the judge is asked once, the candidate first."""
    return {"candidate": "win", "live": "loss", "tie": "tie"}[said(rng, truth, "first", knows).winner]


Judge = Callable[[random.Random, str, float], str]


def play(rng: random.Random, case: Case, judge: Judge, pairs: int) -> Counter[str]:
    """The outcomes of one shadow."""
    truths = rng.choices(
        ["candidate", "live", ""], [case.candidate, case.live, 1 - case.candidate - case.live], k=pairs
    )
    return Counter(judge(rng, truth, case.knows) for truth in truths)


def measure(case: Case, judge: Judge, shadows: int) -> tuple[float, float, float, float]:
    """(true rate of this judge, coverage, share called better, share called worse)."""
    rng = random.Random(17)
    many = play(rng, case, judge, 300_000)
    true = (many["win"] + many["tie"] / 2) / many.total()
    found = [play(rng, case, judge, case.pairs) for _ in range(shadows)]
    rates = [win_rate(one["win"], one["tie"], one["loss"]) for one in found]
    covered = sum(rate.low - 1e-9 <= true <= rate.high + 1e-9 for rate in rates)
    better, worse = sum(rate.low > 0.5 for rate in rates), sum(rate.high < 0.5 for rate in rates)
    return true, covered / shadows, better / shadows, worse / shadows


def main() -> None:
    """Print a row a case."""
    shadows = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"{shadows} shadows a case; the judge's guesses are “first” for {FAVOUR:.0%}")
    print(f"{'':58}  {'both orders':^35}   {'asked once, candidate first':^35}")
    head = f"{'rate':>7} {'coverage':>9} {'better':>8} {'worse':>8}"
    print(f"{'':58}  {head}   {head}")
    for case in CASES:
        columns = [
            f"{true:7.1%} {cover:9.1%} {better:8.1%} {worse:8.1%}"
            for true, cover, better, worse in (measure(case, judge, shadows) for judge in (both, once))
        ]
        print(f"{case.name:58}  {'   '.join(columns)}", flush=True)


if __name__ == "__main__":
    main()
