"""What the clock does for the gateway."""

from datetime import timedelta

from django.utils import timezone

from monitoring.gateway.models import KeptAnswer, KeySpend

KEEP = {"minute": timedelta(hours=1), "day": timedelta(days=40), "month": timedelta(days=800)}


def clean() -> None:
    """Forget answers that are no longer good, and what keys used long ago."""
    now = timezone.now()
    KeptAnswer.objects.filter(until__lt=now).delete()
    for span, age in KEEP.items():
        KeySpend.objects.filter(span=span, start__lt=now - age).delete()
