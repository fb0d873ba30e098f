"""The clone that the user stands in: its top folder, its project, its branch, and Git's words made plain."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from variorum_client.errors import CloneError

if TYPE_CHECKING:
    import git

MAIN = "main"
REMOTE = "origin"
DRAFT_KEY = "variorumdraft"
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": "true", "GIT_SEQUENCE_EDITOR": "true"}


def gitpython() -> Any:
    """The module `git`. Raises CloneError when the extra, or Git itself, is not installed."""
    try:
        import git
    except ImportError as error:
        if "git executable" in str(error):
            raise CloneError(
                "Git was not found on this machine: install it, for example with apt-get install git."
            ) from None
        raise CloneError("This command needs GitPython: pip install 'variorum-client[git]'.") from None
    return git


@dataclass(frozen=True, slots=True)
class Done:
    """How a Git command ended: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def reason(self) -> str:
        """The telling lines of its error output, in one line."""
        lines = [line.strip() for line in self.err.splitlines() if line.strip()]
        told = [line for line in lines if line.startswith(("fatal:", "error:", "remote:"))] or lines[-2:]
        return " ".join(" · ".join(line.removeprefix("fatal: ").removeprefix("error: ") for line in told).split())[
            :1000
        ]

    @property
    def remote(self) -> list[str]:
        """What the server said, line by line."""
        lines = [line.removeprefix("remote:").strip() for line in self.err.splitlines() if line.startswith("remote:")]
        return [line for line in lines if line]


class Clone:
    """A clone of a project: `top` is its folder, `url` the server, `project` the slug."""

    def __init__(self, repo: "git.Repo", url: str, project: str) -> None:
        self.repo, self.url, self.project = repo, url, project
        self.top = Path(str(repo.working_tree_dir))

    @property
    def branch(self) -> str | None:
        """The branch that is checked out, or None on a bare commit."""
        return None if self.repo.head.is_detached else str(self.repo.head.ref.path).removeprefix("refs/heads/")

    @property
    def head(self) -> str | None:
        """The commit that is checked out; None before the first one."""
        return self.commit("HEAD")

    def commit(self, revision: str) -> str | None:
        """The full id of a revision, or None when there is no such commit here."""
        done = self.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return done.out.strip() or None

    def git(self, *arguments: str, env: Mapping[str, str] | None = None) -> Done:
        """Run Git in the clone; never raises for its exit code and never asks for a password."""
        return run_git(self.repo, *arguments, env=env)

    def need(self, *arguments: str, what: str, env: Mapping[str, str] | None = None) -> str:
        """Run Git; its output. Raises CloneError that begins with `what` and ends with Git's reason."""
        done = self.git(*arguments, env=env)
        if done.code:
            raise CloneError(f"{what}: {done.reason or f'Git ended with {done.code}'}")
        return done.out

    def read(self, revision: str, path: str) -> bytes | None:
        """A file's content in a commit, or None."""
        try:
            blob = self.repo.commit(revision).tree / path
        except (KeyError, ValueError, gitpython().GitError):
            return None
        return bytes(blob.data_stream.read()) if blob.type == "blob" else None

    def setting(self, section: str, name: str) -> str | None:
        """A value of the clone's own configuration."""
        with self.repo.config_reader("repository") as reader:
            value = reader.get_value(section, name, default="")
        return str(value) or None

    def upstream(self, branch: str) -> str | None:
        """The branch on the server that a local branch follows, such as drafts/12."""
        merge = self.setting(f'branch "{branch}"', "merge")
        return merge.removeprefix("refs/heads/") if merge else None

    def draft_of(self, branch: str) -> int | None:
        """The number of the draft that a branch belongs to, by its settings or by its name on the server."""
        noted = self.setting(f'branch "{branch}"', DRAFT_KEY)
        for text in (noted, *((name or "").removeprefix("drafts/") for name in (self.upstream(branch), branch))):
            if text and text.isdecimal() and len(text) < 10:
                return int(text)
        return None

    def note_draft(self, branch: str, number: int, upstream: str) -> None:
        """Remember which draft a branch belongs to, and follow its branch on the server."""
        with self.repo.config_writer() as writer:
            section = f'branch "{branch}"'
            writer.set_value(section, "remote", REMOTE)
            writer.set_value(section, "merge", f"refs/heads/{upstream}")
            writer.set_value(section, DRAFT_KEY, str(number))

    def changes(self) -> list[tuple[str, str]]:
        """(letter, path) of everything not committed: M, A, D, R, U for a conflict, ? for a new file."""
        out = self.need("status", "--porcelain=v1", "-z", "--untracked-files=all", what="Git cannot look at the clone")
        return _parse_status(out)


def run_git(repo: "git.Repo", *arguments: str, env: Mapping[str, str] | None = None) -> Done:
    """One Git command in a repository, without a prompt and without an editor."""
    code, out, err = repo.git.execute(
        ["git", *arguments],
        with_extended_output=True,
        with_exceptions=False,
        env={**_QUIET, **(env or {})},
        strip_newline_in_stdout=False,
    )
    return Done(int(code), str(out), str(err))


def open_clone(start: str | os.PathLike[str] = ".") -> Clone:
    """The clone around a folder. Raises CloneError when this is no clone of a project."""
    found = find_clone(start)
    if found is None:
        raise CloneError(
            "This folder is not a clone of a project: run `variorum clone PROJECT`, then go into its folder."
        )
    return found


def find_clone(start: str | os.PathLike[str] = ".") -> Clone | None:
    """The clone around a folder, or None: no Git, no GitPython, or a repository of something else."""
    repo = find_repo(Path(start))
    if repo is None:
        return None
    with repo.config_reader("repository") as reader:
        url, project = (str(reader.get_value("variorum", name, default="")) for name in ("url", "project"))
    return Clone(repo, url, project) if url and project and repo.working_tree_dir else None


def find_repo(start: Path) -> "git.Repo | None":
    """The Git repository around a folder, or None: there is none, it is broken, or GitPython is not installed."""
    if git_top(start) is None:
        return None
    try:
        module = gitpython()
    except CloneError:
        return None
    try:
        return module.Repo(start, search_parent_directories=True)  # type: ignore[no-any-return]
    except (module.GitError, OSError):
        return None


def git_top(start: Path) -> Path | None:
    """The folder that holds .git, from here upwards."""
    here = start.resolve()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), None)


def _parse_status(out: str) -> list[tuple[str, str]]:
    found, parts = list[tuple[str, str]](), iter(out.split("\0"))
    for part in parts:
        if not part:
            continue
        code, path = part[:2], part[3:]
        if "R" in code or "C" in code:
            next(parts, None)  # the old name
        conflict = "U" in code or code in ("AA", "DD")
        letter = "U" if conflict else "?" if code == "??" else (code[0].strip() or code[1])
        found.append((letter, path))
    return sorted(found, key=lambda item: item[1])
