"""What of model providers travels with an export: all but their keys."""

from variorum.inference.models import LoadedAdapter, Provider
from variorum.lib.portable import Stays, Table

TABLES = [Table(Provider)]
STAYS: Stays = {LoadedAdapter: "what servers of one installation have in memory"}
