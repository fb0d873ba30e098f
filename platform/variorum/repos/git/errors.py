"""What can go wrong with a repository, without Django's or pygit2's words."""


class GitError(Exception):
    """Base of this module's errors."""


class Missing(GitError):
    """No such ref, commit or file."""


class BadPath(GitError):
    """A file path or a set of files that no repository of ours may hold."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path!r}: {reason}")
        self.path = path
        self.reason = reason


class StaleHead(GitError):
    """The ref is not where the writer believed; ``actual`` is where it is (None: it does not exist)."""

    def __init__(self, ref: str, expected: str | None, actual: str | None) -> None:
        super().__init__(f"{ref} is at {actual}, not at {expected}")
        self.ref = ref
        self.expected = expected
        self.actual = actual


class Busy(GitError):
    """Another writer held the repository for longer than we are willing to wait."""
