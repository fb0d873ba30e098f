"""PromptL, Latitude's prompts: a configuration in YAML and a text with tags.

Sources: docs.latitude.so/promptl (syntax, chains, references) and the compiler, github.com/latitude-dev/promptl,
src/compiler: text outside of message tags is the system's; a message loses its common indent and its outer blanks;
values print as text, objects as JSON, undefined as nothing; a referenced prompt sees only what its attributes give.
A chain of `<step>`s is several calls: each becomes a prompt of its own, with the conversation so far as history.
"""

from typing import Any

import yaml

from variorum_client.importing.fronts import Front, file_of
from variorum_client.importing.promptl_files import name_of, references
from variorum_client.importing.promptl_parse import Node, parse
from variorum_client.importing.promptl_write import Writer, is_message
from variorum_client.importing.shapes import Imported, ImportRefused, Settings, Version, plain, reading, yaml_of
from variorum_client.importing.templates import Message, partial_file, partial_of, template_of

_NOT_SETTINGS = frozenset({"type", "maxSteps", "agents", "cacheControl", "name", "description"})


def read(files: dict[str, str], settings: Settings) -> list[Imported]:
    """The prompts of these files (path below the source: text), one version each."""
    referred = {target for path, text in files.items() for target in references(path, text, files)}
    return [Imported(path, [_one(path, files, settings, path in referred)]) for path in files]


def _one(path: str, files: dict[str, str], settings: Settings, referred: bool) -> Version:
    version = Version(1)
    with reading(version):
        _write(path, files, version, settings, referred)
    return version


def _write(path: str, files: dict[str, str], version: Version, settings: Settings, referred: bool) -> None:
    config, nodes = parse(files[path].replace("\r\n", "\n"))
    head = _head(config)
    file = file_of(name_of(path), version)
    steps = _steps(nodes, version)
    variables: list[str] = []
    for number, (node, own) in enumerate(steps, 1):
        writer = Writer(path, files, version, settings, variables)
        messages = writer.messages(own)
        if number > 1 and not (node and node.attributes.get("isolated")):
            messages = [Message("history"), *messages]
        if not any(message.role != "history" for message in messages) and len(steps) == 1:
            raise ImportRefused("The prompt says nothing.")
        front = _front(head, node, version, settings)
        front.defaults.update(writer.defaults)
        target = file if len(steps) == 1 else f"{file.removesuffix('.prompt')}/step-{number}.prompt"
        body = template_of(messages)
        version.files[target] = f"{front.text(writer.names)}{body}\n"
        if node and isinstance(node.attributes.get("as"), str):
            variables.append(str(node.attributes["as"]))
    if referred and len(steps) == 1:
        whole = any(is_message(node) for node in nodes)
        version.files[partial_file(file)] = partial_of(messages, whole=whole)


def _head(config: str | None) -> dict[str, Any]:
    try:
        head = yaml_of(config or "") or {}
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ImportRefused(f"The configuration is not YAML: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(head, dict):
        raise ImportRefused("The configuration is no mapping.")
    return plain(head)  # type: ignore[no-any-return]


def _front(head: dict[str, Any], step: Node | None, version: Version, settings: Settings) -> Front:
    given = {key: value for key, value in head.items() if key not in ("provider", "model", "schema")}
    own = {key: value for key, value in (step.attributes if step else {}).items() if key not in ("as", "isolated")}
    front = Front(version, settings, "promptl")
    front.description = str(given["description"]) if given.get("description") else None
    settings_of_step = {key: _literal(value) for key, value in own.items()}
    model = settings_of_step.pop("model", None) or head.get("model")
    front.set_model(model, settings_of_step.pop("provider", None) or head.get("provider"))
    schema = settings_of_step.pop("schema", None) or head.get("schema")
    if schema:
        front.set_format(schema, "schema")
    for key in _NOT_SETTINGS & given.keys() - {"description"}:
        front.set_other(key, given.pop(key), "configuration", "has no counterpart")
    given.pop("description", None)
    front.set_config({**given, **settings_of_step}, "configuration")
    return front


def _literal(value: str | tuple[str, str]) -> Any:
    """A step's attribute: the text, or what its expression says when that is plain."""
    text = value if isinstance(value, str) else value[1]
    try:
        return yaml_of(text)
    except yaml.YAMLError:
        return text


def _steps(nodes: list[Node], version: Version) -> list[tuple[Node | None, list[Node]]]:
    """The calls of a chain: (its step or None, what is said before its answer). One call without steps."""
    found: list[tuple[Node | None, list[Node]]] = []
    pending: list[Node] = []
    for node in nodes:
        if node.kind == "tag" and node.text == "step":
            found.append((node, [*pending, *node.children]))
            pending = []
        else:
            pending.append(node)
    rest = any(node.kind != "comment" and (node.kind != "text" or node.text.strip()) for node in pending)
    if rest or not found:
        found.append((None, pending))
    if _has_step(pending) or any(_has_step(children) for _, children in found):
        raise ImportRefused("A <step> inside of a condition, a loop or another tag has no counterpart.")
    if len(found) > 1:
        version.lose(
            f"line {found[0][1][0].line if found[0][1] else 1}",
            f"a chain of {len(found)} calls",
            "is one prompt for each call: call them in turn and give what was said so far as `history`",
        )
    for step in (node for node, _ in found if node and node.attributes.get("as")):
        why = "is a variable of the prompts after it: the application gives the answer"
        version.lose(f"line {step.line}", f"the answer {step.attributes['as']!r}", why)
    return found


def _has_step(nodes: list[Node]) -> bool:
    return any(
        (node.kind == "tag" and node.text == "step") or _has_step(node.children) or _has_step(node.branches)
        for node in nodes
    )
