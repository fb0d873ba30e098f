"""What of quality travels with an export: the sampling rules, without what they spent."""

from monitoring.quality.models import PendingScore, SamplingRule
from variorum.lib.portable import Stays, Table

TABLES = [Table(SamplingRule, stays=("month", "spent", "skipped"))]
STAYS: Stays = {PendingScore: "logs that wait to be scored stay with the logs"}
