"""A planned import into a folder or a clone: all of it or nothing."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from variorum_client.clones.clone import run_git
from variorum_client.errors import CloneError
from variorum_client.importing.planning import Plan, changes, steps

if TYPE_CHECKING:
    import git

_REF = "refs/variorum/import"


def taken(root: Path, made: Plan) -> list[str]:
    """The files that are there already with another text."""
    return sorted(path for path, text in made.files.items() if _differs(root / path, text))


def _differs(file: Path, text: str) -> bool:
    return (file.exists() or file.is_symlink()) and (not file.is_file() or file.read_bytes() != text.encode())


def write_files(root: Path, made: Plan) -> None:
    """Write the newest version of everything; when one file cannot be written, none is."""
    before: dict[Path, bytes | None] = {}
    try:
        for path, text in made.files.items():
            file = root / path
            before[file] = file.read_bytes() if file.exists() else None
            file.parent.mkdir(parents=True, exist_ok=True)
            fresh = file.with_name(f"{file.name}.new")
            fresh.write_bytes(text.encode())
            fresh.replace(file)
    except OSError:
        for file, old in before.items():
            file.with_name(f"{file.name}.new").unlink(missing_ok=True)
            file.write_bytes(old) if old is not None else file.unlink(missing_ok=True)
        raise


def write_commits(made: Plan, repo: "git.Repo", system: str, *, newest: bool) -> list[str]:
    """One commit for each version, made beside the branch and then taken as a whole; their ids.

    Raises CloneError, and then nothing has changed.
    """
    head = run_git(repo, "rev-parse", "--verify", "--quiet", "HEAD").out.strip()
    if not head:
        raise CloneError("The repository has no commit yet: make the first one, or import with --no-commit.")
    who = run_git(repo, "var", "GIT_COMMITTER_IDENT")
    if who.code:
        raise CloneError("Git does not know who you are: set user.name and user.email with `git config`.")
    commits = changes(steps(made, newest=newest), made.read, system)
    with tempfile.TemporaryFile() as stream:
        for line in _stream(commits, head, who.out.strip()):
            stream.write(line)
        stream.seek(0)
        try:
            _take(repo, stream.fileno())
            return run_git(repo, "rev-list", "--reverse", f"{head}..{_REF}").out.split()
        finally:
            run_git(repo, "update-ref", "-d", _REF)


def _stream(commits: Iterable[tuple[str, dict[str, bytes]]], head: str, who: str) -> Iterator[bytes]:
    """Commits in git-fast-import(1)'s language."""
    for index, (text, files) in enumerate(commits):
        message = text.encode()
        yield f"commit {_REF}\ncommitter {who}\ndata {len(message)}\n".encode() + message + b"\n"
        yield b"" if index else f"from {head}\n".encode()
        for path, content in files.items():
            yield f"M 100644 inline {path}\ndata {len(content)}\n".encode() + content + b"\n"
        yield b"\n"


def _take(repo: "git.Repo", stream: int) -> None:
    command = ["git", "fast-import", "--quiet", "--force", "--date-format=raw"]
    code, _, err = repo.git.execute(command, istream=stream, with_extended_output=True, with_exceptions=False)
    if code:
        raise CloneError(f"Git could not make the commits: {' '.join(str(err).split())[:300]}")
    if not run_git(repo, "rev-parse", "--verify", "--quiet", _REF).out:
        return
    done = run_git(repo, "merge", "--ff-only", "--quiet", _REF)
    if done.code:
        raise CloneError(f"The imported commits do not fit onto your files: {done.reason}")
