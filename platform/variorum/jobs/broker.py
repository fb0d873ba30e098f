"""The queue: one URL-to-broker function, one actor that carries a job's id."""

import logging
from functools import cache

import dramatiq
from django.conf import settings
from dramatiq.broker import Broker
from dramatiq.middleware import AgeLimit, Callbacks, Pipelines, Retries, ShutdownNotifications

log = logging.getLogger(__name__)
QUEUE = "jobs"


def postgres_url() -> str:
    """The default database as a libpq address, for the broker's own pool and for listeners."""
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415  (the web's fast lane needs it only at start)

    database = settings.DATABASES["default"]
    parts = {
        "dbname": database["NAME"],
        "user": database["USER"],
        "password": database["PASSWORD"],
        "host": database["HOST"],
        "port": database["PORT"],
        **database["OPTIONS"],
    }
    return make_conninfo(**{name: value for name, value in parts.items() if value and isinstance(value, str)})


def make_broker(url: str) -> Broker:
    """A broker for redis://, amqp:// or postgresql://; the empty address is the product's own database."""
    scheme = url.split(":", 1)[0]
    middleware = [AgeLimit(), ShutdownNotifications(), Callbacks(), Pipelines(), Retries(max_retries=0)]
    if scheme in {"redis", "rediss"}:
        from dramatiq.brokers.redis import RedisBroker  # noqa: PLC0415  (only the chosen driver is loaded)

        return RedisBroker(url=url, middleware=middleware)  # type: ignore[no-untyped-call]
    if scheme in {"amqp", "amqps"}:
        from dramatiq.brokers.rabbitmq import RabbitmqBroker  # noqa: PLC0415

        return RabbitmqBroker(url=url, middleware=middleware)
    from dramatiq_postgres import PostgresBroker  # noqa: PLC0415
    from psycopg_pool import ConnectionPool  # noqa: PLC0415

    pool = ConnectionPool(
        url or postgres_url(), min_size=0, max_size=8, open=True, kwargs={"application_name": "variorum-queue"}
    )
    made: Broker = PostgresBroker(
        pool=pool, results=False, middleware=middleware, heartbeat_interval=5.0, heartbeat_ttl=20.0
    )
    return made


@cache
def actor() -> "dramatiq.Actor[[int], None]":
    """The one actor. Made at first use: a web process that queues nothing opens no connection."""
    broker = make_broker(settings.BROKER_URL)
    dramatiq.set_broker(broker)
    decorate = dramatiq.actor(broker=broker, queue_name=QUEUE, actor_name="run_job", max_retries=0)
    made: dramatiq.Actor[[int], None] = decorate(_run)
    return made


def _run(job_id: int) -> None:
    from variorum.jobs.runner import run_job  # noqa: PLC0415  (runner imports services, which imports this module)

    run_job(job_id)


def hint(job_id: int) -> None:
    """Send a job's id. A queue that does not answer costs nothing but time: the sweep sends it again."""
    try:
        actor().send(job_id)
    except Exception:  # noqa: BLE001  (each broker has its own errors; the job row is the truth)
        log.warning("The queue did not take the hint for job %s; the sweep will send it again.", job_id)
