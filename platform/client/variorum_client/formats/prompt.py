"""A prompt: a Dotprompt file parsed, compiled once, and rendered as often as one likes."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from variorum_client.formats.front import Parts, edit_front, read_front, split_source
from variorum_client.formats.handlebars.compile import Resolver, Template
from variorum_client.formats.handlebars.nodes import TemplateError
from variorum_client.formats.messages import Message, from_chat, split_messages, to_chat
from variorum_client.formats.paths import artefact_name
from variorum_client.formats.picoschema import JsonSchema, PicoschemaError, is_json_schema, to_json_schema
from variorum_client.formats.problems import FormatError, Problem, RenderError, place, refuse
from variorum_client.formats.schemas import BadSchemaError, check_schema, faults, quick_check
from variorum_client.formats.usage import Usage, usage_of
from variorum_client.formats.yamls import Json, Node

MAX_PROMPT_CHARACTERS = 300_000
ADAPTER_KEY = "variorum.adapter"
_MAPPINGS = ("config", "input", "output", "metadata")
_TEXTS = ("name", "description", "model", "variant", "version", ADAPTER_KEY)


class Prompt:
    """A parsed prompt. Treat it as read-only: it is shared between threads and callers.

    name: as applications call it (from the path, else from the front matter); model: "provider/model" or None;
    config: the model's settings; input_schema, output_schema: JSON Schema or None; output_format: text or None;
    defaults: variables used when none is given; variables: names the template uses; adapter: a folder such as
    adapters/triage, or None; template: the text below the front matter; front: the whole front matter;
    ext: its dotted fields by namespace; source: the file's text; path: its path.
    """

    def __init__(
        self,
        source: str,
        path: str = "",
        *,
        partials: Resolver | None = None,
        schemas: Mapping[str, JsonSchema] | None = None,
    ) -> None:
        if len(source) > MAX_PROMPT_CHARACTERS:
            raise refuse(path, "too_large", f"The prompt is longer than {MAX_PROMPT_CHARACTERS:,} characters.")
        self.source, self.path = source, path
        self.parts = split_source(source, path)
        self.node = read_front(self.parts, path)
        self.front: dict[str, Any] = self.node.value if isinstance(self.node.value, dict) else {}
        self._read_front(schemas)
        self.template = self.parts.template
        self._compiled = _compile(self.parts, source, path, partials)
        self.usage: Usage = usage_of(self._compiled.program, self.input_schema, self._compiled.partials)
        self.variables = frozenset(self.usage.variables)
        self.loaded_partials = frozenset(self._compiled.partials)
        self._quick = quick_check(self.input_schema) if self.input_schema else None

    def _read_front(self, schemas: Mapping[str, JsonSchema] | None) -> None:
        _check_types(self.node, self.path)
        front = self.front
        source, output = front.get("input") or {}, front.get("output") or {}
        self.name: str = artefact_name(self.path) if self.path else front.get("name") or ""
        self.description: str | None = front.get("description")
        self.model: str | None = front.get("model") or None
        self.config: dict[str, Any] = front.get("config") or {}
        self.defaults: dict[str, Any] = source.get("default") or {}
        self.adapter: str | None = (front.get(ADAPTER_KEY) or "").rstrip("/") or None
        self.output_format: str | None = output.get("format")
        self.input_schema = _schema(self.node, "input", schemas, self.path)
        self.output_schema = _schema(self.node, "output", schemas, self.path)
        self.ext = _extensions(front)

    def __repr__(self) -> str:
        return f"<Prompt {self.name or 'unnamed'}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Prompt) and (self.source, self.path) == (other.source, other.path)

    def __hash__(self) -> int:
        return hash((self.source, self.path))

    def messages(
        self, variables: Mapping[str, Any] | None = None, *, history: Sequence[Mapping[str, Any]] = ()
    ) -> list[Message]:
        """Messages for an OpenAI-compatible endpoint: [{"role", "content"}].

        `history` is the conversation so far in the same shape. Raises RenderError; its `variable` names the
        variable that is unknown, missing or of the wrong type.
        """
        return to_chat(self.render(variables, history=from_chat(history)))

    def render(
        self,
        variables: Mapping[str, Any] | None = None,
        *,
        history: Sequence[Message] = (),
        context: Mapping[str, Any] | None = None,
    ) -> list[Message]:
        """Messages in Dotprompt's own shape; `context` gives the @variables. Raises RenderError."""
        values = {**self.defaults, **(variables or {})}
        if self.input_schema is not None:
            self._check(values)
        return split_messages(self._compiled.render(values, context), history)

    def check_variables(self, variables: Mapping[str, Any]) -> list[RenderError]:
        """Every fault of these variables against the input schema, without rendering; defaults count as given."""
        if self.input_schema is None or self.input_schema.get("type", "object") != "object":
            return []
        found = faults(self.input_schema, {**self.defaults, **variables})
        return [_variable_error(*fault) for fault in found]

    def _check(self, values: dict[str, Any]) -> None:
        if self._quick is not None and self._quick(values):
            return
        for error in self.check_variables(values):
            raise error

    def with_front(self, key: str | tuple[str, ...], value: Json) -> "Prompt":
        """A prompt with one field of the front matter set (None removes it); comments and layout stay.

        A text is one top-level key, dots included; a tuple such as ("config", "temperature") leads inwards.
        """
        return Prompt(edit_front(self.source, key, value, self.path), self.path)

    def with_template(self, template: str) -> "Prompt":
        """A prompt with another template under the same front matter."""
        start = self.parts.template_start
        end = start + len(self.parts.template)
        return Prompt(self.source[:start] + template + self.source[end:], self.path)

    def line_of(self, offset: int) -> tuple[int, int]:
        """Line and column in the file of an offset in the template."""
        return place(self.source, self.parts.template_start + offset)


def parse_prompt(
    text: str,
    path: str = "",
    *,
    partials: Callable[[str], str | None] | None = None,
    schemas: Mapping[str, JsonSchema] | None = None,
) -> Prompt:
    """Parse and compile a Dotprompt file.

    `partials` gives the source of a partial by name (or None), `schemas` schemas that may be named.
    Raises FormatError with the place of the fault, and no other exception for any text.
    """
    return Prompt(text, path, partials=partials, schemas=schemas)


@lru_cache(maxsize=512)
def cached_prompt(text: str, path: str = "") -> Prompt:
    """parse_prompt, but the same text is compiled only once in this process."""
    return Prompt(text, path)


def print_prompt(prompt: Prompt) -> str:
    """The text of a prompt: parsing it again gives the same prompt."""
    return prompt.source


def prompt_overview(prompt: Prompt) -> dict[str, Any]:
    """What pages show of a prompt, as JSON."""
    return {
        "name": prompt.name,
        "path": prompt.path,
        "description": prompt.description,
        "model": prompt.model,
        "config": prompt.config,
        "input_schema": prompt.input_schema,
        "defaults": prompt.defaults,
        "variables": sorted(prompt.variables),
        "adapter": prompt.adapter,
        "output": {"format": prompt.output_format, "schema": prompt.output_schema},
        "partials": sorted(prompt.usage.partials),
        "template": prompt.template,
    }


def _compile(parts: Parts, source: str, path: str, partials: Resolver | None) -> Template:
    try:
        return Template(parts.template, partials)
    except TemplateError as error:
        line, column = place(source, parts.template_start + error.offset)
        raise refuse(path, error.code, error.message, line=line, column=column) from None
    except RecursionError:
        raise refuse(path, "too_deep", "The template is nested too deeply: flatten it.") from None


def _check_types(root: Node, path: str) -> None:
    problems = [
        *(_type_problem(root, path, name, dict, "a mapping") for name in _MAPPINGS),
        *(_type_problem(root, path, name, str, "text") for name in _TEXTS),
    ]
    found = [problem for problem in problems if problem]
    source = root.at("input")
    if isinstance(source.value, dict) and not isinstance(source.value.get("default"), dict | None):
        at = root.at("input", "default")
        found.append(Problem(path, at.line, at.column, "field_type", "'input.default' must be a mapping."))
    if found:
        raise FormatError(found)


def _type_problem(root: Node, path: str, name: str, kind: type, words: str) -> Problem | None:
    node = root.children.get(name)
    if node is None or node.value is None or isinstance(node.value, kind):
        return None
    return Problem(path, node.line, node.column, "field_type", f"'{name}' must be {words}.")


def _schema(root: Node, field: str, schemas: Mapping[str, JsonSchema] | None, path: str) -> JsonSchema | None:
    holder = root.at(field).value if field in root.children else None
    written = holder.get("schema") if isinstance(holder, dict) else None
    try:
        schema = to_json_schema(written, schemas)
        if is_json_schema(written):  # what Picoschema becomes is sound by itself, and checking it takes a while
            check_schema(schema)
    except (PicoschemaError, BadSchemaError) as error:
        node = root.at(field, "schema", *error.where)
        code = error.code if isinstance(error, PicoschemaError) else "bad_schema"
        raise refuse(path, code, error.message, line=node.line, column=node.column) from None
    return schema


def _extensions(front: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for key, value in front.items():
        namespace, dot, name = key.rpartition(".")
        if dot:
            found.setdefault(namespace, {})[name] = value
    return found


_CODES = {"unknown": "unknown_variable", "missing": "missing_variable"}


def _variable_error(where: tuple[str | int, ...], code: str, message: str) -> RenderError:
    name = str(where[0]) if where else None
    return RenderError(_CODES.get(code, "wrong_variable"), message, name)
