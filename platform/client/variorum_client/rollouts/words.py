"""A rollout in words for a terminal."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from variorum_client.moments import said
from variorum_client.terms import Painter

UNDER_WAY = ("running", "paused", "waiting")
STATES = {
    "running": ("running", "blue"),
    "paused": ("paused", "yellow"),
    "waiting": ("waits for approval", "yellow"),
    "completed": ("completed", "green"),
    "aborted": ("stopped", "red"),
    "rolled_back": ("rolled back", "red"),
}
Rollout = Mapping[str, Any]


def heading(rollout: Rollout, paint: Painter) -> str:
    """`Rollout #3 in Production: running`."""
    word, colour = STATES.get(rollout["state"], (rollout["state"], "bold"))
    return f"Rollout #{rollout['number']} in {rollout['environment_name']}: {paint(word, colour)}"


def whole(rollout: Rollout, paint: Painter) -> str:
    """All of one: commits, steps, guards."""
    lines = [
        paint(heading(rollout, paint), "bold") if not paint.colours else heading(rollout, paint),
        f"  {rollout['commit'][:12]}  {rollout['subject']}",
        f"  instead of {rollout['baseline_commit'][:12]}  {rollout['baseline_subject']}",
        f"  started by {rollout['actor_name']}, {said(datetime.fromisoformat(rollout['created_at']).astimezone())}"
        + (f": {rollout['note']}" if rollout["note"] else ""),
        "",
        *(_step(rollout, place, paint) for place in range(len(rollout["steps"]))),
    ]
    if rollout["problem"]:
        lines += ["", paint(f"  It cannot go on: {rollout['problem']}", "yellow")]
    guards = [guard_line(guard, paint) for guard in rollout.get("guards", ())]
    return "\n".join([*lines, "", *(guards or ["  no guards"])]) + "\n"


def now_line(rollout: Rollout, paint: Painter) -> str:
    """Where it stands, in one line: `5 % of all callers: waits for 230 scored requests; 120 requests got it`."""
    word, colour = STATES.get(rollout["state"], (rollout["state"], "bold"))
    got = f"{rollout['exposed']:,} requests got the candidate"
    if rollout["state"] not in UNDER_WAY:
        return f"{paint(word, colour)}; {got}"
    waits = waits_for(rollout["lacks"] or {})
    lacks = f"waits for {' and '.join(waits)}" if waits else "goes on"
    state = f"{paint(word, colour)}, " if rollout["state"] == "paused" else ""
    return f"{share(rollout['steps'][rollout['step']])}: {state}{lacks}; {got}"


def guard_line(guard: Mapping[str, Any], paint: Painter) -> str:
    """`  Error rate: better by 0.2 points (interval -3.0 to 2.1)`."""
    tripped = paint(f"  TRIPPED, {guard['action']}", "red") if guard["tripped_at"] else ""
    return f"  {guard['name']}: {guard['words']}{tripped}"


def share(step: Mapping[str, Any]) -> str:
    """`5 % of all callers`, `all of “beta”`."""
    percent = f"{step['percent']:g} %"
    if audience := f"“{step['name']}”" if step["name"] else "an audience" if step["condition"] else "":
        return f"all of {audience}" if step["percent"] == 100 else f"{percent} of {audience}"
    return "everybody" if step["percent"] == 100 else f"{percent} of all callers"


def waits_for(hold: Mapping[str, Any]) -> list[str]:
    """What a step holds for, or still lacks."""
    counted = (("requests", "request"), ("scored", "scored request"))
    return [
        *([_time(hold["seconds"])] if hold.get("seconds", 0) > 0 else []),
        *(f"{hold[name]:,} {noun}{'' if hold[name] == 1 else 's'}" for name, noun in counted if hold.get(name, 0) > 0),
        *(["a person's approval"] if hold.get("approval") else []),
    ]


def _step(rollout: Rollout, place: int, paint: Painter) -> str:
    step, now = rollout["steps"][place], place == rollout["step"]
    mark = paint(">", "bold") if now else " "
    exposed = step["candidate"] + step["early"]
    seen = f"  {exposed:,} of {exposed + step['control']:,} requests" if step["began_at"] else ""
    hold = f"  (holds for {' and '.join(waits)})" if (waits := waits_for(step["hold"])) else ""
    return f"{mark} {place + 1}. {share(step)}{seen}{hold}"


def _time(seconds: float) -> str:
    """Whole units as long as they say it exactly enough."""
    for limit, size, unit in ((90, 1, "s"), (5400, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{-(-seconds // size):.0f} {unit}"
    return f"{-(-seconds // 86_400):.0f} days"
