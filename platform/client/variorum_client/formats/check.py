"""Is this file fit to be committed? One answer for the editor, the server, the CLI and Git."""

import difflib
from collections.abc import Callable

from variorum_client.formats.adapter import CONFIG_FILE, WEIGHTS_FILE, parse_adapter_config, parse_card, parse_weights
from variorum_client.formats.config import check_config, parse_config, parse_schema, schema_path
from variorum_client.formats.front import split_source
from variorum_client.formats.lfs import parse_pointer
from variorum_client.formats.owners import OWNERS_FILE, parse_owners
from variorum_client.formats.paths import Kind, check_path, kind_of
from variorum_client.formats.problems import FormatError, Problem
from variorum_client.formats.prompt import ADAPTER_KEY, Prompt, parse_prompt
from variorum_client.formats.schemas import faults
from variorum_client.formats.texts import decode
from variorum_client.formats.yamls import load_yaml

Read = Callable[[str], bytes | None]
KEYS = (
    *("name", "description", "model", "variant", "version", "config", "input", "output"),
    *("tools", "toolDefs", "metadata", "ext", "raw"),
)
NUMBERS = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "topP": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
}
COUNTS = ("max_output_tokens", "maxOutputTokens", "max_tokens", "top_k", "topK")
_PLACES = (
    "Artefacts are prompts/<name>.prompt, configs/<name>.yaml, configs/<name>.schema.json, "
    "adapters/<name>/{adapter_config.json,adapter_model.safetensors,card.yaml} and suites/<name>.yaml."
)


def check_file(path: str, content: bytes, *, read: Read | None = None) -> list[Problem]:
    """Everything that is wrong with a file at a path; [] when it may be committed. Never raises for content.

    `read` gives the bytes of another file of the same commit, or None: configs are checked against their
    schema, prompts against the partials and adapters that they name. Without it those checks are left out.
    """
    fault = check_path(path)
    if fault is not None:
        return [fault]
    if parse_pointer(content) and not path.endswith(f"/{WEIGHTS_FILE}"):
        return [
            Problem(path, 1, 1, "lfs_pointer", "This is a Git LFS pointer. Only weights go to LFS: untrack this file.")
        ]
    try:
        return _CHECKS[kind_of(path)](path, content, read)
    except FormatError as error:
        return error.problems


def partial_paths(path: str, name: str) -> list[str]:
    """Where the partial that a prompt names may live, nearest first: beside it, then in prompts/."""
    folder, _, last = name.rpartition("/")
    file = f"{folder}/_{last}.prompt" if folder else f"_{last}.prompt"
    beside = path.rpartition("/")[0]
    return list(dict.fromkeys([f"{beside}/{file}" if beside else file, f"prompts/{file}"]))


def partials_from(read: Read, path: str) -> Callable[[str], str | None]:
    """A resolver for parse_prompt that finds partials among the files of a commit."""

    def resolve(name: str) -> str | None:
        for candidate in partial_paths(path, name):
            content = None if check_path(candidate) else read(candidate)
            if content is not None:
                return split_source(decode(candidate, content), candidate).template
        return None

    return resolve


def _check_prompt(path: str, content: bytes, read: Read | None) -> list[Problem]:
    prompt = parse_prompt(decode(path, content), path, partials=partials_from(read, path) if read else None)
    found = [
        *_unknown_keys(prompt),
        *_model_form(prompt),
        *_settings(prompt),
        *_input_object(prompt),
        *_defaults(prompt),
        *_unknown_variables(prompt),
        *_adapter(prompt, read),
    ]
    return sorted([*found, *_partials(prompt, read)], key=lambda problem: (problem.line, problem.column))


def _unknown_keys(prompt: Prompt) -> list[Problem]:
    """Names that nearly are a known field; other names of one's own are allowed, as Dotprompt has it."""
    found = []
    for name, node in prompt.node.keys.items():
        near = difflib.get_close_matches(name, [*KEYS, ADAPTER_KEY], 1, 0.75)
        if near and near[0] != name:
            message = f"'{name}' is not a field; write '{near[0]}', or give a field of your own a namespace."
            found.append(Problem(prompt.path, node.line, node.column, "unknown_key", message))
    return found


def _model_form(prompt: Prompt) -> list[Problem]:
    provider, slash, model = (prompt.model or "").partition("/")
    if prompt.model is None or (provider.strip() and slash and model.strip() and prompt.model == prompt.model.strip()):
        return []
    message = f"'{prompt.model}' does not name a provider: write provider/model, such as local/smollm2-135m."
    return [_at(prompt, ("model",), "model_form", message)]


def _settings(prompt: Prompt) -> list[Problem]:
    found = []
    for name, value in prompt.config.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if name in NUMBERS and not (number and NUMBERS[name][0] <= value <= NUMBERS[name][1]):
            low, high = NUMBERS[name]
            found.append(_at(prompt, ("config", name), "setting", f"'{name}' must be a number from {low} to {high}."))
        if name in COUNTS and not (type(value) is int and value > 0):
            found.append(_at(prompt, ("config", name), "setting", f"'{name}' must be a whole number above 0."))
    return found


def _input_object(prompt: Prompt) -> list[Problem]:
    """An input that is no object: mostly a variable called `type`, which makes the whole a JSON Schema."""
    if prompt.input_schema is None or prompt.input_schema.get("type", "object") == "object":
        return []
    message = (
        "The input must be an object of variables; for a variable called 'type' write JSON Schema with properties."
    )
    return [_at(prompt, ("input", "schema"), "input_schema", message)]


def _defaults(prompt: Prompt) -> list[Problem]:
    if not prompt.defaults or prompt.input_schema is None or _input_object(prompt):
        return []
    return [
        _at(prompt, ("input", "default", *where), f"default_{code}", message)
        for where, code, message in faults(prompt.input_schema, prompt.defaults)
        if code != "missing" or len(where) > 1
    ]


def _unknown_variables(prompt: Prompt) -> list[Problem]:
    return [
        Problem(prompt.path, *prompt.line_of(unknown.offset), "unknown_variable", unknown.message)
        for unknown in prompt.usage.unknown
    ]


def _adapter(prompt: Prompt, read: Read | None) -> list[Problem]:
    if prompt.adapter is None:
        return []
    where = (ADAPTER_KEY,)
    if check_path(prompt.adapter) is not None or not prompt.adapter.startswith("adapters/"):
        return [_at(prompt, where, "adapter_path", "The adapter must be a folder such as adapters/triage.")]
    if read is not None and read(f"{prompt.adapter}/{CONFIG_FILE}") is None:
        return [_at(prompt, where, "missing_adapter", f"There is no adapter in {prompt.adapter} in this commit.")]
    return []


def _partials(prompt: Prompt, read: Read | None) -> list[Problem]:
    if read is None:
        return []
    found = []
    for name, offset in prompt.usage.partials.items():
        if name not in prompt.usage.inlines and name not in prompt.loaded_partials:
            wanted = partial_paths(prompt.path, name)[-1]
            message = f"There is no partial '{name}': add {wanted} or correct the name."
            found.append(Problem(prompt.path, *prompt.line_of(offset), "missing_partial", message))
    return found


def _at(prompt: Prompt, where: tuple[str | int, ...], code: str, message: str) -> Problem:
    node = prompt.node.at(*where)
    return Problem(prompt.path, node.line, node.column, code, message)


def _check_config(path: str, content: bytes, read: Read | None) -> list[Problem]:
    node = parse_config(decode(path, content), path)
    beside = schema_path(path)
    held = read(beside) if read else None
    if held is None:
        return []
    try:
        return check_config(node, parse_schema(held, beside), path)
    except FormatError:
        return [Problem(path, 1, 1, "schema_unusable", f"{beside} is not a usable JSON Schema: correct it first.")]


def _check_schema(path: str, content: bytes, read: Read | None) -> list[Problem]:
    schema = parse_schema(content, path)
    config = path.removesuffix(".schema.json") + ".yaml"
    held = read(config) if read else None
    if held is None:
        return []
    try:
        return check_config(parse_config(decode(config, held), config), schema, config)
    except FormatError as error:
        return error.problems


def _check_adapter(path: str, content: bytes, read: Read | None) -> list[Problem]:
    folder, _, name = path.rpartition("/")
    if name == CONFIG_FILE:
        parse_adapter_config(content, path)
        return _beside(path, f"{folder}/{WEIGHTS_FILE}", read)
    if name == WEIGHTS_FILE:
        parse_weights(content, path)
        return _beside(path, f"{folder}/{CONFIG_FILE}", read)
    parse_card(content, path)
    return []


def _beside(path: str, other: str, read: Read | None) -> list[Problem]:
    if read is None or read(other) is not None:
        return []
    return [Problem(path, 1, 1, "half_adapter", f"{other} is missing: an adapter needs its config and its weights.")]


def _check_suite(path: str, content: bytes, read: Read | None) -> list[Problem]:
    node = load_yaml(decode(path, content), path)
    if isinstance(node.value, dict):
        return []
    return [
        Problem(path, node.line, node.column, "suite", "A suite must be a mapping: write lines such as `prompt: …`.")
    ]


def _check_doc(path: str, content: bytes, read: Read | None) -> list[Problem]:
    if path == OWNERS_FILE:
        return parse_owners(content)[1]
    decode(path, content)
    return []


def _check_other(path: str, content: bytes, read: Read | None) -> list[Problem]:
    return [Problem(path, 1, 1, "unknown_kind", f"A file here is not an artefact. {_PLACES}")]


_CHECKS: dict[Kind, Callable[[str, bytes, Read | None], list[Problem]]] = {
    "prompt": _check_prompt,
    "config": _check_config,
    "schema": _check_schema,
    "adapter": _check_adapter,
    "suite": _check_suite,
    "doc": _check_doc,
    "other": _check_other,
}
