"""What each command of `variorum` does. A command returns its exit code and writes to `out`."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

from variorum_client.bundle import Bundle, load_bundle
from variorum_client.connection import Answer, Connection, path_of, refusal
from variorum_client.errors import ApiError, UnknownArtefact
from variorum_client.folder import check_folder
from variorum_client.formats import Prompt, parse_prompt, partials_from
from variorum_client.formats.texts import decode
from variorum_client.ids import uuid7

Options = argparse.Namespace


def fetch(options: Options, out: TextIO) -> int:
    """Write the live bundle, or the source of one prompt, to standard output or a file."""
    body, bundle = _live(options)
    if options.prompt:
        body = _prompt_of(bundle, options.prompt).source.encode()
    if options.output:
        Path(options.output).write_bytes(body)
        out.write(f"{bundle.environment} at {bundle.commit[:12]} written to {options.output}\n")
    else:
        out.write(body.decode())
    return 0


def render(options: Options, out: TextIO) -> int:
    """Render a prompt file, or the live prompt of that name, with the given variables."""
    prompt = _prompt_file(Path(options.prompt)) if options.prompt.endswith(".prompt") else None
    if prompt is None:
        prompt = _prompt_of(_live(options)[1], options.prompt)
    messages = prompt.messages(_variables(options))
    if options.json:
        out.write(json.dumps(messages, indent=2, ensure_ascii=False) + "\n")
        return 0
    for message in messages:
        content = message["content"]
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        out.write(f"[{message['role']}]\n{text.rstrip()}\n\n")
    return 0


def check(options: Options, out: TextIO) -> int:
    """Check a folder of artefacts offline; exit code 1 when something is wrong."""
    root = Path(options.folder)
    if not root.is_dir():
        raise ApiError(0, "no_folder", f"{root} is not a folder.")
    files, problems = check_folder(root)
    if options.format == "json":
        found = {"files": files, "problems": [problem.as_dict() for problem in problems]}
        out.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
        return 1 if problems else 0
    out.writelines(f"{problem}\n" for problem in problems)
    out.write(f"{_count(files, 'file')} checked, {_count(len(problems), 'problem')} found.\n")
    return 1 if problems else 0


def status(options: Options, out: TextIO) -> int:
    """Show what is live in each environment of the project."""
    items = _ask(options, "GET", "projects", options.project, "environments")["items"]
    if options.json:
        out.write(json.dumps(items, indent=2, ensure_ascii=False) + "\n")
        return 0
    width = max([len(str(item["slug"])) for item in items] or [0])
    for item in items:
        live = item.get("current")
        said = "nothing is live" if live is None else _live_line(live)
        out.write(f"{item['slug']:<{width}}  {said}\n")
    return 0


def _live_line(live: Mapping[str, Any]) -> str:
    how = f"{live.get('kind', 'deploy')} by {live.get('actor_name') or 'someone'}, {live.get('created_at', '')}"
    return f"#{live['number']}  {live['commit'][:12]}  {live.get('subject', '')}  ({how})"


def deploy(options: Options, out: TextIO) -> int:
    """Make a commit live in an environment."""
    body = {"commit": options.commit, "note": options.note}
    made = _ask(options, "POST", "projects", options.project, "environments", options.env, "deployments", body=body)
    out.write(f"{options.env} now serves {made['commit'][:12]} (deployment #{made['number']})\n")
    return 0


def rollback(options: Options, out: TextIO) -> int:
    """Serve the deployment before the current one again, or the one given."""
    body = {"note": options.note, **({"to": options.to} if options.to else {})}
    made = _ask(options, "POST", "projects", options.project, "environments", options.env, "rollback", body=body)
    out.write(f"{options.env} serves {made['commit'][:12]} again (deployment #{made['number']})\n")
    return 0


def log(options: Options, out: TextIO) -> int:
    """Send one log."""
    given = {
        "id": uuid7(),
        "environment": options.environment,
        "prompt": options.prompt,
        "commit": options.commit,
        "model": options.model,
        "latency_ms": options.latency_ms,
        "input": {"variables": _variables(options)},
        "output": sys.stdin.read() if options.output == "-" else options.output,
        "error": options.error,
    }
    entry = {key: value for key, value in given.items() if value is not None}
    said = _ask(options, "POST", "logs", body={"logs": [entry]})
    out.write(f"{entry['id']} {'accepted' if said.get('accepted') else 'was there already'}\n")
    return 0


COMMANDS: dict[str, Callable[[Options, TextIO], int]] = {
    "fetch": fetch,
    "render": render,
    "check": check,
    "status": status,
    "deploy": deploy,
    "rollback": rollback,
    "log": log,
}


def _connection(options: Options) -> Connection:
    return Connection(options.url, options.api_key, timeout=options.timeout)


def _ask(options: Options, method: str, *parts: str, body: object = None) -> dict[str, Any]:
    """One call of the API; raises ApiError unless it succeeds with a JSON object."""
    if "projects" in parts and not options.project:
        raise ValueError("A project is needed: give --project or set VARIORUM_PROJECT.")
    connection = _connection(options)
    try:
        content = None if body is None else json.dumps(body).encode()
        answer = connection.request(method, path_of(*parts), body=content)
    finally:
        connection.close()
    return _object(answer)


def _object(answer: Answer) -> dict[str, Any]:
    if not 200 <= answer.status < 300:
        raise refusal(answer)
    value = answer.json()
    if not isinstance(value, dict):
        raise ApiError(answer.status, "http", "The server's answer is not the API's: is the address right?")
    return value


def _live(options: Options) -> tuple[bytes, Bundle]:
    connection = _connection(options)
    try:
        answer = connection.request("GET", path_of("runtime", options.environment, "bundle"))
    finally:
        connection.close()
    _object(answer)
    return answer.body, load_bundle(answer.body)


def _prompt_of(bundle: Bundle, name: str) -> Prompt:
    if name not in bundle.prompts:
        known = ", ".join(sorted(bundle.prompts)) or "none"
        raise UnknownArtefact(f"There is no prompt {name!r} live in {bundle.environment}; there are: {known}.")
    return bundle.prompts[name]


def _prompt_file(file: Path) -> Prompt:
    """A prompt on disk; partials are looked for from the folder above prompts/, or beside the file."""
    parts = file.resolve().parts
    depth = max((number for number, part in enumerate(parts) if part == "prompts"), default=len(parts) - 1)
    root, path = Path(*parts[:depth]), "/".join(parts[depth:])

    def read(other: str) -> bytes | None:
        found = root / other
        return found.read_bytes() if found.is_file() else None

    return parse_prompt(decode(str(file), file.read_bytes()), path, partials=partials_from(read, path))


def _variables(options: Options) -> dict[str, Any]:
    """--vars JSON first, then each --var: name=text, or name:=JSON."""
    found: dict[str, Any] = {}
    if options.vars:
        text = sys.stdin.read() if options.vars == "-" else Path(options.vars).read_text(encoding="utf-8")
        value = json.loads(text)
        if not isinstance(value, dict):
            raise ValueError("--vars must hold a JSON object.")
        found.update(value)
    for given in options.var:
        name, equals, text = given.partition("=")
        if not equals or not name.strip(":"):
            raise ValueError(f"--var needs name=text or name:=json, not {given!r}.")
        found[name.removesuffix(":")] = json.loads(text) if name.endswith(":") else text
    return found


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
