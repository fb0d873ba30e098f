"""What of fine-tunes travels with an export: the adapter and its card, which are in the repository."""

from variorum.lib.portable import Stays, Table
from variorum.training.models import TrainingJob, TrainingPoint

TABLES: list[Table] = []
STAYS: Stays = {
    TrainingJob: "what came of a fine-tune is the adapter with its card in the repository",
    TrainingPoint: "the curve of a fine-tune that stays",
}
