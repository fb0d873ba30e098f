"""One call of the API for a command: the server, the key and the project found, the answer checked."""

import json
from argparse import Namespace
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from variorum_client.clones.clone import Clone
from variorum_client.clones.where import where
from variorum_client.connection import Answer, Connection, path_of, refusal
from variorum_client.errors import ApiError

Options = Namespace


def connection_for(options: Options, clone: Clone | None = None) -> Connection:
    """The server that the options, the clone or the environment name. Raises ValueError when they name none."""
    found = where(options, clone)
    return Connection(found.url, found.key, timeout=options.timeout)


def project_for(options: Options, clone: Clone | None = None) -> str:
    """The project's slug. Raises ValueError when nothing names one."""
    project = where(options, clone).project
    if not project:
        raise ValueError("A project is needed: give --project or set VARIORUM_PROJECT.")
    return project


def ask(
    options: Options, method: str, *parts: str, body: object = None, query: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """One call of the API; raises ApiError unless it succeeds with a JSON object."""
    connection = connection_for(options)
    path = path_of(*parts) + (f"?{urlencode(query)}" if query else "")
    try:
        answer = connection.request(method, path, body=None if body is None else json.dumps(body).encode())
    finally:
        connection.close()
    return object_of(answer)


def ask_project(
    options: Options, method: str, *parts: str, body: object = None, query: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """`ask` below the project's address."""
    return ask(options, method, "projects", project_for(options), *parts, body=body, query=query)


def object_of(answer: Answer) -> dict[str, Any]:
    """The JSON object of a good answer. Raises ApiError for every other one."""
    if not 200 <= answer.status < 300:
        raise refusal(answer)
    value = answer.json()
    if not isinstance(value, dict):
        raise ApiError(answer.status, "http", "The server's answer is not the API's: is the address right?")
    return value
