"""Rules: who gets what. Written as flagd writes flags, evaluated here for the server and the SDK alike.

    rules = Rules({"flags": {"triage": {...}}})
    rules.decide("triage", {"targetingKey": "user-7", "plan": "pro"}).variant

A rule is compiled once; a decision is a chain of closures and never raises. `check` says in words, with places,
what is wrong with a document before anybody stores it.
"""

from variorum_client.rules.buckets import DEFAULT_HASH, HASHES
from variorum_client.rules.checking import check
from variorum_client.rules.document import Decision, Rules
from variorum_client.rules.faults import RuleError
from variorum_client.rules.ramps import Share, gradual, ramp

__all__ = ["DEFAULT_HASH", "HASHES", "Decision", "RuleError", "Rules", "Share", "check", "gradual", "ramp"]
