"""`variorum diff`: what differs between the files here and main, a commit, or what is live."""

import difflib
import hashlib
import json
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from variorum_client.asking import ask_project
from variorum_client.clones.clone import MAIN, REMOTE, Clone, open_clone
from variorum_client.errors import CloneError
from variorum_client.folder import read_artefact
from variorum_client.formats.comparing import as_text, compare
from variorum_client.formats.lfs import MAX_POINTER_BYTES, parse_pointer, print_pointer
from variorum_client.formats.texts import MAX_TEXT_BYTES
from variorum_client.terms import Painter, painter


@dataclass(frozen=True, slots=True)
class Changed:
    """One file that differs; a side without it is None."""

    path: str
    old: bytes | None
    new: bytes | None

    @property
    def status(self) -> str:
        """added, deleted or modified."""
        return "added" if self.old is None else "deleted" if self.new is None else "modified"


def diff(options: Namespace, out: TextIO) -> int:
    """Compare the files as they are here with where this branch left main, or with what was asked for."""
    clone = open_clone()
    against, paths = _split(clone, options.paths, live=bool(options.live))
    name, base = _live(options, clone) if options.live else _base(clone, against)
    changed = changed_files(clone, base, [_inside(clone, path) for path in paths])
    if options.json:
        out.write(json.dumps(_as_json(name, base, changed), indent=2, ensure_ascii=False) + "\n")
        return 0
    paint = painter(out)
    out.write(f"{paint(f'Compared with {name}', 'dim')} {paint(base[:12], 'dim')}\n")
    out.writelines(
        f"\n{paint(item.path, 'bold')} ({item.status})\n{_painted(item, paint, raw=options.raw)}" for item in changed
    )
    if not changed:
        out.write("Nothing differs.\n")
    return 0


def _split(clone: Clone, words: list[str], *, live: bool) -> tuple[str, list[str]]:
    """The commit to compare with and the paths: the first word is a commit when there is one of that name."""
    first = words[0] if words else ""
    known = clone.commit(first) or clone.commit(f"{REMOTE}/{first}") if first and not live else None
    if known and not Path(first).exists():
        return first, words[1:]
    if first and not live and not Path(first).exists() and _gone(clone, first) is None:
        raise CloneError(f"{first!r} is neither a commit nor a file here: `variorum pull` fetches what the server has.")
    return MAIN, words


def _gone(clone: Clone, path: str) -> bytes | None:
    """A file of the last commit that is not on disk any more."""
    return clone.read("HEAD", _inside(clone, path))


def _base(clone: Clone, against: str) -> tuple[str, str]:
    """What to compare with: its name for people, and its commit. For main that is where this branch left it."""
    found = clone.commit(f"{REMOTE}/{against}") or clone.commit(against)
    if found is None:
        raise CloneError(f"There is no commit {against!r} here: `variorum pull` fetches what the server has.")
    if against != MAIN:
        return against, clone.commit(against) or found
    return "main, where this branch left it", clone.git("merge-base", "HEAD", found).out.strip() or found


def _live(options: Namespace, clone: Clone) -> tuple[str, str]:
    return f"what is live in {options.live}", _live_commit(options, clone)


def _live_commit(options: Namespace, clone: Clone) -> str:
    """What an environment serves; fetched when it is not here yet."""
    items = ask_project(options, "GET", "environments")["items"]
    found = next((item for item in items if item["slug"] == options.live), None)
    if found is None:
        known = ", ".join(str(item["slug"]) for item in items)
        raise CloneError(f"There is no environment {options.live!r}; there are: {known}.")
    if found["current"] is None:
        raise CloneError(f"Nothing is live in {options.live} yet.")
    commit = str(found["current"]["commit"])
    if clone.commit(commit) is None:
        clone.need("fetch", "--quiet", REMOTE, what="The live commit cannot be fetched")
    if clone.commit(commit) is None:
        raise CloneError(f"The live commit {commit[:12]} is in no branch that can be fetched.")
    return commit


def _inside(clone: Clone, path: str) -> str:
    """A path as the repository names it, wherever in the clone one stands."""
    here = Path(path).absolute()
    if not here.is_relative_to(clone.top):
        raise CloneError(f"{path} is not in this clone ({clone.top}).")
    return here.relative_to(clone.top).as_posix()


def changed_files(clone: Clone, base: str, wanted: list[str]) -> list[Changed]:
    """The files that differ between a commit and the folder, new ones too, by path; below `wanted` when it is given."""
    paths = [f":(literal){path}" for path in wanted]
    tracked = clone.need("diff", "--name-only", "-z", "--no-renames", base, "--", *paths, what="Git cannot compare")
    fresh = clone.need(
        "ls-files", "-z", "--others", "--exclude-standard", "--full-name", ":/", what="Git cannot list the files"
    )
    inside = [path for path in fresh.split("\0") if path and (not wanted or any(_below(path, top) for top in wanted))]
    names = sorted({*(path for path in tracked.split("\0") if path), *inside})
    sides = [Changed(name, clone.read(base, name), _on_disk(clone, name)) for name in names]
    return [item for item in sides if not _same(item)]


def _on_disk(clone: Clone, name: str) -> bytes | None:
    """A file here; weights that Git LFS has fetched, or will take, as the pointer that they are in Git."""
    content = read_artefact(clone.top, name)
    if content is None or parse_pointer(content) is None or not (clone.top / name).stat().st_size > MAX_POINTER_BYTES:
        return content
    with (clone.top / name).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return print_pointer(digest, (clone.top / name).stat().st_size)


def _below(path: str, top: str) -> bool:
    return top == "." or path == top or path.startswith(f"{top}/")


def _same(item: Changed) -> bool:
    return item.old == item.new


def _painted(item: Changed, paint: Painter, *, raw: bool) -> str:
    text = shown(item, raw=raw)
    return paint.diff(text) if raw else paint.words(text)


def shown(item: Changed, *, raw: bool) -> str:
    """The difference for people: by what it says where the formats can tell, else by lines."""
    if raw:
        return lines_of(item)
    lines = as_text(compare(item.path, item.old, item.new)).splitlines(keepends=True)
    return "".join(lines[1:])  # the first repeats the path


def lines_of(item: Changed) -> str:
    """The unified difference by lines; one sentence for what is not text."""
    old, new = (_text(side) for side in (item.old, item.new))
    if old is None or new is None:
        return f"  {_size(item.old)} before, {_size(item.new)} now; not text\n"
    lines = difflib.unified_diff(
        old.splitlines(keepends=True), new.splitlines(keepends=True), f"a/{item.path}", f"b/{item.path}"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _text(content: bytes | None) -> str | None:
    if content is None:
        return ""
    if len(content) > MAX_TEXT_BYTES:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _size(content: bytes | None) -> str:
    pointer = parse_pointer(content) if content is not None else None
    size = pointer.size if pointer else len(content or b"")
    return "absent" if content is None else f"{size:,} bytes"


def _consequences(item: Changed) -> list[dict[str, str]]:
    """What follows for callers, each with its level: breaks, warns or says."""
    found = compare(item.path, item.old, item.new).consequences
    return [{"level": each.level, "message": each.message} for each in found]


def _as_json(name: str, base: str, changed: list[Changed]) -> dict[str, object]:
    files = [
        {"path": item.path, "status": item.status, "consequences": _consequences(item), "diff": lines_of(item)}
        for item in changed
    ]
    return {"against": name, "commit": base, "files": files}
