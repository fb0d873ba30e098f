"""The audit trail, live updates, in-app notices and outgoing webhooks."""
