"""What of logs travels with an export: nothing. They are many, they are about people, and they have their own door."""

from monitoring.logs.models import Log, LogDay, LogHour, LogText, ScoreHour
from variorum.lib.portable import Stays, Table

WHY = "logs are many and about people; they stay where they were received"
TABLES: list[Table] = []
STAYS: Stays = dict.fromkeys((Log, LogText, LogDay, LogHour, ScoreHour), WHY)
