"""`variorum rollout ACT`: each act is one call; watching asks again and again until the rollout has ended."""

import json
import sys
import time
from argparse import Namespace
from typing import Any, TextIO

from variorum_client.asking import ask_project
from variorum_client.errors import ApiError
from variorum_client.rollouts import words, writing
from variorum_client.terms import painter

COMPLETED, TAKEN_BACK, STOPPED = 0, 3, 4  # exit codes of the outcome
OUTCOMES = {"completed": COMPLETED, "rolled_back": TAKEN_BACK, "aborted": STOPPED}
SAID_EVERY = 10.0  # seconds between two lines of one step
PATIENCE = 60.0  # seconds that a server may be away while we watch
Found = dict[str, Any]


def rollout(options: Namespace, out: TextIO) -> int:
    """Do what is asked. Watching answers 0 for completed, 3 for rolled back, 4 for stopped."""
    acts = {"start": _start, "list": _list, "show": _show, "watch": _watch}
    return acts.get(options.act, _act)(options, out)


def _start(options: Namespace, out: TextIO) -> int:
    body = {
        "commit": options.commit,
        "plan": writing.plan_of(options.plan, options.step),
        "guards": writing.guards_of(options.guard),
        "by": options.by,
        "note": options.note,
    }
    made = ask_project(options, "POST", "environments", options.env, "rollouts", body=body)
    if options.watch:
        return _follow(options, made, out)
    return _told(options, made, out)


def _list(options: Namespace, out: TextIO) -> int:
    items = _rollouts(options)
    if options.json:
        out.write(json.dumps(items, indent=2, ensure_ascii=False) + "\n")
        return 0
    paint = painter(out)
    out.writelines(f"{words.heading(item, paint)}; {item['commit'][:12]} {item['subject']}\n" for item in items)
    if not items:
        out.write("No rollouts yet.\n")
    return 0


def _show(options: Namespace, out: TextIO) -> int:
    return _told(options, _one(options), out)


def _watch(options: Namespace, out: TextIO) -> int:
    return _follow(options, _one(options), out)


def _act(options: Namespace, out: TextIO) -> int:
    """One act, on the step that was just seen: if somebody is faster, the server refuses it."""
    found = _one(options, under_way=True)
    if options.act == "approve" and found["state"] != "waiting":
        waits = " and ".join(words.waits_for(found["lacks"] or {}))
        state = words.STATES.get(found["state"], (found["state"], ""))[0]
        text = f"Rollout #{found['number']} does not wait for approval: it is {state}" + (
            f" and waits for {waits}." if waits else "."
        )
        raise ApiError(409, "rollout_not_waiting", text)
    act = "advance" if options.act == "approve" else options.act
    body = {"note": options.note, "step": found["step"]}
    return _told(options, ask_project(options, "POST", "rollouts", str(found["number"]), act, body=body), out)


def _follow(options: Namespace, found: Found, out: TextIO) -> int:
    """Tell what changes until it has ended. With --json that goes to standard error, and the end to standard output."""
    lines = sys.stderr if options.json else out
    paint = painter(lines)
    lines.write(words.whole(found, paint) + "\n")
    told: tuple[object, ...] | None = None
    last, spoke = "", 0.0
    while True:
        place = (found["state"], found["step"], found["problem"])
        now = words.now_line(found, paint)
        if place != told or (now != last and time.monotonic() - spoke > SAID_EVERY):
            lines.write(f"{time.strftime('%H:%M:%S')}  {now}\n")
            lines.flush()
            told, last, spoke = place, now, time.monotonic()
        if found["state"] not in words.UNDER_WAY:
            break
        time.sleep(options.every)
        found = _again(options, found)
    if options.json:
        out.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    else:
        out.write("\n" + words.whole(found, paint))
    return OUTCOMES.get(found["state"], 1)


def _again(options: Namespace, found: Found) -> Found:
    """The rollout as it is now; a server that is away for a while is asked again. Raises ApiError."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return ask_project(options, "GET", "rollouts", str(found["number"]))
        except ApiError as error:
            if 0 < error.status < 500 or time.monotonic() > deadline:
                raise
            time.sleep(options.every)


def _one(options: Namespace, *, under_way: bool = False) -> Found:
    """The rollout of this number; without one that which is under way, else (to look at) the newest."""
    number = options.number
    if number is None:
        every = _rollouts(options)
        going = [item for item in every if item["state"] in words.UNDER_WAY]
        if len(going) > 1:
            names = ", ".join(f"#{item['number']} in {item['environment']}" for item in going)
            raise ValueError(f"Several rollouts are under way: {names}. Name one by its number.")
        if not going and (under_way or not every):
            raise ApiError(404, "no_rollout", "No rollout is under way.")
        number = (going or every)[0]["number"]
    return ask_project(options, "GET", "rollouts", str(number))


def _rollouts(options: Namespace) -> list[Found]:
    query = {"limit": "100", **({"environment": options.environment} if options.environment else {})}
    return list(ask_project(options, "GET", "rollouts", query=query)["items"])


def _told(options: Namespace, found: Found, out: TextIO) -> int:
    if options.json:
        out.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    else:
        out.write(words.whole(found, painter(out)))
    return 0
