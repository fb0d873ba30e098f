"""How often an error rule fires on a healthy day: simulated days of requests whose true error rate never changes.

`python benchmarks/alert_false_alarms.py [days]` evaluates a rule "error rate above 5 %, two in a row" every
ten seconds, as the clock does, and prints the share of days with at least one alert.
"""

import sys

import numpy as np

SECONDS, STEP, LIMIT, CONSECUTIVE, MINIMUM = 86_400, 10, 0.05, 2, 20
Z = 1.959964


def fires(rng: np.random.Generator, rate: float, per_minute: float, window: int, *, sure: bool) -> bool:
    """Whether one day has an alert. `rate` is the true share of errors, `window` is in minutes."""
    asked = rng.poisson(per_minute * STEP / 60, SECONDS // STEP)
    failed = rng.binomial(asked, rate)
    width = window * 60 // STEP
    n = np.convolve(asked, np.ones(width, dtype=int), "valid")
    k = np.convolve(failed, np.ones(width, dtype=int), "valid")
    share = k / np.maximum(n, 1)
    if sure:  # Wilson's lower bound
        m = np.maximum(n, 1)
        half = Z / (1 + Z * Z / m) * np.sqrt(share * (1 - share) / m + Z * Z / (4 * m * m))
        share = (share + Z * Z / (2 * m)) / (1 + Z * Z / m) - half
    beyond = (share > LIMIT) & (n >= MINIMUM)
    return bool(np.convolve(beyond, np.ones(CONSECUTIVE, dtype=int), "valid").max() >= CONSECUTIVE)


def main() -> None:
    """Print a table."""
    days = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    rng = np.random.default_rng(2)
    print(f"days with an alert, of {days}; limit 5 %")
    for per_minute, window in ((10, 15), (100, 15), (100, 60)):
        for rate in (0.02, 0.03, 0.04, 0.05):
            sure, estimate = (
                sum(fires(rng, rate, per_minute, window, sure=kind) for _ in range(days)) / days
                for kind in (True, False)
            )
            print(
                f"{per_minute:4} a minute, {window:2} min, true {rate:.0%}: sure {sure:6.1%}, estimate {estimate:6.1%}"
            )


if __name__ == "__main__":
    main()
