"""Some minutes of simulated time with faults injected: no read of the app fails, and every log is counted.

The whole hour: benchmarks/client_hour.py.
"""

from pathlib import Path

import pytest

from tests.fakes.hour import Hour


@pytest.mark.parametrize("asynchronous", [False, True])
def test_no_read_fails_and_no_log_is_lost_uncounted(tmp_path: Path, asynchronous: bool) -> None:
    counts = Hour(seed=1, folder=tmp_path, seconds=600, step=1.0, spell=4.0, asynchronous=asynchronous).live()
    assert (counts.failed, dict(counts.errors), counts.uncounted) == (0, {}, 0)
    assert (counts.waited, counts.stale) == (0.0, 0)
    assert counts.blocked < 0.1
    assert counts.reads > 1_500
    assert counts.logs_sent > 300
    assert min(counts.failures, counts.stream_failures, counts.log_failures, counts.logs_dropped) > 5
    met = {name for name in counts.met if not name.endswith("well")}
    assert len(met) > 30
    assert min(counts.deploys, counts.stream_opened, counts.disk_failures, sum(counts.shakes.values())) > 2
    assert sum(counts.lines.values()) < 5 * 10 * 2  # five sorts of trouble, once a minute each, in each process
