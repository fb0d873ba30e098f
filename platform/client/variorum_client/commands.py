"""What the commands do that need no clone. A command returns its exit code and writes to `out`."""

import argparse
import json
import sys
from pathlib import Path
from typing import TextIO

from variorum_client.asking import ask, ask_project, connection_for, object_of
from variorum_client.bundle import Bundle, load_bundle
from variorum_client.connection import path_of
from variorum_client.errors import UnknownArtefact
from variorum_client.formats import Prompt
from variorum_client.ids import uuid7
from variorum_client.inputs import prompt_file, variables_of

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
    prompt = prompt_file(Path(options.prompt)) if options.prompt.endswith(".prompt") else None
    if prompt is None:
        prompt = _prompt_of(_live(options)[1], options.prompt)
    messages = prompt.messages(variables_of(options))
    if options.json:
        out.write(json.dumps(messages, indent=2, ensure_ascii=False) + "\n")
        return 0
    for message in messages:
        content = message["content"]
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        out.write(f"[{message['role']}]\n{text.rstrip()}\n\n")
    return 0


def deploy(options: Options, out: TextIO) -> int:
    """Make a commit live in an environment."""
    body = {"commit": options.commit, "note": options.note}
    made = ask_project(options, "POST", "environments", options.env, "deployments", body=body)
    out.write(f"{options.env} now serves {made['commit'][:12]} (deployment #{made['number']})\n")
    return 0


def rollback(options: Options, out: TextIO) -> int:
    """Serve the deployment before the current one again, or the one given."""
    body = {"note": options.note, **({"to": options.to} if options.to else {})}
    made = ask_project(options, "POST", "environments", options.env, "rollback", body=body)
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
        "input": {"variables": variables_of(options)},
        "output": sys.stdin.read() if options.output == "-" else options.output,
        "error": options.error,
    }
    entry = {key: value for key, value in given.items() if value is not None}
    said = ask(options, "POST", "logs", body={"logs": [entry]})
    out.write(f"{entry['id']} {'accepted' if said.get('accepted') else 'was there already'}\n")
    return 0


def _live(options: Options) -> tuple[bytes, Bundle]:
    connection = connection_for(options)
    try:
        answer = connection.request("GET", path_of("runtime", options.environment, "bundle"))
    finally:
        connection.close()
    object_of(answer)
    return answer.body, load_bundle(answer.body)


def _prompt_of(bundle: Bundle, name: str) -> Prompt:
    if name not in bundle.prompts:
        known = ", ".join(sorted(bundle.prompts)) or "none"
        raise UnknownArtefact(f"There is no prompt {name!r} live in {bundle.environment}; there are: {known}.")
    return bundle.prompts[name]
