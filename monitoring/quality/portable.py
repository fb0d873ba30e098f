"""What of quality travels with an export: the sampling rules, without what they spent, and the guards of rollouts."""

from monitoring.quality.models import Guard, PendingScore, SamplingRule
from variorum.lib.portable import Stays, Table

TABLES = [
    Table(SamplingRule, stays=("month", "spent", "skipped")),
    Table(Guard, project="rollout__project"),
]
STAYS: Stays = {PendingScore: "logs that wait to be scored stay with the logs"}
