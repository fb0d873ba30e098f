"""The code metrics by name, and their configs checked once at the edge."""

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from evals.metrics.code import contains, exact_match, json_valid, label_valid, length_range, regex, token_f1
from evals.metrics.verdicts import Case, Verdict
from variorum.lib.errors import Invalid

Scorer = Callable[[Case, Mapping[str, Any]], Verdict]
FUNCTIONS: dict[str, ModuleType] = {
    "exact_match": exact_match,
    "contains": contains,
    "label_valid": label_valid,
    "token_f1": token_f1,
    "json_valid": json_valid,
    "regex": regex,
    "length_range": length_range,
}
# Those that make sense with no config at all are metrics of every project from the start.
BUILT_IN = ("exact_match", "contains", "label_valid", "token_f1", "json_valid", "length_range")


def find(name: str) -> ModuleType:
    """A code metric's module. Raises Invalid for an unknown name."""
    if name not in FUNCTIONS:
        raise bad_metric("function", f"There is no code metric {name[:60]!r}. There are: {', '.join(FUNCTIONS)}.")
    return FUNCTIONS[name]


def complete_config(name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """A code metric's config with every default filled in. Raises Invalid naming the member."""
    return complete(find(name), config)


def complete(module: ModuleType, config: Mapping[str, Any]) -> dict[str, Any]:
    """The same for any module with CONFIG and perhaps a check(config) that gives a fault in words."""
    fault = best_match(Draft202012Validator(module.CONFIG).iter_errors(dict(config)))
    if fault is not None:
        where = ".".join(["config", *(str(part) for part in fault.absolute_path)])
        raise bad_metric(where, f"{where}: {fault.message[:300]}")
    defaults = {key: option["default"] for key, option in module.CONFIG["properties"].items() if "default" in option}
    full = {**defaults, **config}
    if hasattr(module, "check") and (text := module.check(full)):
        raise bad_metric("config", text)
    return full


def bad_metric(where: str, text: str) -> Invalid:
    """An error in a metric's definition; `where` names the member."""
    return Invalid(text, code="bad_metric", errors=[{"where": where, "code": "bad_metric", "detail": text}])
