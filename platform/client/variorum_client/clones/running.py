"""`variorum run`: a prompt of this folder, rendered here and answered by a model.

The server calls the model with its providers and keys. It gets the messages as they were rendered here, with the
partials that are here: each text travels as the value of a variable, so that nothing in it can be read as a template.
With an endpoint of one's own (--endpoint, or VARIORUM_MODEL_URL and VARIORUM_MODEL_KEY) no server is asked.
"""

import json
import os
import time
from argparse import Namespace
from pathlib import Path
from typing import Any, TextIO

from variorum_client.asking import ask_project
from variorum_client.clones.clone import MAIN, REMOTE, find_clone
from variorum_client.connection import Connection, refusal
from variorum_client.errors import ApiError
from variorum_client.formats import Prompt
from variorum_client.formats.front import print_front
from variorum_client.formats.messages import Message, to_chat
from variorum_client.inputs import prompt_file, variables_of
from variorum_client.terms import painter

_NAMES = {"maxOutputTokens": "max_tokens", "max_output_tokens": "max_tokens", "topP": "top_p", "topK": "top_k"}


def run(options: Namespace, out: TextIO) -> int:
    """Render a prompt file and print what the model says, the tokens and the time."""
    prompt = prompt_file(Path(options.prompt))
    variables = {**_row(options), **variables_of(options)}
    messages = prompt.render(variables)
    endpoint = options.endpoint or os.environ.get("VARIORUM_MODEL_URL")
    answer = _own(options, endpoint, prompt, messages) if endpoint else _by_server(options, prompt, messages)
    if options.json:
        out.write(json.dumps(answer, indent=2, ensure_ascii=False) + "\n")
        return 0
    out.write(str(answer["text"]).rstrip("\n") + "\n")
    out.write(painter(out)(_figures(answer), "dim") + "\n")
    return 0


def _row(options: Namespace) -> dict[str, Any]:
    """The input of a dataset's row: NAME:INDEX of its newest version, the first row being 0."""
    if not options.row:
        return {}
    name, colon, index = options.row.rpartition(":")
    if not colon or not index.isdecimal():
        raise ValueError("--row needs DATASET:NUMBER, such as support-mails:0.")
    where = ("datasets", name, "versions", "latest", "rows")
    items = ask_project(options, "GET", *where, query={"offset": index, "limit": "1"})["items"]
    if not items or items[0]["index"] != int(index):
        raise ApiError(0, "no_row", f"{name} has no row {index}.")
    return dict(items[0]["input"])


def _by_server(options: Namespace, prompt: Prompt, messages: list[Message]) -> dict[str, Any]:
    """Through the server's playground, which has the providers, their keys, and the adapters."""
    template, values = _as_values(messages)
    front = {"model": prompt.model, "config": prompt.config, "variorum.adapter": prompt.adapter}
    source = print_front({key: value for key, value in front.items() if value}) + template
    body = {"path": "prompts/run.prompt", "source": source, "variables": values}
    body |= {"model": options.model} if options.model else {}
    body |= {"ref": _branch()} if prompt.adapter else {}
    return {**ask_project(options, "POST", "playground", body=body), "messages": to_chat(messages)}


def _branch() -> str:
    """The server's branch that has the adapter: this clone's, else main."""
    clone = find_clone()
    branch = clone.upstream(clone.branch) if clone and clone.branch else None
    return branch if branch and clone and clone.commit(f"{REMOTE}/{branch}") else MAIN


def _as_values(messages: list[Message]) -> tuple[str, dict[str, str]]:
    """A template that renders to these messages, and its variables."""
    template, values = "", dict[str, str]()
    for message in messages:
        template += f'{{{{role "{message["role"]}"}}}}'
        for part in message["content"]:
            name = f"v{len(values)}"
            if "text" in part:
                values[name] = part["text"]
                template += f"{{{{{name}}}}}"
            elif "media" in part:
                values[name] = part["media"]["url"]
                template += f"{{{{media url={name}}}}}"
    return template, values


def _own(options: Namespace, endpoint: str, prompt: Prompt, messages: list[Message]) -> dict[str, Any]:
    """An OpenAI-compatible endpoint, asked from here."""
    model = options.model or prompt.model
    if not model:
        raise ValueError("The prompt names no model: give --model.")
    name = model if options.model else model.partition("/")[2] or model
    settings = {_NAMES.get(key, key): value for key, value in prompt.config.items()}
    body = {**settings, "model": name, "messages": to_chat(messages)}
    connection = Connection(endpoint, os.environ.get("VARIORUM_MODEL_KEY") or "none", timeout=options.timeout)
    began = time.monotonic()
    try:
        answer = connection.request("POST", "/chat/completions", body=json.dumps(body).encode())
    finally:
        connection.close()
    if not 200 <= answer.status < 300:
        raise refusal(answer)
    return {**_read(answer.json()), "model": model, "messages": to_chat(messages), "latency_ms": _ms(began)}


def _ms(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 1)


def _read(said: Any) -> dict[str, Any]:
    """The text and the usage of a chat completion. Raises ApiError for anything else."""
    try:
        choice = said["choices"][0]
        usage = said.get("usage") or {}
        return {
            "text": str(choice["message"].get("content") or ""),
            "finish_reason": str(choice.get("finish_reason") or ""),
            "input_tokens": usage.get("prompt_tokens"),
            "output_tokens": usage.get("completion_tokens"),
            "cost": None,
        }
    except (KeyError, IndexError, TypeError, AttributeError):
        raise ApiError(200, "no_answer", "The endpoint's answer is no chat completion.") from None


def _figures(answer: dict[str, Any]) -> str:
    tokens = [answer.get("input_tokens"), answer.get("output_tokens")]
    counts = " + ".join("?" if number is None else str(number) for number in tokens)
    cost = f", cost {answer['cost']}" if answer.get("cost") else ""
    end = f", ended by {answer['finish_reason']}" if answer.get("finish_reason") not in (None, "", "stop") else ""
    return f"[{answer['model']}: {counts} tokens, {float(answer['latency_ms']):,.0f} ms{cost}{end}]"
