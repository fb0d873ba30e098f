"""Where prompts are read from: files, folders, standard input, or the other system's own API."""

import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from variorum_client.importing.shapes import ImportRefused

MAX_FILES = 5_000
MAX_BYTES = 200_000_000
PAGE = 100
_IS_PROMPT = "tags.`mlflow.prompt.is_prompt` = 'true'"


def json_from(source: str) -> Any:
    """The JSON of a file, of standard input (-), or of every .json file of a folder as one list; JSON lines too."""
    if source == "-":
        return parsed(sys.stdin.read(), "standard input")
    path = Path(source)
    if not path.is_dir():
        return parsed(_text(path), source)
    files = sorted(file for file in path.rglob("*.json*") if file.is_file())[:MAX_FILES]
    return joined([parsed(_text(file), str(file)) for file in files])


def joined(found: list[Any]) -> list[Any]:
    """The entries of several files as one list."""
    return [entry for value in found for entry in (value if isinstance(value, list) else [value])]


def texts_from(source: str, endings: tuple[str, ...]) -> dict[str, str]:
    """The files with these endings below a folder, by path; or the one file that was named."""
    path = Path(source)
    if path.is_file():
        return {path.name: _text(path)}
    if not path.is_dir():
        raise ImportRefused(f"{source} is neither a file nor a folder.")
    files = sorted(file for file in path.rglob("*") if file.name.endswith(endings) and file.is_file())[:MAX_FILES]
    if not files:
        raise ImportRefused(f"There is no file that ends in {' or '.join(endings)} in {source}.")
    return {file.relative_to(path).as_posix(): _text(file) for file in files}


def _text(path: Path) -> str:
    if path.stat().st_size > MAX_BYTES:
        raise ImportRefused(f"{path} has more than {MAX_BYTES:,} bytes.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ImportRefused(f"{path} is not UTF-8.") from None


def parsed(text: str, name: str) -> Any:
    """A file's JSON, or its JSON lines as a list. Raises ImportRefused with the file's name."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        lines = [line for line in text.splitlines() if line.strip()]
        try:
            return [json.loads(line) for line in lines] if len(lines) > 1 else _refuse(name, error)
        except (ValueError, RecursionError):
            return _refuse(name, error)


def _refuse(name: str, error: Exception) -> Any:
    raise ImportRefused(f"{name} is not JSON: {' '.join(str(error).split())[:200]}")


def langfuse_api(url: str, timeout: float) -> list[Any]:
    """Every version of every prompt; LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY are the project's keys."""
    keys = os.environ.get("LANGFUSE_PUBLIC_KEY", ""), os.environ.get("LANGFUSE_SECRET_KEY", "")
    if not all(keys):
        raise ImportRefused("Set LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY, the keys of the Langfuse project.")
    found: list[Any] = []
    with httpx.Client(auth=keys, timeout=timeout) as client:
        base = f"{url.rstrip('/')}/api/public/v2/prompts"
        number, pages = 1, 1
        while number <= pages:
            page = _get(client, base, {"page": str(number), "limit": str(PAGE)})
            pages, number = int(page.get("meta", {}).get("totalPages", 1)), number + 1
            for prompt in page.get("data", []):
                address = f"{base}/{quote(str(prompt['name']), safe='')}"
                found += [
                    _get(client, address, {"version": str(version), "resolve": "false"})
                    for version in prompt.get("versions", [])
                ]
    return found


def mlflow_api(url: str, timeout: float) -> list[Any]:
    """Every version of every prompt of a registry; MLFLOW_TRACKING_USERNAME and _PASSWORD, or _TOKEN, when set."""
    user, password = os.environ.get("MLFLOW_TRACKING_USERNAME"), os.environ.get("MLFLOW_TRACKING_PASSWORD", "")
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    found: list[Any] = []
    with httpx.Client(auth=(user, password) if user else None, headers=headers, timeout=timeout) as client:
        base = f"{url.rstrip('/')}/api/2.0/mlflow"
        for model in _pages(client, f"{base}/registered-models/search", _IS_PROMPT, "registered_models"):
            name = str(model["name"]).replace("'", "\\'")
            wanted = f"name='{name}' AND {_IS_PROMPT}"
            aliases = model.get("aliases") or []
            for version in _pages(client, f"{base}/model-versions/search", wanted, "model_versions"):
                own = [item["alias"] for item in aliases if str(item.get("version")) == str(version.get("version"))]
                found.append({**version, "aliases": version.get("aliases") or own})
    return found


def _pages(client: httpx.Client, address: str, wanted: str, key: str) -> list[Any]:
    found: list[Any] = []
    token = ""
    while True:
        page = _get(client, address, {"filter": wanted, "max_results": str(PAGE), "page_token": token})
        found += page.get(key, [])
        token = page.get("next_page_token") or ""
        if not token or len(found) > MAX_FILES:
            return found


def _get(client: httpx.Client, address: str, query: dict[str, str]) -> dict[str, Any]:
    try:
        answer = client.get(address, params={key: value for key, value in query.items() if value})
        value = answer.json() if answer.is_success else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise ImportRefused(f"{address} cannot be read ({type(error).__name__}).") from None
    if not isinstance(value, dict):
        raise ImportRefused(f"{address} answered {answer.status_code}, not what was expected.")
    return value
