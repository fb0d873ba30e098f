"""An hour in the life of an app whose server fails in every way, in simulated time: how many reads fail?

    python benchmarks/client_hour.py [SEEDS]

The network, the clock and the disk are played (tests/fakes/hour.py says how); the SDK is the real one.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.fakes.hour import Hour


def main() -> None:
    """Print the counts of each hour."""
    faults: Counter[str] = Counter()
    failed = 0
    for seed in range(1, int(sys.argv[1]) + 1 if len(sys.argv) > 1 else 4):
        with tempfile.TemporaryDirectory() as folder:
            counts = Hour(seed=seed, folder=Path(folder)).live()
        faults += counts.faults
        failed += counts.failed
        print(f"hour {seed}: {counts.reads:,} reads, {counts.failed} failed")
        print(f"  {counts.fetches} exchanges, {counts.failures} failed and were counted")
        print(f"  {counts.deploys} deploys, in use after {counts.lag:.1f} s at most while the server was well")
        print(f"  {counts.restarts} restarts, {counts.forks} forks, {counts.jumps} jumps of the clock")
        print(f"  {counts.disk_failures} failed writes to disk; {counts.lines} lines in the app's log")
    print("exchanges by what the network did:", ", ".join(f"{name} {n}" for name, n in faults.most_common()))
    print(f"failed reads: {failed}")


if __name__ == "__main__":
    main()
