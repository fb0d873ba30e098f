"""The process that takes jobs from the queue and has the clock: `python -m variorum.jobs.process`.

dramatiq's own command line would keep a second process beside this one, to start and watch it; `variorum.worker`
does that already. SIGTERM ends it: jobs get five seconds to notice, then they are cut off as by a kill.
"""

import logging
import os
import signal
import threading

from dramatiq import Worker

from variorum.jobs import actors  # first: it sets Django up

STOP_MILLISECONDS = 5000


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    from django.conf import settings  # noqa: PLC0415  (settings exist after django.setup)
    from django.db import connection  # noqa: PLC0415

    from variorum.jobs import runner, schedule  # noqa: PLC0415
    from variorum.jobs.broker import QUEUE  # noqa: PLC0415

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    runner.free_dead_leases()
    connection.close()
    actors.broker.emit_after("process_boot")
    worker = Worker(actors.broker, queues={QUEUE}, worker_threads=settings.WORKER_THREADS)
    worker.start()
    clock = threading.Thread(target=schedule.run_forever, args=(stop,), name="clock", daemon=True)
    clock.start()
    stop.wait()
    worker.stop(timeout=STOP_MILLISECONDS)
    actors.broker.close()
    clock.join(3)
    logging.shutdown()
    os._exit(0)  # threads that are still in a job would hold up the end; its lease is freed by whoever comes next


if __name__ == "__main__":
    main()
