"""An hour of simulated time with faults injected: no read of the app fails."""

from pathlib import Path

from tests.fakes.hour import FAULTS, Hour


def test_no_read_fails_in_an_hour_of_faults(tmp_path: Path) -> None:
    counts = Hour(seed=1, folder=tmp_path, step=2.0).live()
    assert (counts.failed, dict(counts.errors)) == (0, {})
    assert counts.reads > 5_000
    assert counts.failures > 50  # counted, each of them
    assert len(counts.faults) > len(FAULTS) // 2
    assert min(counts.updates, counts.deploys, counts.disk_failures, counts.forks, counts.restarts, counts.jumps) > 5
    assert counts.stale == 0
    assert counts.lines < 180  # three sorts of trouble, once a minute each
