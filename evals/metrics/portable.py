"""What of metrics travels with an export: the project's own, every version. Built-in ones are there already."""

from evals.metrics.models import Metric, Score
from variorum.lib.portable import Stays, Table

TABLES = [Table(Metric, known=("slug", "version"))]
STAYS: Stays = {Score: "scores of results and logs, which stay"}
