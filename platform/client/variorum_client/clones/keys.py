"""API keys outside of Git's configuration: a file that only its owner can read, and the credential helper.

Git asks `variorum credential get` for the key whenever it talks to the server (gitcredentials(7)), so that no
address in .git/config holds one.
"""

import json
import os
import shutil
import sys
from argparse import Namespace
from pathlib import Path
from shlex import quote
from typing import TextIO
from urllib.parse import urlsplit

from variorum_client.errors import CloneError

USER = "variorum"


def keys_file() -> Path:
    """VARIORUM_KEYS, else variorum/keys.json in the user's folder for settings."""
    given = os.environ.get("VARIORUM_KEYS")
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(given or f"{base}/variorum/keys.json").expanduser()


def saved_key(url: str, project: str | None) -> str | None:
    """The key kept for a project of a server. Raises CloneError when other people may read the file."""
    return _load().get(_name(url, project)) if project else None


def save_key(url: str, project: str, key: str) -> Path:
    """Keep a key, readable by its owner alone; the file is replaced whole."""
    file = keys_file()
    found = {**_load(), _name(url, project): key}
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(json.dumps(found, indent=2) + "\n")
    fresh.replace(file)
    return file


def _load() -> dict[str, str]:
    file = keys_file()
    try:
        if file.stat().st_mode & 0o077:
            raise CloneError(f"{file} can be read by others: run `chmod 600 {file}`, and make new keys.")
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        raise CloneError(f"{file} is not JSON: correct or remove it.") from None
    return {str(name): str(key) for name, key in found.items()} if isinstance(found, dict) else {}


def _name(url: str, project: str | None) -> str:
    return f"{url.rstrip('/')}/{project}"


def helper_command() -> str:
    """What Git runs as the credential helper: `variorum` when it is on the path, else this Python."""
    return f"!{own_command()} credential"


def own_command() -> str:
    """How a shell starts this program."""
    found = shutil.which("variorum")
    return quote(found) if found else f"{quote(sys.executable)} -m variorum_client.cli"


def credential(options: Namespace, out: TextIO) -> int:
    """Answer Git, which asks for the key of a server (gitcredentials(7))."""
    return answer_git(options.action, sys.stdin.read(), out)


def answer_git(action: str, given: str, out: TextIO) -> int:
    """Answer Git's question: `given` is its attributes, one a line. `store` and `erase` are heard and not followed."""
    if action != "get":
        return 0
    asked = dict(line.split("=", 1) for line in given.splitlines() if "=" in line)
    if any(character in value for value in asked.values() for character in "\r\0"):
        return 0
    server = f"{asked.get('protocol', '')}://{asked.get('host', '')}"
    key = _key_for(server, asked.get("path", ""))
    if key:
        out.write(f"username={USER}\npassword={key}\n")
    return 0


def _key_for(server: str, path: str) -> str | None:
    """The kept key whose project's repository this path is in; else the one of the environment, for its own server."""
    for name, key in _load().items():
        own, _, project = name.rpartition("/")
        if f"{server}/{path}/".startswith(f"{own}/{project}.git/"):
            return key
    parts = urlsplit(os.environ.get("VARIORUM_URL", ""))
    ours = not parts.netloc or f"{parts.scheme}://{parts.netloc}" == server
    return os.environ.get("VARIORUM_API_KEY") if ours else None
