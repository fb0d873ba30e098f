"""An hour in the life of an app whose server, network, disk and clock fail in every way, in simulated time.

    python benchmarks/client_hour.py [SEEDS]

Clock, network and disk are played (tests/fakes/hour.py says how); the SDK, its threads and its event loop are the real
ones. Each hour is lived through twice: by an app with Client and by one with AsyncClient.
"""

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.fakes.hour import Counts, Hour
from tests.fakes.network import KINDS


def told(counts: Counts) -> None:
    """The counts of one hour."""
    print(f"  reads       {counts.reads:,}, {counts.failed} failed; one that knew something waited {counts.waited:g} s")
    print(f"  exchanges   {counts.fetches} for the bundle, {counts.failures} failed and were counted")
    print(
        f"  stream      {counts.stream_opened} opened, {counts.stream_failures} failures, {counts.stream_events} events"
    )
    print(f"  deploys     {counts.deploys}, in use after {counts.lag:.2f} s at most while the stream was open and well")
    print(f"  old reads   {counts.stale} of a commit that had been replaced for 240 s of a server that was well")
    print(
        f"  logs        {counts.logs:,}: {counts.logs_sent:,} sent ({counts.logs_duplicate} twice, stored once),"
        f" {counts.logs_dropped:,} dropped and {counts.logs_rejected} rejected (both counted),"
        f" {counts.logs_lost:,} in memory at a kill or fork, {counts.uncounted} uncounted"
    )
    print(f"              {counts.log_failures} exchanges failed; log() held the app up for {counts.blocked:.2f} s")
    print(f"  starts      {_list(counts.starts)}; ends: {_list(counts.ends)}")
    print(f"  shaken by   {_list(counts.shakes)}; {counts.disk_failures} failures of the disk counted")
    print(f"  app's log   {sum(counts.lines.values())} lines: {_list(counts.lines)}")
    print(f"  exchanges in the busiest minute: {_list(Counter(counts.busiest))}")


def _list(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {n}" for name, n in counter.most_common())


def main() -> None:
    """Print the counts of each hour, and in the end the exchanges by what they met."""
    met: Counter[str] = Counter()
    reads = failed = uncounted = 0
    for seed in range(1, int(sys.argv[1]) + 1 if len(sys.argv) > 1 else 3):
        for asynchronous in (False, True):
            began = time.perf_counter()
            with tempfile.TemporaryDirectory() as folder:
                counts = Hour(seed=seed, folder=Path(folder), asynchronous=asynchronous).live()
            face = "AsyncClient" if asynchronous else "Client"
            print(f"hour {seed} with {face}, in {time.perf_counter() - began:.0f} s of real time")
            told(counts)
            met += counts.met
            reads, failed, uncounted = reads + counts.reads, failed + counts.failed, uncounted + counts.uncounted
    for kind in KINDS:
        found = {name.partition(": ")[2]: n for name, n in met.items() if name.startswith(kind)}
        print(f"exchanges for {kind} by what they met: {_list(Counter(found))}")
    print(f"in all: {reads:,} reads, {failed} failed; logs that nothing counted: {uncounted}")


if __name__ == "__main__":
    main()
