"""Who gets what: the commit that is live, the rules, and the commits that the rules give.

A rule whose `metadata` says `"serves": "commit"` gives callers a commit: the values of its variants are ids of commits
or the word "live". `metadata.artefact` (`prompts/triage`, `configs/limits`) limits it to one artefact. Every other rule
is an ordinary flag for the app itself.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from variorum_client.bundle import KINDS, Bundle, BundleError, compiled, read_bundle
from variorum_client.rules import Decision, RuleError, Rules

LIVE = "live"
OUTSIDE = "outside"  # the variant of a rollout for callers who are no part of it
ROLLOUT = "rollout-"  # how the keys of the rules begin that rollouts make
Kind = Literal["prompts", "configs", "adapters"]
_SAID = ("TARGETING_MATCH",)


class Choice(NamedTuple):
    """The commit that a caller gets of an artefact. `variant` belongs in the log of the call: rule and variant, or
    empty when no rule had a say; `reason` is OpenFeature's: STATIC, TARGETING_MATCH or DEFAULT."""

    commit: str
    variant: str
    reason: str


class _CommitRule(NamedTuple):
    """A rule that gives commits. `artefact` is empty when it is about all of them."""

    key: str
    artefact: str
    rollout: bool


class Delivery:
    """What an environment serves, compiled. Read-only and safe for threads.

    `live` is the bundle of the live commit; `hash` and `etag` belong to the whole document.
    """

    def __init__(self, data: Mapping[str, Any], live: Bundle, others: Mapping[str, Bundle], rules: Rules) -> None:
        self.live, self.hash, self.rules = live, str(data["hash"]), rules
        self.document: Mapping[str, Any] = data.get("rules") or {}
        self._bundles = {**others, live.commit: live}
        self._commit_rules = tuple(_commit_rules(self.document))
        self._serving = frozenset(rule.key for rule in self._commit_rules)
        self._chains: dict[tuple[str, str], tuple[_CommitRule, ...]] = {}
        self._choices: dict[tuple[str, str | None, str], Choice | None] = {}  # by rule, variant and reason
        self._nobody = Choice(live.commit, "", "STATIC")

    @property
    def etag(self) -> str:
        """The strong tag of the document."""
        return f'"{self.hash}"'

    def bundle(self, commit: str) -> Bundle:
        """The artefacts of a commit that was chosen."""
        return self._bundles[commit]

    @property
    def commits(self) -> tuple[str, ...]:
        """The commits that somebody may get, the live one last."""
        return tuple(self._bundles)

    def flags(self) -> Iterator[str]:
        """The keys of the rules that are flags for the app itself."""
        return (key for key in self.rules if key not in self._serving)

    def flag(self, key: str, context: Mapping[str, Any] | None = None) -> Decision:
        """What a flag gives for a context. Never raises; a rule that gives commits is no flag."""
        if key in self._serving:
            return Decision(None, None, "ERROR", "FLAG_NOT_FOUND", f"The rule {key!r} gives commits; it is no flag.")
        return self.rules.decide(key, context)

    def choose(
        self,
        kind: Kind,
        name: str,
        context: Mapping[str, Any] | None = None,
        *,
        before: Callable[[], None] | None = None,
    ) -> Choice:
        """The commit that a caller gets of an artefact. Never raises, but for `before`, which is called before each
        rule is asked and may raise to end it.

        Asked in this order: the rules of this artefact, those of all artefacts (each by `metadata.order`, then key),
        the rollout that is under way. A rule that matches the caller decides, also for what is live; one that falls to
        its default passes on, unless the default is a commit. What cannot be served (a rule at fault, a commit without
        the artefact) passes on too, in the end to what is live.
        """
        if not self._commit_rules:
            return self._nobody
        chain = self._chains.get((kind, name))
        if chain is None:
            chain = self._chain(kind, name)
        for rule in chain:
            if before is not None:
                before()
            choice = self._said(rule, kind, name, context)
            if choice is not None:
                return choice
        return self._nobody

    def ruled(self, kind: Kind, name: str) -> bool:
        """Whether any rule has a say about an artefact; if none has, everybody gets the live one."""
        return any(rule.artefact in ("", f"{kind}/{name}") for rule in self._commit_rules)

    def _said(self, rule: _CommitRule, kind: Kind, name: str, context: Mapping[str, Any] | None) -> Choice | None:
        decision = self.rules.decide(rule.key, context)
        key = (rule.key, decision.variant, decision.reason)
        choice = self._choices[key] if key in self._choices else self._choice(rule, decision, key)
        if choice is None or decision.value == LIVE:
            return choice
        return choice if name in getattr(self._bundles[choice.commit], kind) else None

    def _choice(self, rule: _CommitRule, decision: Decision, key: tuple[str, str | None, str]) -> Choice | None:
        """What a variant of a rule gives, for every artefact that is there; made once. None is that it passes on."""
        commit = decision.value if type(decision.value) is str else ""
        if commit == LIVE:
            passes = decision.reason not in _SAID or (rule.rollout and decision.variant == OUTSIDE)
            commit = "" if passes else self.live.commit
        found = Choice(commit, f"{rule.key}/{decision.variant}", decision.reason) if commit in self._bundles else None
        if decision.variant is not None:
            self._choices[key] = found
        return found

    def _chain(self, kind: Kind, name: str) -> tuple[_CommitRule, ...]:
        artefact = f"{kind}/{name}"
        own = [rule for rule in self._commit_rules if rule.artefact == artefact]
        chain = (*own, *[rule for rule in self._commit_rules if not rule.artefact])
        if name in getattr(self.live, kind) or any(name in getattr(one, kind) for one in self._bundles.values()):
            self._chains[kind, name] = chain  # only names that exist, so that wrong ones do not fill the memory
        return chain


def load_delivery(body: bytes, *, previous: Delivery | None = None) -> Delivery:
    """Check the document that an environment serves and compile it; what `previous` already holds is taken from it.

    Raises BundleError as `load_bundle` does.
    """
    data = read_bundle(body)
    live = compiled(data, previous.live if previous else None)
    others = {sha: _other(data, sha, live, previous) for sha in _commits(data)}
    try:
        return Delivery(data, live, others, _rules(data, previous))
    except RuleError as error:
        raise BundleError(f"The bundle holds rules that cannot be read: {error}") from None


def commits_named(document: Mapping[str, Any]) -> list[str]:
    """The commits that the rules of a document give, without `live`, in order and each once."""
    flags = document.get("flags", {})
    found = [value for rule in _commit_rules(document) for value in flags[rule.key]["variants"].values()]
    return list(dict.fromkeys(value for value in found if isinstance(value, str) and value != LIVE))


def _commits(data: Mapping[str, Any]) -> Mapping[str, Any]:
    found = data.get("commits", {})
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        raise BundleError("The bundle does not have the fields of its format.")
    return found


def _other(data: Mapping[str, Any], sha: str, live: Bundle, previous: Delivery | None) -> Bundle:
    known = previous._bundles.get(sha) if previous else None  # noqa: SLF001  (same module)
    artefacts = data["commits"][sha]
    if not artefacts.keys() >= set(KINDS):
        raise BundleError(f"The bundle lacks artefacts of the commit {sha[:10]}.")
    return compiled({**data, **artefacts, "commit": sha}, known or live)


def _rules(data: Mapping[str, Any], previous: Delivery | None) -> Rules:
    document = data.get("rules") or {}
    if previous is not None and previous.document == document:
        return previous.rules
    return Rules(document or {"flags": {}})


def _commit_rules(document: Mapping[str, Any]) -> list[_CommitRule]:
    """The rules that give commits, in the order in which they are asked among themselves."""
    found = []
    flags = document.get("flags")
    for key, flag in flags.items() if isinstance(flags, dict) else ():
        metadata = flag.get("metadata") if isinstance(flag, dict) else None
        if not isinstance(metadata, dict) or metadata.get("serves") != "commit":
            continue
        if not isinstance(flag.get("variants"), dict):
            continue
        artefact, order, rollout = metadata.get("artefact"), metadata.get("order"), "rollout" in metadata
        place = order if isinstance(order, (int, float)) and not isinstance(order, bool) else 0
        found.append((rollout, place, key, artefact if isinstance(artefact, str) else ""))
    return [_CommitRule(key, artefact, rollout) for rollout, _, key, artefact in sorted(found)]
