"""The options of `variorum rollout` and its acts."""

import argparse

from variorum_client.cli_options import Commands, command, plain, positive, project, seconds
from variorum_client.rollouts.writing import DEFAULT_GUARD, GUARD_HELP, PLANS, STEP_HELP

_ACTS = {
    "pause": ("go no further; who gets what stays as it is", "variorum rollout pause 3 --note 'looks odd'\n"),
    "resume": ("go on after a pause", "variorum rollout resume 3\n"),
    "advance": ("go on now, without what the step waits for", "variorum rollout advance 3\n"),
    "approve": ("go on where a person's approval is waited for", "variorum rollout approve 3 --note 'looks well'\n"),
    "abort": ("stop it; everybody is served what was live before", "variorum rollout abort 3\n"),
    "rollback": ("take it back, also after it was completed", "variorum rollout rollback 3 --note 'rude answers'\n"),
}


def add_rollout(commands: Commands) -> None:
    """`variorum rollout` and what it can do."""
    made = plain(
        commands, "rollout", "bring a commit to more and more callers, watched by guards; see docs/rollouts.md", ""
    )
    acts = made.add_subparsers(dest="act", required=True, metavar="act")
    _add_start(acts)
    _add_watch(acts)
    for name in ("show", "list"):
        _add_look(acts, name)
    for name, (what, example) in _ACTS.items():
        _add_act(acts, name, what, example)


def _add_start(acts: Commands) -> None:
    parser = command(
        acts,
        "start",
        "begin with the first step",
        """\
        variorum rollout start production main
        variorum rollout start production v3 --plan person --watch
        variorum rollout start production main --step 5%:1h --step 25%:500scores --step 50%:approval --step 100% --guard 'errors worse by 2%' --guard 'latency worse by 20%, then pause'
        """,  # noqa: E501  (one command)
    )
    parser.add_argument("env", help="the environment, such as production")
    parser.add_argument("commit", help="the candidate: a tag, a commit of main, or main itself")
    parser.add_argument("--plan", choices=sorted(PLANS), default="careful", help="steps by name (default: careful)")
    parser.add_argument(
        "--step", action="append", default=[], metavar="STEP", help=f"instead of a plan: {_doubled(STEP_HELP)}"
    )
    parser.add_argument(
        "--guard",
        action="append",
        default=[],
        metavar="GUARD",
        help=f"what stops it by itself, {_doubled(GUARD_HELP)}; none for no guard (default: '{DEFAULT_GUARD}')",
    )
    parser.add_argument(
        "--by", default="targetingKey", metavar="FIELD", help="tells callers apart (default: targetingKey)"
    )
    parser.add_argument("--note", default="", help="why")
    parser.add_argument("--watch", action="store_true", help="then watch it as `variorum rollout watch` does")
    _every(parser)
    _common(parser)


def _add_watch(acts: Commands) -> None:
    parser = command(
        acts,
        "watch",
        "tell what happens until it has ended: exit code 0 completed, 3 rolled back, 4 stopped",
        """\
        variorum rollout watch
        variorum rollout watch 3 --json > ended.json
        """,
    )
    _number(parser)
    _every(parser)
    _common(parser)


def _add_look(acts: Commands, name: str) -> None:
    what = {"show": "steps, guards and where it stands", "list": "every rollout, the newest first"}[name]
    parser = command(acts, name, what, f"variorum rollout {name}\nvariorum rollout {name} --json\n")
    if name == "show":
        _number(parser)
    else:
        parser.add_argument("-e", "--environment", default="", help="only of this environment")
    _common(parser)


def _add_act(acts: Commands, name: str, what: str, example: str) -> None:
    parser = command(acts, name, what, example)
    _number(parser)
    parser.add_argument("--note", default="", help="why")
    _common(parser)


def _number(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("number", nargs="?", type=positive, help="its number (default: the one under way)")
    parser.add_argument("-e", "--environment", default="", help="of this environment, where no number is given")


def _every(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--every", type=seconds, default=2.0, metavar="SECONDS", help="between two looks (default: 2)")


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON")
    project(parser)


def _doubled(text: str) -> str:
    """As argparse wants percent signs."""
    return text.replace("%", "%%")
