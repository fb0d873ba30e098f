"""The worker: `python -m variorum.worker` runs dramatiq in a child and the clock beside it.

The child is started again when it ends: dramatiq's master shuts everything down when one of its own children dies.
"""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time

log = logging.getLogger("variorum.worker")
PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent goes, however it goes (Linux)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _start_child() -> "subprocess.Popen[bytes]":
    from django.conf import settings  # noqa: PLC0415  (settings exist after django.setup)

    command = [
        sys.executable, "-m", "dramatiq", "variorum.jobs.actors",
        "--processes", "1", "--threads", str(settings.WORKER_THREADS), "--queues", "jobs",
        "--worker-shutdown-timeout", "5000",
    ]  # fmt: skip
    return subprocess.Popen(command, preexec_fn=_die_with_parent)  # noqa: PLW1509


def _free_dead_leases() -> None:
    """The jobs of workers of this host that are no more are claimed again at once, not after their lease."""
    from variorum.jobs import runner, services  # noqa: PLC0415
    from variorum.jobs.models import Job  # noqa: PLC0415

    prefix = runner.host_prefix()
    owners = Job.objects.filter(state=Job.State.RUNNING, lease_owner__startswith=prefix).values_list(
        "lease_owner", flat=True
    )
    alive = {o for o in owners if runner.process_name(int(o.split(":")[1])) == ":".join(o.split(":")[:3])}
    if freed := services.release_dead(prefix, alive):
        log.info("Freed %s jobs of workers that are gone.", freed)


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "variorum.settings")
    import django  # noqa: PLC0415

    django.setup()
    from django.db import connection  # noqa: PLC0415

    from variorum.jobs import schedule  # noqa: PLC0415

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    _free_dead_leases()
    connection.close()
    clock = threading.Thread(target=schedule.run_forever, args=(stop,), name="clock", daemon=True)
    clock.start()
    child = _start_child()
    while not stop.wait(0.5):
        if child.poll() is not None:
            log.warning("The worker process ended (%s); starting it again.", child.returncode)
            time.sleep(1)
            _free_dead_leases()
            connection.close()
            child = _start_child()
    child.terminate()
    try:
        child.wait(20)
    except subprocess.TimeoutExpired:
        child.kill()
    clock.join(3)


if __name__ == "__main__":
    main()
