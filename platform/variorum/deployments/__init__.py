"""Environments and deployments: which commit is live where, and the door through which apps fetch it."""
