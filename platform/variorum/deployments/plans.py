"""The plan of a rollout: its steps, what each waits for, and the rule that it makes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from variorum.deployments.models import Rollout
from variorum.lib.errors import Invalid
from variorum_client.delivery import ROLLOUT
from variorum_client.rules import Share, check, gradual

MOST_STEPS = 20
MOST_NESTED = 4  # segments inside of segments
SEGMENT = "$ref"


@dataclass(frozen=True)
class Counts:
    """What the candidate got in the present step: requests, and those among them that have a score."""

    requests: int = 0
    scored: int = 0


@dataclass(frozen=True)
class Lack:
    """What a step still waits for; `approval` is asked for when all else is there."""

    seconds: float = 0
    requests: int = 0
    scored: int = 0
    approval: bool = False

    @property
    def measured(self) -> bool:
        """Whether time or requests are missing."""
        return self.seconds > 0 or self.requests > 0 or self.scored > 0


def lacking(step: Mapping[str, Any], *, seconds: float, counts: Counts) -> Lack:
    """What a step that has held for so many seconds still waits for."""
    hold = step["hold"]
    return Lack(
        seconds=max(hold["seconds"] - seconds, 0),
        requests=max(hold["requests"] - counts.requests, 0),
        scored=max(hold["scored"] - counts.scored, 0),
        approval=hold["approval"],
    )


def read(steps: Sequence[Mapping[str, Any]], segments: Mapping[str, Any], *, by: str) -> list[dict[str, Any]]:
    """The plan as it is kept: complete, with its audiences' conditions written out. Raises Invalid naming the step.

    A step is {"percent", "segment" | "condition" | neither, "name", "hold": {"seconds", "requests", "scored",
    "approval"}}; `segments` are the environment's. A later segment change does not reach a rollout under way.
    """
    plan = [_step(step, segments, place) for place, step in enumerate(steps)]
    _widening(plan)
    _ending(plan)
    for place in range(len(plan)):
        flag = {"state": "ENABLED", **rule(plan[: place + 1], candidate="0" * 40, seed="seed", by=by)}
        if faults := check({"flags": {"rollout": flag}}):
            raise _fault(place, "condition", f"This condition cannot be used: {faults[0]}")
    return plan


def rule(steps: Sequence[Mapping[str, Any]], *, candidate: str, seed: str, by: str) -> dict[str, Any]:
    """The rule of the last of these steps of a plan."""
    shares = [Share(step["percent"], step["condition"]) for step in steps]
    return gradual(candidate=candidate, steps=shares, seed=seed, by=by)


def rule_of(rollout: Rollout) -> dict[str, dict[str, Any]]:
    """`{key: flag}` of a rollout's present step, as it stands at the end of the rules in force."""
    made = rule(rollout.plan[: rollout.step + 1], candidate=rollout.commit, seed=rollout.seed, by=rollout.by)
    metadata = {**made["metadata"], "serves": "commit", "rollout": rollout.number}
    return {f"{ROLLOUT}{rollout.number}": {"state": "ENABLED", **made, "metadata": metadata}}


def _step(step: Mapping[str, Any], segments: Mapping[str, Any], place: int) -> dict[str, Any]:
    segment, condition = step.get("segment") or "", step.get("condition")
    if segment and condition:
        raise _fault(place, "segment", "Name a segment or give a condition, not both.")
    if segment and segment not in segments:
        raise _fault(place, "segment", f"The environment's rules have no segment {segment!r}.")
    condition = _written_out({SEGMENT: segment}, segments, ()) if segment else condition
    hold = step.get("hold") or {}
    return {
        "percent": float(step["percent"]),
        "name": step.get("name") or segment,
        "segment": segment,
        "condition": condition or None,
        "hold": {
            "seconds": hold.get("seconds", 0),
            "requests": hold.get("requests", 0),
            "scored": hold.get("scored", 0),
            "approval": hold.get("approval", False),
        },
    }


def _written_out(expression: Any, segments: Mapping[str, Any], inside: tuple[str, ...]) -> Any:
    """An expression with its segments put in. What nests too deeply keeps its reference, which `check` then refuses."""
    if isinstance(expression, list):
        return [_written_out(part, segments, inside) for part in expression]
    if not isinstance(expression, dict):
        return expression
    name = expression.get(SEGMENT)
    if isinstance(name, str) and name in segments and name not in inside and len(inside) < MOST_NESTED:
        return _written_out(segments[name], segments, (*inside, name))
    return {key: _written_out(part, segments, inside) for key, part in expression.items()}


def _widening(plan: Sequence[Mapping[str, Any]]) -> None:
    """Raises Invalid unless steps of an audience come first and no share falls."""
    for place in range(1, len(plan)):
        before, now = plan[place - 1], plan[place]
        if now["condition"] is not None and before["condition"] is None:
            raise _fault(place, "segment", "Steps for an audience come before those for everybody.")
        if now["condition"] == before["condition"] and now["percent"] <= before["percent"]:
            raise _fault(place, "percent", "Each step gives the candidate to more callers than the one before.")


def _ending(plan: Sequence[Mapping[str, Any]]) -> None:
    """Raises Invalid unless the last step has everybody already, or a person says that all shall have it.

    A completed rollout is a deployment: a plan that ends at 5 % would go from there to everybody at once.
    """
    last = plan[-1]
    if (last["percent"] < 100 or last["condition"] is not None) and not last["hold"]["approval"]:
        text = "After the last step everybody gets the candidate: "
        text += "end with 100 % of everybody, or let it wait for approval."
        raise _fault(len(plan) - 1, "percent", text)


def _fault(place: int, field: str, text: str) -> Invalid:
    return Invalid(
        f"Step {place + 1}: {text}", errors=[{"where": f"plan.{place}.{field}", "code": "invalid", "detail": text}]
    )
