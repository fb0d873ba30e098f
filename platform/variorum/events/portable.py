"""What of the audit trail travels with an export."""

from variorum.events.models import Delivery, Event, Notice
from variorum.lib.portable import Stays, Table

TABLES: list[Table] = []
STAYS: Stays = {
    Event: "the audit trail says what happened on one installation",
    Notice: "an inbox belongs to a person of one installation",
    Delivery: "messages that one installation sends, with their secrets",
}
