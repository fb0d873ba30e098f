"""Which server, key and project a command means: its options, else the clone it is run in, else the environment."""

import os
from argparse import Namespace
from dataclasses import dataclass

from variorum_client.clones.clone import Clone, find_clone
from variorum_client.clones.keys import saved_key


@dataclass(frozen=True, slots=True)
class Where:
    """The server's address (None: not known), the key and the project."""

    url: str | None
    key: str | None
    project: str | None


def where(options: Namespace, clone: Clone | None = None) -> Where:
    """Look in the options, the clone around the current folder, the environment, and among the kept keys.

    A key of the environment belongs to the project of the environment: in a clone of another project the kept key
    goes before it.
    """
    url, key, project = options.url, options.api_key, getattr(options, "project", None)
    if not (url and key and project):
        clone = clone or find_clone()
    url = url or (clone.url if clone else None) or os.environ.get("VARIORUM_URL")
    environment = os.environ.get("VARIORUM_PROJECT")
    project = project or (clone.project if clone else None) or environment
    own = os.environ.get("VARIORUM_API_KEY")
    kept = saved_key(url, project) if url else None
    first, second = (own, kept) if environment in (None, project) else (kept, own)
    return Where(url, key or first or second, project)
