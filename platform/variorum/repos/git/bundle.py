"""A whole repository as one file, a Git bundle, and back."""

import re
import subprocess
from pathlib import Path
from typing import IO

from variorum.repos.git.errors import GitError
from variorum.repos.git.handle import MAIN, command, environment, forget, init_bare, run_git
from variorum.repos.git.incoming import BOUNDED, WINDOWS
from variorum.repos.git.paths import MAX_FILE
from variorum.repos.git.read import refs

REFS = ("refs/heads/", "refs/tags/", "refs/variorum/keep/")  # the last: versions of drafts that a push replaced
PIPE = subprocess.PIPE
CHUNK = 1024 * 1024
MODES = {"000000", "100644", "100755"}


def own_refs(path: Path) -> dict[str, str]:
    """The refs that belong to the project, by their full names, and what they hold (a tag: its tag object)."""
    return {name: oid for name, oid in refs(path).items() if name.startswith(REFS)}


def write_bundle(path: Path, out: IO[bytes], wanted: dict[str, str]) -> None:
    """Write these refs with all they lead to as a Git bundle (version 2), in flat memory.

    The same objects give the same bytes, however they are packed here: nothing of their present packing is used.
    """
    head = "".join(f"{oid} {name}\n" for name, oid in _listed(wanted))
    out.write(f"# v2 git bundle\n{head}\n".encode())
    out.flush()
    listing = ["rev-list", "--objects", "--stdin"]
    packing = ["pack-objects", "--stdout", "--quiet", "--threads=1", "--no-reuse-delta", "--no-reuse-object"]
    oids = "".join(f"{oid}\n" for oid in sorted(set(wanted.values()))).encode()
    with (
        subprocess.Popen(
            command(path, *listing), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
        ) as lister,
        subprocess.Popen(
            command(path, *packing), stdin=lister.stdout, stdout=subprocess.PIPE, env=environment()
        ) as packer,
    ):
        if lister.stdin is None or lister.stdout is None or packer.stdout is None:
            raise GitError("git gave no pipe")
        lister.stdin.write(oids)
        lister.stdin.close()
        lister.stdout.close()
        while piece := packer.stdout.read(CHUNK):
            out.write(piece)
    if lister.returncode or packer.returncode:
        raise GitError(f"git pack-objects ended with {packer.returncode}, git rev-list with {lister.returncode}")


def _listed(wanted: dict[str, str]) -> list[tuple[str, str]]:
    """HEAD, so that a clone checks ``main`` out, and the refs by name. A bundle cannot say which branch HEAD is: of
    those with its commit git takes the last one, so ``main`` is the last of all."""
    main = f"refs/heads/{MAIN}"
    others = sorted((name, oid) for name, oid in wanted.items() if name != main)
    return [("HEAD", wanted[main]), *others, (main, wanted[main])] if main in wanted else others


def read_bundle(bundle: Path, path: Path) -> dict[str, str]:
    """Make a bare repository of a bundle and answer its refs; every object is checked as ``git fsck --strict`` does.

    ``path`` must not exist and is left to the caller when this raises. Raises GitError in words for people.
    """
    init_bare(path)
    run_git(path, "bundle", "verify", "--quiet", str(bundle))
    rules = ("-c", "fetch.fsckObjects=true", "-c", "core.bigFileThreshold=2m", "-c", "gc.auto=0", *WINDOWS)
    mapped = tuple(f"{name}*:{name}*" for name in REFS)
    run_git(
        path, *rules, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", str(bundle), *mapped, within=BOUNDED
    )
    forget(path)
    _check_sizes(path)
    _check_modes(path)
    return own_refs(path)


def _check_sizes(path: Path) -> None:
    listed = run_git(path, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectsize) %(objectname)")
    for line in listed.splitlines():
        kind, size, oid = line.split()
        if kind == "blob" and int(size) > MAX_FILE:
            raise GitError(f"the file {oid[:10]} has {size} bytes; a file in Git has at most {MAX_FILE}")


def _check_modes(path: Path) -> None:
    """No symbolic links and no submodules, in any commit."""
    changes = run_git(path, "log", "--all", "--root", "-m", "--raw", "--no-renames", "--no-abbrev", "--format=")
    for found in re.finditer(r"^:\d{6} (\d{6}) \S+ \S+ \S+\t(.*)$", changes, re.MULTILINE):
        if found[1] not in MODES:
            raise GitError(f"{found[2][:200]} is a symbolic link or a submodule, which have no place here")
