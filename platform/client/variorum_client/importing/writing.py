"""Imported prompts into a folder or a clone: checked first, then all of them or none."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from variorum_client.clones.clone import run_git
from variorum_client.errors import CloneError
from variorum_client.folder import read_artefact
from variorum_client.formats import Problem, check_file
from variorum_client.importing.shapes import Imported, Version

if TYPE_CHECKING:
    import git

_REF = "refs/variorum/import"


@dataclass(slots=True)
class Plan:
    """What will be written: each prompt's versions that are fit, oldest first; `root` is the repository's folder."""

    root: Path
    prompts: list[Imported]
    fit: dict[str, list[Version]] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, str]:
        """The newest text of every file."""
        return {
            path: text for versions in self.fit.values() for version in versions for path, text in version.files.items()
        }


def plan(root: Path, into: str, prompts: list[Imported]) -> Plan:
    """Check every version as the server would. What is not fit gets its `failure` and is left out."""
    folder = f"prompts/{into}/" if into else "prompts/"
    for version in (version for prompt in prompts for version in prompt.versions):
        version.files = {f"{folder}{path}": text for path, text in version.files.items()}
    _refuse_twins(prompts)
    made = Plan(root, prompts)
    changed = True
    while changed:  # what includes a prompt that is not fit is not fit either
        made.fit = {prompt.name: [each for each in prompt.versions if not each.failure] for prompt in prompts}
        made.fit = {name: versions for name, versions in made.fit.items() if versions and _newest(prompts, name)}
        changed = _check(made)
    return made


def _newest(prompts: list[Imported], name: str) -> bool:
    """A prompt whose newest version is not fit is not imported at all."""
    return not next(prompt for prompt in prompts if prompt.name == name).versions[-1].failure


def _refuse_twins(prompts: list[Imported]) -> None:
    owners: dict[str, str] = {}
    for prompt in prompts:
        for version in prompt.versions:
            for path in version.files:
                other = owners.setdefault(path.lower(), prompt.name)
                if other != prompt.name:
                    version.failure = f"{path} is also what {other!r} would be called."


def _check(made: Plan) -> bool:
    """Look at every version among the newest of the others; whether one was found unfit."""
    newest = made.files
    found = False
    for versions in made.fit.values():
        for version in versions:
            problems = _problems(made.root, version, newest)
            if problems:
                version.failure = "; ".join(map(str, problems[:3]))
                found = True
    return found


def _problems(root: Path, version: Version, newest: dict[str, str]) -> list[Problem]:
    def read(path: str) -> bytes | None:
        text = version.files.get(path, newest.get(path))
        return read_artefact(root, path) if text is None else text.encode()

    try:
        return [item for path, text in version.files.items() for item in check_file(path, text.encode(), read=read)]
    except UnicodeEncodeError:
        return [Problem(next(iter(version.files)), 1, 1, "not_utf8", "The text has a character that is none.")]


def taken(made: Plan) -> list[str]:
    """The files that are there already with another text."""
    return sorted(path for path, text in made.files.items() if _differs(made.root / path, text))


def _differs(file: Path, text: str) -> bool:
    return (file.exists() or file.is_symlink()) and (not file.is_file() or file.read_bytes() != text.encode())


def write_files(made: Plan) -> None:
    """Write the newest version of everything; when one file cannot be written, none is."""
    before: dict[Path, bytes | None] = {}
    try:
        for path, text in made.files.items():
            file = made.root / path
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
    steps = list(_order(made, newest=newest))
    with tempfile.TemporaryFile() as stream:
        for line in _stream(steps, head, who.out.strip(), system, lambda path: read_artefact(made.root, path)):
            stream.write(line)
        stream.seek(0)
        try:
            _take(repo, stream.fileno())
            return run_git(repo, "rev-list", "--reverse", f"{head}..{_REF}").out.split()
        finally:
            run_git(repo, "update-ref", "-d", _REF)


def _order(made: Plan, *, newest: bool) -> Iterator[tuple[str, Version]]:
    """(name, version) in the order of their dates when all have one, else of their numbers; never against a prompt's
    own order."""
    fresh = {name: all_ for name, all_ in made.fit.items() if not _is_there(made.root, all_[-1])}
    chosen = [(name, version) for name, all_ in fresh.items() for version in (all_[-1:] if newest else all_)]
    dated = all(version.date for _, version in chosen)
    by_date = sorted(chosen, key=lambda item: (item[1].date or "", item[1].number))
    if dated and all(_ascending([each for owner, each in by_date if owner == name]) for name in made.fit):
        return iter(by_date)
    return iter(sorted(chosen, key=lambda item: item[1].number))


def _is_there(root: Path, version: Version) -> bool:
    return all(read_artefact(root, path) == text.encode() for path, text in version.files.items())


def _ascending(versions: list[Version]) -> bool:
    numbers = [version.number for version in versions]
    return numbers == sorted(numbers)


def _stream(
    steps: list[tuple[str, Version]], head: str, who: str, system: str, read: Callable[[str], bytes | None]
) -> Iterator[bytes]:
    """Commits in git-fast-import(1)'s language."""
    now: dict[str, bytes | None] = {}
    first = True
    for name, version in steps:
        changed = {path: text.encode() for path, text in version.files.items()}
        changed = {path: content for path, content in changed.items() if now.get(path, read(path)) != content}
        now |= changed
        if not changed:
            continue
        message = _message(name, version, system).encode()
        yield f"commit {_REF}\ncommitter {who}\ndata {len(message)}\n".encode() + message + b"\n"
        yield f"from {head}\n".encode() if first else b""
        first = False
        for path, content in changed.items():
            yield f"M 100644 inline {path}\ndata {len(content)}\n".encode() + content + b"\n"
        yield b"\n"


def _message(name: str, version: Version, system: str) -> str:
    trailers = {
        "Imported-From": f"{system} {name} version {version.number}",
        "Original-Author": version.author,
        "Original-Date": version.date,
        "Original-Labels": ", ".join(version.labels),
    }
    lines = [f"{key}: {' '.join(str(value).split())}" for key, value in trailers.items() if value]
    note = f"{version.note.strip()}\n\n" if version.note.strip() else ""
    return f"Import {name}, version {version.number}, from {system}\n\n{note}" + "\n".join(lines) + "\n"


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
