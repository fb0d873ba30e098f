"""Read what strangers bring in a process of its own, which may use little time and memory.

Python's `re` lets no other thread run, so a text made for it would stop the whole server.
"""

import json
import os
import resource
import subprocess
import sys
import threading
from dataclasses import asdict
from typing import Any

from variorum_client.importing.reading import read_files
from variorum_client.importing.shapes import Imported, ImportRefused, Lost, Settings, Version

SECONDS = 10
BYTES = 1 << 30
_at_once = threading.BoundedSemaphore(2)


def read_apart(system: str, files: dict[str, str], settings: Settings) -> list[Imported]:
    """As `read_files`, within SECONDS and BYTES of memory; nothing of this process's environment but paths goes along.

    Raises ImportRefused.
    """
    asked = json.dumps([system, files, asdict(settings)]).encode()
    command = [sys.executable, "-m", "variorum_client.importing.apart"]
    paths = {name: value for name in ("PATH", "PYTHONPATH") if (value := os.environ.get(name))}
    if not _at_once.acquire(timeout=2 * SECONDS):
        raise ImportRefused("Other files are being read: try again in a moment.")
    try:
        done = subprocess.run(command, input=asked, capture_output=True, timeout=SECONDS, check=False, env=paths)
    except subprocess.TimeoutExpired:
        raise ImportRefused("These files take too long to read.") from None
    finally:
        _at_once.release()
    if done.returncode:
        raise ImportRefused("These files cannot be read: they take too much, or have a shape that is not known.")
    said = json.loads(done.stdout)
    if isinstance(said, str):
        raise ImportRefused(said)
    return [Imported(one["name"], [_version(each) for each in one["versions"]]) for one in said]


def _version(said: dict[str, Any]) -> Version:
    return Version(**{**said, "labels": tuple(said["labels"]), "lost": [Lost(**one) for one in said["lost"]]})


def _main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    system, files, settings = json.load(sys.stdin.buffer)
    try:
        said = [asdict(one) for one in read_files(system, files, Settings(**settings))]
    except ImportRefused as error:
        sys.stdout.write(json.dumps(str(error)))
    else:
        sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    _main()
