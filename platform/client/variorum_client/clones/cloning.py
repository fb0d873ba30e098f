"""`variorum clone`: a project's repository in a folder of one's own, ready to push, with no key in its settings."""

import re
import shutil
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from variorum_client.clones.clone import Clone, find_clone, gitpython, run_git
from variorum_client.clones.hooks import install_hook
from variorum_client.clones.keys import helper_command, own_command, save_key
from variorum_client.clones.where import where
from variorum_client.connection import Connection
from variorum_client.errors import CloneError
from variorum_client.terms import painter

if TYPE_CHECKING:
    import git

_SLUG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")


def clone(options: Namespace, out: TextIO) -> int:
    """Clone a project. A folder that could not be filled is taken away again."""
    found = where(options)
    address = Connection(found.url, found.key).base_url  # refuses what is no address or no key, in plain words
    project, key = options.name or found.project, str(found.key)
    if not project:
        raise ValueError("A project is needed: `variorum clone PROJECT`, or set VARIORUM_PROJECT.")
    if not _SLUG.fullmatch(project):
        raise ValueError(f"{project!r} is no project's slug: it has letters, digits, - and _ only.")
    folder = Path(options.folder or project).absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CloneError(f"{folder} is there already: choose another folder.")
    made = _fill(folder, address, project, key, options.depth)
    paint = painter(out)
    out.write(f"{paint('Cloned', 'green')} {project} into {folder}\n")
    if options.save_key:
        out.write(f"The key is kept in {save_key(address, project, key)}, readable by you alone.\n")
    _large_files(made, key, out)
    if options.hook:
        out.write(f"{install_hook(made.top)} checks every commit.\n")
    return 0


def _fill(folder: Path, address: str, project: str, key: str, depth: int | None) -> Clone:
    """Make, configure and fetch, in that order, so that Git never needs a key on its command line."""
    was_there = folder.exists()
    module = gitpython()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        repo = module.Repo.init(folder, initial_branch="main")
        _configure(repo, address, project)
        _fetch(repo, project, key, address, depth)
    except BaseException:
        _remove(folder, was_there)
        raise
    made = find_clone(folder)
    if made is None:
        raise CloneError(f"{folder} was made, and Git cannot read it.")
    return made


def _configure(repo: "git.Repo", address: str, project: str) -> None:
    remote = f"{address}/{project}.git"
    settings = {
        "variorum.url": address,
        "variorum.project": project,
        "remote.origin.url": remote,
        "remote.origin.fetch": "+refs/heads/*:refs/remotes/origin/*",
        "branch.main.remote": "origin",
        "branch.main.merge": "refs/heads/main",
        f"credential.{remote}.useHttpPath": "true",
        "merge.variorum.name": "by setting, message and sentence, as the server merges",
        "merge.variorum.driver": f"{own_command()} merge-file %O %A %B %P",
    }
    for name, value in settings.items():
        run_git(repo, "config", "--local", name, value)
    for helper in ("", helper_command()):  # the empty one switches off those of the user's other hosts
        run_git(repo, "config", "--local", "--add", f"credential.{remote}.helper", helper)
    attributes = Path(repo.git_dir) / "info" / "attributes"
    attributes.parent.mkdir(exist_ok=True)
    attributes.write_text("*.prompt merge=variorum\nconfigs/**/*.yaml merge=variorum\n")


def _fetch(repo: "git.Repo", project: str, key: str, address: str, depth: int | None) -> None:
    shallow = [f"--depth={depth}"] if depth else []
    env = {"VARIORUM_API_KEY": key, "VARIORUM_URL": address, "GIT_LFS_SKIP_SMUDGE": "1"}
    fetched = run_git(repo, "fetch", "--quiet", *shallow, "origin", env=env)
    if fetched.code:
        raise CloneError(f"{project} cannot be cloned: {fetched.reason}")
    done = run_git(repo, "checkout", "--quiet", "-B", "main", "origin/main", env=env)
    if done.code:
        raise CloneError(f"{project} has no branch main that could be checked out: {done.reason}")


def _remove(folder: Path, was_there: bool) -> None:
    shutil.rmtree(folder / ".git", ignore_errors=True)
    for path in list(folder.iterdir()) if folder.exists() else []:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    if not was_there and folder.exists():
        folder.rmdir()


def _large_files(clone: Clone, key: str, out: TextIO) -> None:
    """With Git LFS the weights are fetched too; without it they stay pointers, which every other command can use."""
    if clone.git("lfs", "version").code:
        out.write("Git LFS is not installed: weights stay pointers. Install git-lfs, then run `git lfs pull`.\n")
        return
    clone.need("lfs", "install", "--local", what="Git LFS could not be set up")
    done = clone.git("lfs", "pull", env={"VARIORUM_API_KEY": key, "VARIORUM_URL": clone.url})
    if done.code:
        out.write(f"The weights could not be fetched and stay pointers: {done.reason}\n")
