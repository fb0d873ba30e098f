"""What the client raises."""


class VariorumError(Exception):
    """Base of every error that the client raises by itself."""


class NotReady(VariorumError):
    """No bundle is known yet: the server gave none, and there is no copy on disk and no fallback."""


class UnknownArtefact(VariorumError, LookupError):
    """What is live has no prompt or config of that name."""


class ApiError(VariorumError):
    """The server refused. `status` is the HTTP status, 0 when no answer came; `code` is the problem's code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code = status, code
        super().__init__(message)


class CloneError(VariorumError):
    """The user's own clone, or the Git on this machine, does not allow what was asked. The text says what to do."""


class ContentError(ValueError):
    """What was read (a file, a bundle) or asked for cannot be used as it is. The text says why."""
