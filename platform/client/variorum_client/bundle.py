"""The bundle: what one environment serves at one commit, in one JSON document that never changes.

It is made of (project, environment, commit) and the files alone: no times, no ids, so building it twice gives
the same bytes. `hash` is the SHA-256 of the document without its hash.

Format 1 holds one commit. Format 2 is what an environment serves that has rules: format 1's fields of the commit that
is live, with `rules` (a flagd document) and, in `commits`, the artefacts of every other commit that a rule names.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from variorum_client.errors import ContentError
from variorum_client.formats import (
    FormatError,
    Problem,
    Prompt,
    artefact_name,
    kind_of,
    parse_adapter_config,
    parse_config,
    parse_json,
    parse_prompt,
    parse_weights,
    partials_from,
)
from variorum_client.formats.texts import decode

FORMAT = 1
FORMAT_WITH_RULES = 2
MAX_BUNDLE_BYTES = 64_000_000
KINDS = ("prompts", "configs", "adapters")
_TEXT_FIELDS = ("project", "environment", "commit", "hash")


class BundleError(ContentError):
    """A bundle that cannot be built or must not be used; `problems` names the files at fault, if any."""

    def __init__(self, message: str, problems: list[Problem] | None = None) -> None:
        self.problems = problems or []
        super().__init__("\n".join([message, *map(str, self.problems)]))


@dataclass(frozen=True, slots=True)
class AdapterRef:
    """An adapter's weights: folder, SHA-256 and size of adapter_model.safetensors, and its base model."""

    path: str
    sha256: str
    size: int
    base_model: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was checked and compiled. Read-only."""

    project: str
    environment: str
    commit: str
    hash: str
    prompts: dict[str, Prompt]
    configs: dict[str, Any]
    adapters: dict[str, AdapterRef]

    def adapter_of(self, prompt: Prompt) -> AdapterRef | None:
        """The adapter that a prompt of this bundle is served with."""
        return self.adapters.get(artefact_name(f"{prompt.adapter}/card.yaml")) if prompt.adapter else None


def build_bundle(*, project: str, environment: str, commit: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    """The bundle of a commit's files (path to content; weights as LFS pointers). Other files are left out.

    Raises BundleError with every problem when an artefact cannot be read or a prompt names a missing adapter.
    """
    problems: list[Problem] = []
    adapters = _collect(files, "adapter", problems)
    prompts = _collect(files, "prompt", problems)
    configs = _collect(files, "config", problems)
    for name, prompt in prompts.items():
        if prompt["adapter"] is not None:
            prompt["adapter"] = _named_adapter(prompts[name], adapters, problems)
    if problems:
        raise BundleError("The commit cannot be deployed.", problems)
    bundle = {
        "format": FORMAT,
        "project": project,
        "environment": environment,
        "commit": commit,
        "prompts": prompts,
        "configs": configs,
        "adapters": adapters,
    }
    return {**bundle, "hash": _digest(bundle)}


def with_rules(
    live: Mapping[str, Any], rules: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The document of format 2: the bundle of the live commit, the rules, and the bundles of other commits by id."""
    bundle = {
        **live,
        "format": FORMAT_WITH_RULES,
        "rules": dict(rules),
        "commits": {sha: {kind: other[kind] for kind in KINDS} for sha, other in others.items()},
    }
    return {**bundle, "hash": _digest(bundle)}


def canonical_bytes(bundle: Mapping[str, Any]) -> bytes:
    """The bytes that are stored and served: UTF-8 JSON, keys sorted, no blanks."""
    text = json.dumps(bundle, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def bundle_hash(body: bytes) -> str:
    """The hash that belongs to these bytes, as hex; equal to the `hash` field of a sound bundle.

    Raises BundleError for bytes that are no JSON object.
    """
    return _digest(_read(body))


def load_bundle(body: bytes, *, previous: Bundle | None = None) -> Bundle:
    """Check a bundle and compile its prompts, those of the live commit. What `previous` already holds is taken from it.

    Raises BundleError when it is not JSON, too large, of another format, altered, or holds a broken artefact.
    """
    return compiled(read_bundle(body), previous)


def read_bundle(body: bytes) -> dict[str, Any]:
    """The document in these bytes, of a known format, unaltered, its artefacts not looked at. Raises BundleError."""
    data = _read(body)
    if data.get("format") not in (FORMAT, FORMAT_WITH_RULES):
        known = f"this client reads {FORMAT} and {FORMAT_WITH_RULES}: upgrade it."
        raise BundleError(f"The bundle has format {data.get('format')!r}; {known}")
    if any(not isinstance(data.get(name), str) for name in _TEXT_FIELDS):
        raise BundleError(f"The bundle lacks one of {', '.join(_TEXT_FIELDS)}.")
    if _digest(data) != data["hash"]:
        raise BundleError("The bundle's hash does not fit its content: it was altered or damaged.")
    return data


def compiled(data: dict[str, Any], previous: Bundle | None = None) -> Bundle:
    """The artefacts of a document that was read, compiled. Raises BundleError for one that cannot be."""
    try:
        return _compiled(data, previous.prompts if previous else {})
    except FormatError as error:
        raise BundleError("The bundle holds an artefact that cannot be read.", error.problems) from None
    except (KeyError, TypeError, AttributeError):
        raise BundleError("The bundle does not have the fields of its format.") from None


def _compiled(data: dict[str, Any], known: Mapping[str, Prompt]) -> Bundle:
    sources = {prompt["path"]: prompt["source"].encode() for prompt in data["prompts"].values()}
    prompts = {name: _prompt(name, item, sources, known) for name, item in data["prompts"].items()}
    adapters = {
        name: AdapterRef(item["path"], item["sha256"], int(item["size"]), item["config"]["base_model_name_or_path"])
        for name, item in data["adapters"].items()
    }
    configs = {name: item["value"] for name, item in data["configs"].items()}
    return Bundle(data["project"], data["environment"], data["commit"], data["hash"], prompts, configs, adapters)


def _prompt(name: str, item: dict[str, Any], sources: dict[str, bytes], known: Mapping[str, Prompt]) -> Prompt:
    same = known.get(name)
    if same is not None and (same.source, same.path) == (item["source"], item["path"]) and not same.usage.partials:
        return same
    return parse_prompt(item["source"], item["path"], partials=partials_from(sources.get, item["path"]))


def _read(body: bytes) -> dict[str, Any]:
    try:
        data = parse_json(decode("bundle", body, limit=MAX_BUNDLE_BYTES), "bundle")
    except FormatError as error:
        raise BundleError("The bundle is not sound JSON.", error.problems) from None
    if not isinstance(data, dict):
        raise BundleError("The bundle is not a JSON object.")
    return data


def _digest(bundle: Mapping[str, Any]) -> str:
    bare = {key: value for key, value in bundle.items() if key != "hash"}
    return hashlib.sha256(canonical_bytes(bare)).hexdigest()


def _collect(files: Mapping[str, bytes], kind: str, problems: list[Problem]) -> dict[str, Any]:
    """The entries of one kind, by name; what cannot be read is added to the problems."""
    found: dict[str, Any] = {}
    for path in sorted(path for path in files if kind_of(path) == kind):
        try:
            entry = _ENTRIES[kind](path, files)
        except FormatError as error:
            problems.extend(error.problems)
            continue
        if entry is not None:
            found[artefact_name(path)] = entry
    return found


def _prompt_entry(path: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    source = decode(path, files[path])
    prompt = parse_prompt(source, path, partials=partials_from(files.get, path))
    return {
        "path": path,
        "source": source,
        "model": prompt.model,
        "config": prompt.config,
        "input_schema": prompt.input_schema,
        "adapter": prompt.adapter,
    }


def _config_entry(path: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    return {"path": path, "value": parse_config(decode(path, files[path]), path).value}


def _adapter_entry(path: str, files: Mapping[str, bytes]) -> dict[str, Any] | None:
    folder, _, name = path.rpartition("/")
    weights = f"{folder}/adapter_model.safetensors"
    if name != "adapter_config.json":
        return None
    if weights not in files:
        message = f"{weights} is missing: an adapter needs its config and its weights."
        raise FormatError([Problem(path, 1, 1, "half_adapter", message)])
    config = parse_adapter_config(files[path], path)
    pointer = parse_weights(files[weights], weights)
    return {"path": folder, "sha256": pointer.oid, "size": pointer.size, "config": config.data}


_ENTRIES = {"prompt": _prompt_entry, "config": _config_entry, "adapter": _adapter_entry}


def _named_adapter(prompt: dict[str, Any], adapters: dict[str, Any], problems: list[Problem]) -> dict[str, Any] | None:
    adapter = adapters.get(artefact_name(f"{prompt['adapter']}/card.yaml"))
    if adapter is None or adapter["path"] != prompt["adapter"]:
        message = f"There is no adapter in {prompt['adapter']} in this commit."
        problems.append(Problem(prompt["path"], 1, 1, "missing_adapter", message))
        return None
    base = adapter["config"]["base_model_name_or_path"]
    return {"path": adapter["path"], "sha256": adapter["sha256"], "size": adapter["size"], "base_model": base}
