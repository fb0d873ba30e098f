"""What of the gateway travels with an export: its settings. Keys do not travel, so neither do their limits."""

from monitoring.gateway.models import GatewayRoute, GatewaySettings, KeptAnswer, KeyLimit, KeySpend
from variorum.lib.portable import Stays, Table

TABLES = [Table(GatewaySettings), Table(GatewayRoute)]
STAYS: Stays = {
    KeyLimit: "limits belong to keys, which stay",
    KeySpend: "what keys used belongs to keys, which stay",
    KeptAnswer: "kept answers are made again",
}
