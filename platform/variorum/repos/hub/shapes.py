"""What the Hub's clients expect in JSON. Figures that are not kept here (downloads, likes) are left out."""

from typing import Any

from variorum.repos import queries
from variorum.repos.git import CommitInfo
from variorum.repos.hub.folders import Adapter
from variorum.repos.queries import Entry
from variorum_client.formats import print_pointer


def model(adapter: Adapter, *, blobs: bool = False, full: bool = True) -> dict[str, Any]:
    """A repository (`ModelInfo` in huggingface_hub). `blobs` adds sizes and hashes to its files."""
    config, card = adapter.says()
    told: dict[str, Any] = {
        "_id": adapter.repo_id,
        "id": adapter.repo_id,
        "modelId": adapter.repo_id,
        "author": adapter.project.slug,
        "sha": adapter.commit,
        "private": True,
        "gated": False,
        "disabled": False,
        "library_name": "peft",
        "tags": ["peft", "safetensors", "lora"],
    }
    if not full:
        return told
    base = config.get("base_model_name_or_path")
    return {
        **told,
        "lastModified": _date(queries.commit_info(adapter.project, adapter.commit)),
        "config": {"peft": {"base_model_name_or_path": base, "task_type": config.get("task_type")}},
        "cardData": card_data(base, card),
        "siblings": [_sibling(name, entry, blobs=blobs) for name, entry in adapter.files.items()],
        "spaces": [],
    }


def card_data(base: Any, card: dict[str, Any]) -> dict[str, Any]:
    """The part of card.yaml that the Hub's model cards have a name for."""
    data = card.get("data")
    named = {
        "license": str(card["licence"]).lower() if card.get("licence") else None,
        "base_model": base,
        "datasets": [data["dataset"]] if isinstance(data, dict) and data.get("dataset") else None,
    }
    return {"library_name": "peft", **{name: value for name, value in named.items() if value}}


def _sibling(name: str, entry: Entry, *, blobs: bool) -> dict[str, Any]:
    if not blobs:
        return {"rfilename": name}
    told: dict[str, Any] = {"rfilename": name, "size": entry.size, "blobId": entry.oid}
    if entry.lfs:
        told["lfs"] = {"sha256": entry.lfs.oid, "size": entry.lfs.size, "pointerSize": _pointer_size(entry)}
    return told


def file(name: str, entry: Entry, changed: CommitInfo | None) -> dict[str, Any]:
    """A file (`RepoFile`); `changed` is its last commit where it was asked for."""
    told: dict[str, Any] = {"type": "file", "path": name, "size": entry.size, "oid": entry.oid}
    if entry.lfs:
        told["lfs"] = {"oid": entry.lfs.oid, "size": entry.lfs.size, "pointerSize": _pointer_size(entry)}
    if changed:
        told["lastCommit"] = {"id": changed.sha, "title": changed.subject, "date": _date(changed)}
    return told


def commit(info: CommitInfo) -> dict[str, Any]:
    """A commit (`GitCommitInfo`)."""
    return {
        "id": info.sha,
        "title": info.subject,
        "message": info.body,
        "date": _date(info),
        "authors": [{"user": info.author_name}],
    }


def _pointer_size(entry: Entry) -> int:
    return len(print_pointer(entry.lfs.oid, entry.lfs.size)) if entry.lfs else 0


def _date(info: CommitInfo) -> str:
    return info.at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
