"""What dramatiq's command line imports: Django, then the one actor."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "variorum.settings")
django.setup()

from variorum.jobs import broker as _broker  # noqa: E402  (after django.setup)

actor = _broker.actor()
broker = actor.broker
