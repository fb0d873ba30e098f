"""The kinds of channels, one folder each. A kind has `check(address)`, `new_secret()` and `send(channel, news)`."""

from types import ModuleType

from monitoring.alerts.channels import inbox, webhook

KINDS: dict[str, ModuleType] = {"webhook": webhook, "inbox": inbox}
