"""What of deployments travels with an export: every one, with the very bytes that apps were served."""

from variorum.deployments.models import (
    Approver,
    Bundle,
    Deployment,
    Environment,
    EnvironmentCheck,
    Freeze,
    FreezeOverride,
    GoLive,
    Rollout,
    RolloutStep,
    RuleSet,
    ScheduledDeploy,
)
from variorum.lib.portable import Row, Stays, Table
from variorum_client.bundle import BundleError, bundle_hash


def same_bytes(row: Row, body: bytes) -> None:
    """Raises ValueError unless the frozen bytes have the hash that is their ETag."""
    try:
        digest = bundle_hash(body)
    except BundleError as error:
        raise ValueError(f"the bundle of {row['commit'][:10]}: {error}") from None
    if digest != row["hash"]:
        raise ValueError(f"the bundle of {row['commit'][:10]} is not the one that its hash names")


def stopped(row: Row, _project: str) -> Row:
    """A rollout that was under way arrives as one that was given up: its callers' logs stay behind."""
    if row["state"] not in Rollout.UNDER_WAY:
        return row
    return {**row, "state": Rollout.State.ABORTED, "ended_at": row["step_since"], "paused_at": None}


def of_before(row: Row, _slug: str) -> Row:
    """An environment as it was exported before it had these settings."""
    then = {"guarded": row["slug"] == "production", "approver_role": "maintainer", "own_approval_counts": True}
    return {**then, "soak_hours": None, **row}


def used_up(row: Row, _slug: str) -> Row:
    """An override of before it was for one act, or one that is still open: nothing is open after an import."""
    then = {"commit": "", "lifts": ["frozen"], "used_at": None, **row}
    return {**then, "used_at": then["used_at"] or row["created_at"]}


def without_override(row: Row, _slug: str) -> Row:
    """A deployment of before it named its override."""
    return {"override": None, **row}


def called_off(row: Row, _slug: str) -> Row:
    """A deploy that was to come arrives as one that was called off: nothing goes live by itself after an import."""
    if row["state"] != ScheduledDeploy.State.WAITING:
        return row
    return {**row, "state": ScheduledDeploy.State.CANCELLED, "ended_at": row["created_at"]}


TABLES = [
    Table(Environment, into=of_before),
    Table(Approver, project="environment__project"),
    Table(EnvironmentCheck, project="environment__project"),
    Table(GoLive, project="environment__project"),
    Table(Freeze),
    Table(FreezeOverride, project="environment__project", into=used_up),
    Table(Bundle, project="environment__project", body="body", check_body=same_bytes),
    Table(Deployment, into=without_override),
    Table(ScheduledDeploy, into=called_off),
    Table(RuleSet, project="environment__project"),
    Table(Rollout, into=stopped),
    Table(RolloutStep, project="rollout__project"),
]
STAYS: Stays = {}
