"""Whatever an export holds, an importer gives prompts, or failures with a sentence, and no other exception."""

import contextlib
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from variorum_client.folder import read_artefact
from variorum_client.importing import langfuse, mlflow, promptl, prompty
from variorum_client.importing.planning import plan
from variorum_client.importing.shapes import ImportRefused, Settings

KEYS = ["name", "version", "prompt", "template", "type", "config", "labels", "tags", "role", "content", "key", "value"]
KEYS += ["model_config", "response_format", "aliases", "model_versions", "creation_timestamp", "data", "model", "x"]
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 3), st.floats(allow_nan=False), st.text(max_size=4)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)),
    max_leaves=12,
)
ENTRY = st.builds(
    lambda fields, name, body: {**fields, "name": name, "prompt": body, "template": body},
    st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8),
    st.sampled_from(["a", "../a", "A", " ", "a/b", "_a", "a:b", ""]),
    st.one_of(
        st.sampled_from(["{{x}}", "{% if x %}", "@@@langfusePrompt:name=a|label=x@@@"]), st.lists(VALUES, max_size=3)
    ),
)
BITS = st.sampled_from(
    [
        *(
            "---",
            "\n",
            "a: b",
            "model:",
            "  id: 1",
            "inputs: ${file:x}",
            "inputs: [1]",
            "system:",
            "user:",
            "{{x}}",
            "{{",
            "}}",
        ),
        *(
            "{% if x %}",
            "{% endif %}",
            "{% for a in b %}",
            "<user>",
            "</user>",
            "<step>",
            "</step>",
            "{{ if x }}",
            "{{ endif }}",
        ),
        *(
            '<prompt path="p" />',
            "{{ for a in b }}",
            "/*",
            "*/",
            "\\",
            "<message role={{x}}>",
            "![a](b)",
            "template: mustache",
        ),
        *("{{#x}}", "{{/x}}", "{{ x = 1 }}", "<content-image>", "{{ else }}"),
    ]
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(entries=st.lists(ENTRY, min_size=1, max_size=3))
@pytest.mark.parametrize("system", [langfuse, mlflow])
def test_any_export(tmp_path: Path, system: Any, entries: list[dict[str, Any]]) -> None:
    with contextlib.suppress(ImportRefused):
        plan(partial(read_artefact, tmp_path), "", system.read(entries, Settings()))


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(text=st.lists(BITS, max_size=12).map("\n".join), line=st.lists(BITS, max_size=6).map("".join))
@pytest.mark.parametrize(("system", "name"), [(prompty, "p.prompty"), (promptl, "p.promptl")])
def test_any_file(tmp_path: Path, system: Any, name: str, text: str, line: str) -> None:
    made = plan(partial(read_artefact, tmp_path), "", system.read({name: text + line}, Settings()))
    assert all(
        "shape that is not known" not in (version.failure or "") for item in made.prompts for version in item.versions
    )
