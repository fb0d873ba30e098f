"""What is wrong with a document of rules before it may be in force: each fault with its place, its code and words."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from variorum.accounts.models import Project, User
from variorum.deployments import gate, queries, services
from variorum.deployments.models import Environment
from variorum.lib.errors import Detail, NotFound, Problem
from variorum.repos import queries as repos
from variorum_client.bundle import KINDS, MAX_BUNDLE_BYTES
from variorum_client.delivery import LIVE, ROLLOUT, commits_named
from variorum_client.rules import DEFAULT_HASH, check
from variorum_client.rules.faults import MAX_ALL_FAULTS, pointer
from variorum_client.rules.faults import MAX_NAME as MAX_KEY

KEY = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,99}")
SHA = re.compile(r"[0-9a-f]{40}")
MAX_COMMITS = 20
NO_MATTER = ("already_live", "rollout_under_way", "frozen")  # not of a rule's commit; saving asks for freezes itself
MAX_NAME = 90  # characters of a variant's name: with the rule's key it stands in every log
SERVES = ("commit", "value")
Document = Mapping[str, Any]


def faults(environment: Environment, document: Any, before: Document, user: User | None = None) -> list[Detail]:
    """Everything that keeps a document from being in force after the document `before`.

    Commits that `before` names were let in then; every other one must be fit to go live here, as for a deploy by
    that person.
    """
    found = [Detail(where=error.place, code="bad_rule", detail=error.message) for error in check(_awake(document))]
    if not isinstance(document, Mapping) or not isinstance(document.get("flags"), dict):
        return found
    if len(found) > MAX_ALL_FAULTS:
        return found  # of the other rules nothing is known
    broken = {detail["where"].split("/")[2] for detail in found if detail["where"].count("/") > 1}
    sound = {key for key in document["flags"] if len(key) <= MAX_KEY and pointer("", key)[1:] not in broken}
    for key, flag in document["flags"].items():
        found += _named(key)
        found += _said(pointer("/flags", key), flag) if key in sound else []
    found += _moved(document, before)
    if not found:
        found += _commits(environment, document, before, user)
    return found


def _awake(document: Any) -> Any:
    """The document with every rule on, so that one that is off is checked as well."""
    flags = document.get("flags") if isinstance(document, Mapping) else None
    if not isinstance(flags, dict):
        return document
    return {**document, "flags": {key: _on(flag) for key, flag in flags.items()}}


def _on(flag: Any) -> Any:
    off = isinstance(flag, dict) and flag.get("state") == "DISABLED"
    return {**flag, "state": "ENABLED"} if off else flag


def _named(key: str) -> Iterator[Detail]:
    place = pointer("/flags", key)
    if key.startswith(ROLLOUT):
        text = f"Keys that begin with “{ROLLOUT}” belong to rollouts."
        yield Detail(where=place, code="reserved_key", detail=text)
    elif not KEY.fullmatch(key):
        text = "A key begins with a letter and has letters, digits, dots, dashes and underscores, 100 at most."
        yield Detail(where=place, code="bad_key", detail=text)


def _said(place: str, flag: Mapping[str, Any]) -> Iterator[Detail]:
    metadata = flag.get("metadata", {})
    if not isinstance(metadata, dict):
        yield Detail(where=pointer(place, "metadata"), code="bad_rule", detail="`metadata` is an object.")
        return
    if metadata.get("serves", "value") not in SERVES:
        yield Detail(
            where=pointer(place, "metadata", "serves"), code="bad_rule", detail="A rule serves commit or value."
        )
    if "rollout" in metadata:
        text = "Only a rollout's own rule names a rollout."
        yield Detail(where=pointer(place, "metadata", "rollout"), code="reserved_key", detail=text)
    for name, value in flag["variants"].items():
        if not 0 < len(name) <= MAX_NAME or not name.isprintable():
            text = f"A variant's name has 1 to {MAX_NAME} characters."
            yield Detail(where=pointer(place, "variants"), code="bad_rule", detail=text)
        if metadata.get("serves") == "commit" and value != LIVE and not _is_sha(value):
            text = f"A rule for commits gives the full id of a commit, or “{LIVE}”."
            yield Detail(where=pointer(place, "variants", name), code="bad_commit", detail=text)


def _is_sha(value: Any) -> bool:
    return isinstance(value, str) and SHA.fullmatch(value) is not None


def _moved(document: Document, before: Document) -> Iterator[Detail]:
    """Rules that split people and would move them: another hash or another seed under the same key."""
    old = before.get("flags", {})
    for key, flag in document["flags"].items():
        was, now = _split(old.get(key), before), _split(flag, document)
        if was is None or now is None or old[key].get("state") == "DISABLED":
            continue
        if was[0] != now[0] or not was[1] <= now[1]:
            what = "hash" if was[0] != now[0] else "seed"
            text = f"Another {what} would move people between variants. Give the rule a new key if that is meant."
            yield Detail(where=pointer("/flags", key, "metadata", what), code=f"{what}_changed", detail=text)


def _split(flag: Any, document: Document) -> tuple[Any, frozenset[str]] | None:
    """The hash of a rule and what it hashes, segments put in; None for a rule that splits nobody."""
    targeting = flag.get("targeting") if isinstance(flag, dict) else None
    hashed = frozenset(_hashed(targeting, document.get("$evaluators") or {}, ()))
    if not hashed:
        return None
    metadata = flag.get("metadata")
    return (metadata.get("hash", DEFAULT_HASH) if isinstance(metadata, dict) else DEFAULT_HASH), hashed


def _hashed(expression: Any, segments: Mapping[str, Any], inside: tuple[str, ...]) -> Iterator[str]:
    if isinstance(expression, list):
        for one in expression:
            yield from _hashed(one, segments, inside)
    elif isinstance(expression, dict):
        for name, value in expression.items():
            if name == "$ref" and isinstance(value, str) and value in segments and value not in inside:
                yield from _hashed(segments[value], segments, (*inside, value))
            if name == "fractional" and isinstance(value, list) and value:
                yield "" if isinstance(value[0], list) else json.dumps(value[0], sort_keys=True)
            yield from _hashed(value, segments, inside)


def _commits(environment: Environment, document: Document, before: Document, user: User | None) -> Iterator[Detail]:
    """What stands in the way of the commits that the rules give."""
    named, known = commits_named(document), set(commits_named(before))
    if len(named) > MAX_COMMITS:
        text = f"The rules name {len(named)} commits; apps load each, so {MAX_COMMITS} are allowed."
        yield Detail(where="/flags", code="too_many_commits", detail=text)
        return
    refused = {sha: why for sha in named if (why := _refusal(environment, sha, user, new=sha not in known))}
    bodies = {sha: services.render(environment, sha)[0] for sha in named if sha not in refused}
    if sum(map(len, bodies.values())) > MAX_BUNDLE_BYTES // 2:
        text = "The commits that the rules name are too large together; apps load all of them."
        yield Detail(where="/flags", code="too_large", detail=text)
    contents = {sha: json.loads(body) for sha, body in bodies.items()}
    for key, flag in document["flags"].items():
        metadata = flag.get("metadata", {})
        if metadata.get("serves") == "commit":
            yield from _gives(pointer("/flags", key), flag, refused, contents)


def _refusal(environment: Environment, sha: str, user: User | None, *, new: bool) -> tuple[str, str] | None:
    """Code and words for a commit that may not go live here."""
    try:
        repos.commit_info(environment.project, sha)
    except NotFound:
        return "bad_commit", f"There is no commit {sha[:10]} in this project."
    if not new:
        return None
    for obstacle in gate.obstacles(environment, sha, queries.current(environment), user):
        if obstacle["code"] not in NO_MATTER:
            return obstacle["code"], obstacle["detail"]
    return None


def _gives(
    place: str, flag: Mapping[str, Any], refused: Mapping[str, tuple[str, str]], contents: Mapping[str, Any]
) -> Iterator[Detail]:
    artefact = flag["metadata"].get("artefact", "")
    kind, _, name = artefact.partition("/") if isinstance(artefact, str) else ("", "", "")
    if artefact != "" and (kind not in KINDS or not name):
        text = f"An artefact is written as one of {', '.join(f'{one}/name' for one in KINDS)}."
        yield Detail(where=pointer(place, "metadata", "artefact"), code="no_artefact", detail=text)
        return
    for variant, sha in flag["variants"].items():
        if sha in refused:
            yield Detail(where=pointer(place, "variants", variant), code=refused[sha][0], detail=refused[sha][1])
        elif artefact and sha in contents and name not in contents[sha][kind]:
            text = f"The commit {sha[:10]} has no {artefact}."
            yield Detail(where=pointer(place, "metadata", "artefact"), code="no_artefact", detail=text)


def subjects(project: Project, document: Document) -> dict[str, str]:
    """The first line of every commit that a document names, by id; unknown ones are left out."""
    found = {}
    for sha in commits_named(document)[:MAX_COMMITS]:
        try:
            found[sha] = repos.commit_info(project, sha).subject
        except Problem:
            continue
    return found
