"""What of people and access travels with an export. The project itself and its people are written apart."""

from variorum.accounts.models import ApiKey
from variorum.lib.portable import Stays, Table

TABLES: list[Table] = []
STAYS: Stays = {ApiKey: "a key opens one installation; make new ones"}
