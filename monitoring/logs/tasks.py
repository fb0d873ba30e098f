"""What the clock does for logs."""

import logging
from datetime import UTC, datetime, time, timedelta

from django.conf import settings

from evals.metrics.models import Score
from monitoring.logs import partitions
from monitoring.logs.models import LogDay, LogHour, ScoreHour
from variorum.jobs import schedule

log = logging.getLogger(__name__)
ROLLUP_DAYS = 400  # hourly sums outlive the logs: thirteen months, or as long as the logs when those are kept longer


def keep_partitions() -> None:
    """Make the next days' partitions and drop what retention no longer keeps. Safe to run again."""
    day = partitions.today()
    partitions.ensure(day + timedelta(days=ahead) for ahead in range(-1, 4))
    first = partitions.oldest_day()
    if gone := partitions.drop_before(first):
        log.info("Retention of logs: dropped %s days up to %s.", len(gone), gone[-1])
    LogDay.objects.filter(day__lt=first).delete()
    if schedule.once_per(86_400, "logs.retention"):
        _drop_old_rows(datetime.combine(day, time(), tzinfo=UTC))


def _drop_old_rows(midnight: datetime) -> None:
    """Scores go with their logs, sums later."""
    Score.objects.filter(subject_kind="log", at__lt=midnight - timedelta(days=settings.LOG_RETENTION_DAYS)).delete()
    keep = timedelta(days=max(ROLLUP_DAYS, settings.LOG_RETENTION_DAYS))
    LogHour.objects.filter(hour__lt=midnight - keep).delete()
    ScoreHour.objects.filter(hour__lt=midnight - keep).delete()
