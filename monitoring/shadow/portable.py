"""What of shadows travels with an export: nothing. The verdict travels as the check on its commit."""

from monitoring.shadow.models import Shadow, ShadowPair
from variorum.lib.portable import Stays, Table

TABLES: list[Table] = []
STAYS: Stays = {
    Shadow: "a shadow's verdict travels as the check on its commit; start it again for the rest",
    ShadowPair: "answers to logs, which stay where they were received",
}
