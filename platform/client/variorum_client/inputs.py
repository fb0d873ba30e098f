"""What a command reads from its options: a prompt on disk, and variables."""

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from variorum_client.folder import read_artefact, root_of
from variorum_client.formats import Prompt, parse_prompt, partials_from
from variorum_client.formats.texts import decode


def prompt_file(file: Path) -> Prompt:
    """A prompt on disk with the partials beside it. Raises FormatError, OSError."""
    here = file.absolute()
    root = root_of(here)
    path = here.relative_to(root).as_posix()
    read = partials_from(lambda other: read_artefact(root, other), path)
    return parse_prompt(decode(str(file), file.read_bytes()), path, partials=read)


def variables_of(options: Namespace) -> dict[str, Any]:
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
