"""The output is JSON, and if wanted fits a schema."""

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, best_match

from evals.metrics.verdicts import Case, Verdict, short, yes_or_no
from variorum.lib.errors import Invalid
from variorum.lib.parsers import parse_json

NAME = "Valid JSON"
ABOUT = "Right when the output is JSON; with a schema, when it fits the schema too."
BINARY = True
CONFIG: dict[str, Any] = {
    "type": "object",
    "properties": {
        "schema": {"type": "object", "default": {}, "title": "JSON Schema (empty: any JSON)"},
        "allow_fence": {"type": "boolean", "default": True, "title": "Allow ``` around it"},
    },
    "additionalProperties": False,
}


def check(config: Mapping[str, Any]) -> str:
    """What is wrong with the schema, or ""."""
    try:
        Draft202012Validator.check_schema(dict(config.get("schema") or {}))
    except SchemaError as exc:
        return f"This is no JSON Schema: {short(exc.message)}."
    return ""


def score(case: Case, config: Mapping[str, Any]) -> Verdict:
    """1 or 0, with the first fault."""
    text = strip_fence(case.output) if config.get("allow_fence", True) else case.output
    try:
        value = parse_json(text.encode(errors="surrogatepass"), check_numbers=False)
    except Invalid as exc:
        return yes_or_no(False, exc.detail.replace("The body", "The output"))
    fault = best_match(Draft202012Validator(dict(config.get("schema") or {})).iter_errors(value))
    if fault is None:
        return yes_or_no(True)
    where = "/".join(str(part) for part in fault.absolute_path)
    return yes_or_no(False, short(f"{where}: {fault.message}" if where else fault.message))


def strip_fence(text: str) -> str:
    """The inside of a Markdown code fence that is around the whole text."""
    text = text.strip()
    if not (text.startswith("```") and text.endswith("```") and len(text) > 6):
        return text
    first, _, rest = text[3:-3].partition("\n")
    return rest if first.strip().isalpha() or not first.strip() else text[3:-3]
