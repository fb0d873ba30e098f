"""What of jobs travels with an export."""

from variorum.jobs.models import Job
from variorum.lib.portable import Stays, Table

TABLES: list[Table] = []
STAYS: Stays = {Job: "jobs were done by workers of one installation; what came of them is in the repository"}
