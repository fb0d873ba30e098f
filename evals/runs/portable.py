"""What of evaluations travels with an export: the suites. What an evaluation found stands on its commit as a check."""

from evals.runs.models import EvaluationJob, Result, Suite
from variorum.lib.portable import Stays, Table

TABLES = [Table(Suite)]
STAYS: Stays = {
    EvaluationJob: "an evaluation's verdict travels as the check on its commit; run it again for the rest",
    Result: "outputs of evaluations that stay",
}
