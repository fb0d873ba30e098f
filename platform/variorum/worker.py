"""The worker: `python -m variorum.worker` keeps `variorum.jobs.process` alive, which takes jobs and has the clock.

It loads no Django and none of our packages, so that watching costs next to no memory. What it watches may die by
kill -9, by the system for want of memory, or by a job's fault in C code: it is started again, and frees its leases.
"""

import ctypes
import signal
import subprocess
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
STABLE_SECONDS = 30.0
LONGEST_PAUSE = 30.0
STOP_SECONDS = 20


def _die_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent goes, however it goes (Linux)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _start_child() -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "variorum.jobs.process"]
    return subprocess.Popen(command, preexec_fn=_die_with_parent)  # noqa: PLW1509


def main() -> None:
    """Run until SIGTERM or SIGINT. A child that dies soon after its start is started again after a growing pause."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    child, began, pause = _start_child(), time.monotonic(), 1.0
    while not stop.wait(0.5):
        if child.poll() is None:
            continue
        pause = 1.0 if time.monotonic() - began > STABLE_SECONDS else pause
        sys.stderr.write(f"The worker process ended ({child.returncode}); it starts again in {pause:.0f} s.\n")
        if stop.wait(pause):
            break
        child, began, pause = _start_child(), time.monotonic(), min(2 * pause, LONGEST_PAUSE)
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()


if __name__ == "__main__":
    main()
