"""The commands that look back: what was live when, and the whole project as one file."""

import json
import sys
import time
from argparse import Namespace
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, TextIO

from variorum_client.asking import ask, ask_project, connection_for, object_of, project_for
from variorum_client.connection import path_of
from variorum_client.errors import ApiError
from variorum_client.moments import parse_moment, said, zone_of

PAUSE = 0.5
ENDED = ("succeeded", "failed", "cancelled")


def live(options: Namespace, out: TextIO) -> int:
    """What an environment (or each) served at a moment; exit code 1 when one that was named served nothing."""
    zone = zone_of(options.zone)
    at = parse_moment(options.at, zone=zone)
    query = {"at": at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")}
    if options.environment:
        query["environment"] = options.environment
    if options.text or options.prompt:
        query["texts"] = "1"
    answer = ask_project(options, "GET", "live", query=query)
    items = answer["items"]
    code = 1 if options.environment and items[0]["deployment"] is None else 0
    if options.json:
        out.write(json.dumps(answer, indent=2, ensure_ascii=False) + "\n")
    elif options.prompt:
        out.write(_text(items, options.prompt))
    else:
        out.write(f"At {said(at)}\n")
        out.writelines(_shown(item, zone, texts=options.text) for item in items)
    return code


def export(options: Namespace, out: TextIO) -> int:
    """Let the server write the project to one file, wait for it, and fetch it."""
    options.project = options.name or options.project
    project = project_for(options)
    target = Path(options.file or options.output or f"{project}.zip")
    job = _ended(options, ask_project(options, "POST", "exports"))
    _fetch(options, job, ("exports",), target)
    out.write(
        f"{project} written to {target} ({job['result']['size']:,} bytes, sha256 {job['result']['sha256'][:12]}…)\n"
    )
    return 0


def export_adapter(options: Namespace, out: TextIO) -> int:
    """Let the server write an adapter as a merged model or as GGUF, wait for it, and fetch it."""
    folder = options.folder.strip("/")
    folder = folder if folder.startswith("adapters/") else f"adapters/{folder}"
    body = {"folder": folder, "ref": options.ref, "format": options.format}
    target = Path(options.output or f"{folder.rpartition('/')[2]}-{options.format}.zip")
    job = _ended(options, ask_project(options, "POST", "adapters", "exports", body=body))
    _fetch(options, job, ("adapters", "exports"), target)
    out.write(
        f"{folder} written to {target} ({job['result']['size']:,} bytes, sha256 {job['result']['sha256'][:12]}…)\n"
    )
    return 0


def _ended(options: Namespace, job: dict[str, Any]) -> dict[str, Any]:
    """The job when it has succeeded, its progress told meanwhile. Raises ApiError when it did not."""
    said = ""
    while job["state"] not in ENDED:
        said = _step(said, job["message"])
        time.sleep(PAUSE)
        job = ask_project(options, "GET", "jobs", str(job["number"]))
    if job["state"] != "succeeded":
        raise ApiError(0, "export_failed", job.get("error") or f"The export ended as {job['state']}.")
    return job


def _fetch(options: Namespace, job: dict[str, Any], place: Sequence[str], target: Path) -> None:
    """A job's file, whole or not at all."""
    partial = target.with_name(f".{target.name}.part")
    path = path_of("projects", project_for(options), *place, str(job["number"]), "file")
    connection = connection_for(options)
    try:
        with partial.open("wb") as handle:
            digest = connection.download(path, handle)
        if digest != job["result"]["sha256"]:
            raise ApiError(0, "damaged", "The file was changed or cut off on its way. Try again.")
        partial.replace(target)
    finally:
        connection.close()
        partial.unlink(missing_ok=True)


def import_project(options: Namespace, out: TextIO) -> int:
    """Send a file, wait until its project is there, and tell what came. Ctrl-C stops waiting, not the import."""
    file = Path(options.file)
    fields = {name: getattr(options, name) for name in ("slug", "name") if getattr(options, name)}
    connection = connection_for(options)
    try:
        with file.open("rb") as handle:
            found = object_of(connection.upload(path_of("imports"), file.name, handle, fields))
    finally:
        connection.close()
    said = ""
    while found["state"] not in ENDED:
        said = _step(said, _far(found))
        time.sleep(PAUSE)
        found = ask(options, "GET", "imports", str(found["id"]))
    report = found["report"]
    if not report:
        raise ApiError(0, "import_failed", found["error"] or f"The import ended as {found['state']}.")
    if options.json:
        out.write(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
        return 0
    rows = sum(report["rows"].values())
    out.write(f"{report['name']} is here now: /p/{report['slug']}\n")
    out.write(f"  {report['refs']} branches and tags, {rows:,} rows, {report['objects']} large files\n")
    if report["without_account"]:
        out.write(f"  without an account here: {', '.join(report['without_account'])}\n")
    return 0


def _far(found: Mapping[str, Any]) -> str:
    if found["state"] == "queued":
        return "waiting for a worker"
    share = 100 * found["done"] // found["total"] if found["total"] else 0
    return f"{share:>3} % {found['message']}"


def _step(said: str, now: str) -> str:
    """A line on standard error when there is something new to say, and a person who reads it."""
    if now and now != said and sys.stderr.isatty():
        sys.stderr.write(f"{now}\n")
    return now or said


def _shown(item: Mapping[str, Any], zone: tzinfo, *, texts: bool) -> str:
    found = item["deployment"]
    if found is None:
        after = item["after"]
        later = f"; the first came {_time(after['created_at'], zone)}" if after else ""
        return f"\n{item['environment']}: nothing was live{later}\n"
    how = "rolled back" if found["kind"] == "rollback" else "deployed"
    tags = f"  [{', '.join(item['tags'])}]" if item["tags"] else ""
    until = _time(found["until"], zone) if found["until"] else "now"
    lines = [
        f"\n{item['environment']}: {found['commit'][:12]}{tags}  {found['subject']}",
        f"  #{found['number']}, {how} by {found['actor_name']}",
        f"  from {_time(found['created_at'], zone)} until {until}",
        *(f"  {name}: #{item[name]['number']} {item[name]['subject']}" for name in ("before", "after") if item[name]),
    ]
    for prompt in item["prompts"]:
        lines.append(f"  {prompt['path']}" + (f"  ({prompt['model']})" if prompt.get("model") else ""))
        if texts:
            lines += [f"    | {line}" for line in (prompt["text"] or "").splitlines()]
    return "\n".join(lines) + "\n"


def _text(items: list[dict[str, Any]], name: str) -> str:
    """One prompt's text, to be piped somewhere. Raises ValueError unless one environment is meant and has it."""
    if len(items) != 1:
        raise ValueError("--prompt needs one environment: give --environment too.")
    for prompt in items[0]["prompts"]:
        if name in (prompt["name"], prompt["path"]):
            return str(prompt["text"])
    known = ", ".join(prompt["name"] for prompt in items[0]["prompts"]) or "none"
    raise ApiError(404, "unknown_prompt", f"No prompt {name!r} was live in {items[0]['environment']} then: {known}.")


def _time(iso: str, zone: tzinfo) -> str:
    return said(datetime.fromisoformat(iso).astimezone(zone))
