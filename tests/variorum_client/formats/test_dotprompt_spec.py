"""Google's public Dotprompt suite, run against our own reading and rendering."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from variorum_client.formats import Prompt, parse_prompt

_SHARED = Path(os.environ.get("VARIORUM_SHARED") or Path(__file__).parents[4] / "shared")
_SPEC = _SHARED / "suites" / "dotprompt-spec" / "spec"
_MISSING = pytest.param(
    None, marks=pytest.mark.skip(reason=f"the public Dotprompt suite is not at {_SPEC}"), id="absent"
)


def _cases() -> list[Any]:
    found = []
    for file in sorted(_SPEC.rglob("*.yaml")):
        for group in yaml.safe_load(file.read_text()):
            for number, test in enumerate(group["tests"]):
                name = f"{file.stem}-{group['name']}-{number}"
                found.append(pytest.param({**group, "test": test}, id=name))
    return found or [_MISSING]


def _prompt(case: dict[str, Any]) -> Prompt:
    partials = {**case.get("partials", {}), **case.get("resolverPartials", {})}
    schemas = {**case.get("schemas", {}), **case.get("resolverSchemas", {})}
    return parse_prompt(case["template"], partials=partials.get, schemas=schemas)


@pytest.mark.parametrize("case", _cases())
def test_dotprompt_suite(case: dict[str, Any]) -> None:
    prompt, test = _prompt(case), case["test"]
    data = {**case.get("data", {}), **test.get("data", {})}
    defaults = test.get("options", {}).get("input", {}).get("default", {})
    expected = dict(test["expect"])
    messages = expected.pop("messages", None)
    if expected.get("input", {}).pop("default", None) is not None:
        assert test["expect"]["input"] == {}, "the suite's defaults come from options only"
        del expected["input"]
    got = {
        "model": prompt.model,
        "config": prompt.config,
        "raw": prompt.front,
        "ext": prompt.ext,
        "input": {"schema": prompt.input_schema},
        "output": {"schema": prompt.output_schema},
    }
    assert {key: got[key] for key in expected} == expected
    if messages is not None:
        variables = {**defaults, **data.get("input", {})}
        if prompt.input_schema and prompt.input_schema.get("type") != "object":
            variables = {}
        rendered = prompt.render(variables, history=data.get("messages", []), context=data.get("context"))
        assert rendered == messages
