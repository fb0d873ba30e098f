"""Whose approval a draft needs: the project's number, the rules for paths, the owners named in `main`'s OWNERS."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from variorum.accounts.handles import Directory
from variorum.accounts.models import Project
from variorum.accounts.queries import members_of
from variorum.accounts.roles import Role
from variorum.drafts.models import ApprovalRule
from variorum.repos import queries
from variorum_client.formats import OWNERS_FILE, FormatError, OwnersRule, Problem, parse_owners, pattern_matches
from variorum_client.formats import rule_for as owners_rule

PROJECT, PATH, OWNERS = "project", "path", "owners"
CODES = {PROJECT: "approvals_missing", PATH: "path_approvals_missing", OWNERS: "owner_missing"}


@dataclass(frozen=True)
class Need:
    """So many approvals of certain people. `source` is the pattern or the line that asks for them."""

    kind: str
    count: int
    people: frozenset[int]
    paths: tuple[str, ...] = ()
    source: str = ""

    def givers(self, opener: int | None, wrote: frozenset[int]) -> frozenset[int]:
        """Whose approval counts: who did not write in the draft; where all of them did, all but its opener; where
        there is nobody else, the opener (who works alone approves alone, knowingly).
        """
        return self.people - wrote - {opener} or self.people - {opener} or self.people


@dataclass
class Policy:
    """What a project asks for, read once for any number of drafts."""

    project: Project
    team: Directory
    rules: Sequence[ApprovalRule] = ()
    owners: list[OwnersRule] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def needs(self, paths: Iterable[str]) -> list[Need]:
        """What a change of these files needs; the project's own number is always the first, even when it is 0."""
        paths = list(paths)
        able = self.team.with_role(Role.MAINTAINER)
        whole = Need(PROJECT, self.project.required_approvals, able)
        return [whole, *self._by_rule(paths), *self._by_owners(paths)]

    def owners_of(self, path: str) -> tuple[OwnersRule, frozenset[int]] | None:
        """The rule of OWNERS for a path and the people it names; None when nobody owns it."""
        rule = owners_rule(self.owners, path)
        return (rule, self._people(rule)) if rule and rule.owners else None

    def _by_rule(self, paths: list[str]) -> list[Need]:
        found = []
        for rule in self.rules:
            touched = tuple(path for path in paths if pattern_matches(rule.pattern, path))
            if touched:
                found.append(Need(PATH, rule.count, self.people_of(rule), touched, rule.pattern))
        return found

    def _by_owners(self, paths: list[str]) -> list[Need]:
        touched: dict[OwnersRule, list[str]] = {}
        for path in paths:
            owned = self.owners_of(path)
            if owned:
                touched.setdefault(owned[0], []).append(path)
        return [
            Need(OWNERS, 1, self._people(rule), tuple(files), f"OWNERS, line {rule.line}")
            for rule, files in touched.items()
        ]

    def people_of(self, rule: ApprovalRule) -> frozenset[int]:
        """Whose approval counts for a rule: members by role and by name who may comment; else the project's owners."""
        named = frozenset(person.pk for person in rule.people.all())
        by_role = self.team.with_role(Role(rule.role)) if rule.role else frozenset()
        return self._fit(named | by_role)

    def _people(self, rule: OwnersRule) -> frozenset[int]:
        return self._fit(frozenset(pk for name in rule.owners for pk in self.team.find(name)))

    def _fit(self, people: frozenset[int]) -> frozenset[int]:
        """Editors and above; where nobody of those named is left, the project's owners step in."""
        return people & self.team.with_role(Role.EDITOR) or self.team.with_role(Role.OWNER)


def policy_of(project: Project) -> Policy:
    """Members, rules and `main`'s OWNERS file. Two queries, three where there are rules."""
    rules = ApprovalRule.objects.filter(project=project).prefetch_related("people").order_by("pattern")
    owners, problems = owners_file(project)
    team = Directory(members_of(project))
    return Policy(project, team, list(rules), owners, [*problems, *_unknown(owners, team)])


def owners_file(project: Project) -> tuple[list[OwnersRule], list[Problem]]:
    """The rules of the OWNERS file on `main`, and what is wrong with it. A draft's own OWNERS is never asked."""
    main = queries.head(project)
    content = queries.read_files(project, main, [OWNERS_FILE]).get(OWNERS_FILE) if main else None
    if content is None:
        return [], []
    try:
        return parse_owners(content)
    except FormatError as error:
        return [OwnersRule(1, "*", ("?",))], error.problems


def _unknown(owners: list[OwnersRule], team: Directory) -> list[Problem]:
    """Owners whom the project does not know, or not as one person."""
    return [
        Problem(OWNERS_FILE, rule.line, 1, "owners_unknown", f"@{name} is nobody here, or fits more than one person.")
        for rule in owners
        for name in rule.owners
        if name != "?" and not team.find(name)
    ]
