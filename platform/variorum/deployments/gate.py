"""What must be true of a commit before it may go live."""

from datetime import datetime

from variorum.accounts.models import Project, User
from variorum.deployments import clock, freezes, golive, overrides, soaking
from variorum.deployments.models import Deployment, Environment, EnvironmentCheck, FreezeOverride, Rollout
from variorum.drafts.models import Check, RequiredCheck
from variorum.drafts.playground import adapter_ref
from variorum.drafts.queries import concerns
from variorum.inference import fit
from variorum.lib.errors import Conflict, Problem
from variorum.repos import queries as repos
from variorum.repos import services
from variorum.repos.problems import bad_files
from variorum_client.formats import Problem as FormatProblem
from variorum_client.formats import kind_of, parse_prompt

HISTORY = 500  # commits among which a verdict is looked for
WORDS = {"pending": "is still running", "fail": "fails", "inconclusive": "is inconclusive"}


def on_main(project: Project, commit: str) -> None:
    """Raises Conflict `not_on_main` unless the commit is part of main's history."""
    main = repos.head(project)
    if main is None or not repos.is_ancestor(project, commit, main):
        raise Conflict(
            f"{commit[:10]} is not on main. Merge its draft first: only what was reviewed goes live.",
            code="not_on_main",
        )


def not_frozen(environment: Environment, at: datetime | None = None, override: FreezeOverride | None = None) -> None:
    """Raises Conflict `frozen` when a freeze window holds in the environment at a moment (None: now).

    Asked before a deploy, before rules are saved, before a rollout starts or goes on; never before a roll-back, a
    pause or an abort. An owner's `override` may lift it for one act. `extra["freeze"]` names the window and its end.
    """
    span = freezes.frozen(environment, at)
    if span is None or overrides.lifts(override, "frozen"):
        return
    until = clock.in_words(span.end, span.freeze.zone)
    raise Conflict(
        f"{environment.name} is frozen until {until}: {span.freeze.reason}. "
        "Going back is always possible; an owner may override the freeze with a reason.",
        code="frozen",
        extra={
            "freeze": {
                "id": span.freeze.pk,
                "reason": span.freeze.reason,
                "when": freezes.in_words(span.freeze),
                "starts_at": span.start.isoformat(),
                "ends_at": span.end.isoformat(),
            }
        },
    )


def past_freeze(environment: Environment, commit: str, user: User | None) -> FreezeOverride | None:
    """None when nothing is frozen; else the person's override of this act. Raises Conflict `frozen` without one."""
    if freezes.frozen(environment) is None:
        return None
    override = overrides.open_for(environment, commit, user)
    not_frozen(environment, override=override)
    return override


def not_live(environment: Environment, commit: str, live: Deployment | None) -> None:
    """Raises Conflict `already_live` when the commit is what the environment serves now."""
    if live is not None and live.commit == commit:
        text = f"{commit[:10]} is live in {environment.slug} already (#{live.number})."
        raise Conflict(text, code="already_live", extra={"deployment": live.number})


def no_rollout(environment: Environment) -> None:
    """Raises Conflict `rollout_under_way` while callers are being moved to another commit there."""
    running = Rollout.objects.filter(environment=environment, state__in=Rollout.UNDER_WAY).first()
    if running is not None:
        raise Conflict(
            f"Rollout #{running.number} is under way in {environment.name}. Complete it or stop it first.",
            code="rollout_under_way",
            extra={"rollout": running.number, "commit": running.commit},
        )


def sound(project: Project, commit: str) -> dict[str, bytes]:
    """The files of a commit. Raises Unprocessable naming path, line and column when one of them cannot be used."""
    files = repos.read_files(project, commit)
    services.check_files(project=project, base=commit, files=files)
    if problems := [problem for path in files if (problem := _misfit(project, commit, path, files[path]))]:
        raise bad_files(problems)
    return files


def _misfit(project: Project, commit: str, path: str, content: bytes) -> FormatProblem | None:
    """What keeps a prompt's model from loading its adapter."""
    if kind_of(path) != "prompt":
        return None
    prompt = parse_prompt(content.decode(), path)
    if not prompt.adapter or not prompt.model:
        return None
    try:
        fit.check_use(adapter_ref(project, commit, prompt.adapter), prompt.model)
    except Problem as problem:
        at = prompt.node.at("variorum.adapter")
        return FormatProblem(path, at.line, at.column, problem.stable_code, problem.detail)
    return None


def checks(
    environment: Environment, commit: str, live: Deployment | None, override: FreezeOverride | None = None
) -> None:
    """Raises Conflict `checks_missing` when a check that the environment requires did not pass.

    Those are its own, and in a guarded one the project's that a merge asks for.
    A check runs on a draft's commit, and merging makes another one. So the newest verdict counts that stands on the
    commit itself or on one that it brings beyond what is live, as long as the files that the check is about are the
    same there. Checks that concern no changed file are not asked.
    """
    if overrides.lifts(override, "checks_missing"):
        return
    project = environment.project
    rules = required(environment)
    base = live.commit if live else None
    changed = _changed(project, base, commit) if rules else []
    asked = [rule for rule in rules if concerns(rule[1], changed)]
    missing = [text for rule in asked if (text := _lacks(project, rule, base, commit))]
    if missing:
        raise Conflict(" ".join(missing), code="checks_missing", extra={"checks": missing})


def required(environment: Environment) -> list[tuple[str, str]]:
    """Name and files (one a line; empty: any) of the checks that an environment requires, by name."""
    own = set(EnvironmentCheck.objects.filter(environment=environment).values_list("name", "path"))
    of_all = RequiredCheck.objects.filter(project=environment.project) if environment.guarded else None
    return sorted(own | (set(of_all.values_list("name", "path")) if of_all is not None else set()))


def _lacks(project: Project, rule: tuple[str, str], base: str | None, commit: str) -> str:
    """In words what is missing for a required check, empty when it passed."""
    name, path = rule
    brought = repos.log_beyond(project, base, commit, HISTORY) or repos.log_beyond(project, None, commit, HISTORY)
    order = {info.sha: place for place, info in enumerate(brought)}
    verdicts = Check.objects.filter(project=project, name=name, commit__in=order)
    for verdict in sorted(verdicts, key=lambda verdict: order[verdict.commit]):
        if not path or not concerns(path, _changed(project, verdict.commit, commit)):
            return "" if verdict.state == Check.State.PASS else f"The required check “{name}” {WORDS[verdict.state]}."
    return f"The required check “{name}” has not run on these files."


def _changed(project: Project, base: str | None, commit: str) -> list[str]:
    if base is None:
        return [entry.path for entry in repos.list_files(project, commit)]
    return repos.changed_paths(project, base, commit)


def obstacles(
    environment: Environment,
    commit: str,
    live: Deployment | None,
    user: User | None = None,
    override: FreezeOverride | None = None,
) -> list[dict[str, str]]:
    """Everything that a deploy of the commit by that person, with the override if any, would be refused for now, as
    code and detail."""
    found: list[dict[str, str]] = []
    for rule in (
        lambda: not_live(environment, commit, live),
        lambda: no_rollout(environment),
        lambda: on_main(environment.project, commit),
        lambda: not_frozen(environment, override=override),
        lambda: checks(environment, commit, live, override),
        lambda: soaking.enough(environment, commit),
        lambda: golive.enough(environment, commit, live, user),
        lambda: sound(environment.project, commit),
    ):
        try:
            rule()
        except Problem as problem:
            found.append({"code": problem.stable_code, "detail": problem.detail})
    return found
