"""The files of main as they are looked for: by path, kind and what their front matter says of them."""

import re
from collections.abc import Iterator
from functools import lru_cache

from variorum.accounts.models import Project
from variorum.repos import queries
from variorum.repos.queries import Entry
from variorum.search.matching import Item

DESCRIBED = ("prompt", "config", "suite")
MAX_READ = 100_000  # bytes of a file that is looked into
MAX_SHOWN = 200
DESCRIPTION = re.compile(r"^description:[ \t]*(.*(?:\n[ \t]+.*)*)", re.MULTILINE)
FENCE = re.compile(r"^---[ \t]*$", re.MULTILINE)


def files_of(project: Project) -> tuple[Item, ...]:
    """Every file of main, an adapter's folder as one. Read once for each state of main; runs no Git process."""
    head = queries.head(project)
    return _items(project, head) if head else ()


@lru_cache(maxsize=64)
def _items(project: Project, commit: str) -> tuple[Item, ...]:
    entries = queries.list_files(project, commit)
    wanted = [entry.path for entry in entries if entry.kind in DESCRIBED and entry.size <= MAX_READ]
    said = {path: _description(content) for path, content in queries.read_files(project, commit, wanted).items()}
    return tuple(_item(entry, said.get(entry.path, "")) for entry in _shown(entries))


def _shown(entries: list[Entry]) -> Iterator[Entry]:
    """An adapter is found by its config; its other files are part of it."""
    for entry in entries:
        if entry.kind != "adapter" or entry.path.endswith("/adapter_config.json"):
            yield entry


def _item(entry: Entry, said: str) -> Item:
    title = entry.path.rpartition("/")[0] if entry.kind == "adapter" else entry.path
    kind = entry.kind if entry.kind in ("prompt", "config", "adapter", "suite") else "file"
    return Item(kind=kind, key=entry.name, title=title, detail=said, url=f"files/{entry.path}", hidden=entry.kind)


def _description(content: bytes) -> str:
    """The description in a prompt's front matter or at the top of a YAML file, on one line; reads nothing else."""
    text = content.decode(errors="replace")
    fences = [match.end() for match in FENCE.finditer(text[:MAX_READ])][:2]
    front = text[fences[0] : fences[1]] if len(fences) == 2 else text
    found = DESCRIPTION.search(front)
    words = " ".join(found[1].split()) if found else ""
    return words.lstrip("|>-+ ").strip("\"'")[:MAX_SHOWN]
