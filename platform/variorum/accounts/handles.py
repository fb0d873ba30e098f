"""How people are called in a text: by e-mail, by handle, by name, or as a group (`@maintainers`)."""

import re
from collections.abc import Iterable

from variorum.accounts.models import Membership, User
from variorum.accounts.roles import Role, at_least

GROUPS = {"owners": Role.OWNER, "maintainers": Role.MAINTAINER, "editors": Role.EDITOR, "everyone": Role.VIEWER}
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_NAMED = re.compile(r"(?<![\w@./])@(\w[\w.+-]*(?:@[\w.-]+)?)")


class Directory:
    """The members of one project by all their names. A short name that fits two people names nobody."""

    def __init__(self, members: Iterable[Membership]) -> None:
        members = list(members)
        self.users: dict[int, User] = {member.user_id: member.user for member in members}
        self.roles: dict[int, Role] = {member.user_id: Role(member.role) for member in members}
        self._short: dict[str, set[int]] = {}
        for user in self.users.values():
            for name in (user.email.partition("@")[0], "-".join(user.name.lower().split())):
                self._short.setdefault(name, set()).add(user.pk)
        self._emails = {user.email: user.pk for user in self.users.values()}

    def with_role(self, role: Role) -> frozenset[int]:
        """The people with at least a role."""
        return frozenset(pk for pk, have in self.roles.items() if at_least(have, role))

    def find(self, name: str) -> frozenset[int]:
        """Who is meant by a name without its @: an e-mail address, a handle, a group; nobody when that is not clear."""
        name = name.lower()
        if name in self._emails:
            return frozenset({self._emails[name]})
        if name in GROUPS:
            return self.with_role(GROUPS[name])
        fitting = self._short.get(name, set())
        return frozenset(fitting) if len(fitting) == 1 else frozenset()

    def handle(self, user: User) -> str:
        """The shortest name that means this person and nobody else."""
        short = user.email.partition("@")[0]
        return short if self.find(short) == {user.pk} else user.email

    def mentioned(self, text: str) -> frozenset[int]:
        """The people whom a text calls by @name; what stands in code is no call."""
        names = (found.rstrip(".-+") for found in _NAMED.findall(_CODE.sub(" ", text)))
        return frozenset(pk for name in names for pk in self.find(name))

    def names(self, people: Iterable[int], most: int = 3) -> str:
        """Names for a sentence: Ada, Ben or 3 others."""
        names = sorted(self.users[pk].name for pk in people if pk in self.users)
        if len(names) > most + 1:
            names = [*names[:most], f"{len(names) - most} others"]
        return " or ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
