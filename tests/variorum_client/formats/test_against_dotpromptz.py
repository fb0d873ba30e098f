"""Our engine beside the official one for Python: random templates and values, the same messages."""

import re
from typing import Any

import pytest
from dotpromptz._helpers import register_all_helpers
from dotpromptz._parse import to_messages
from dotpromptz_handlebars import EscapeFunction, Handlebars
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from variorum_client.formats import FormatError, parse_prompt

NAMES = ["a", "b", "c"]
scalars = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.text("xy \n", max_size=4))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)),
    max_leaves=6,
)
contexts = st.dictionaries(st.sampled_from(NAMES), values, max_size=3)
texts = st.text("xy \n.", max_size=5)
paths = st.sampled_from(["a", "b", "c", "a.b", "this", "../a", "this.b", "@index", "@key", "@root.a", "a.[0]", "@last"])
tildes = st.sampled_from(["", "~"])


def _output(path: str, before: str, after: str) -> str:
    return "{{" + before + path + after + "}}"


def _block(name: str, path: str, body: str, inverse: str | None, after: str) -> str:
    middle = "" if inverse is None else "{{else}}" + inverse
    return "{{#" + name + " " + path + after + "}}" + body + middle + "{{/" + name + "}}"


def _section(path: str, body: str) -> str:
    return "{{#" + path + "}}" + body + "{{/" + path + "}}"


leaves = st.one_of(
    texts,
    st.builds(_output, paths, tildes, tildes),
    st.sampled_from(['{{role "user"}}', '{{role "system"}}', "{{history}}", '{{section "s"}}', '{{media url="u"}}']),
    st.sampled_from(["{{! note }}", "{{!-- long -- note --}}", "\\{{a}}", "{{{b}}}", "{{&a}}"]),
)
templates = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map("".join),
        st.builds(_block, st.sampled_from(["if", "unless", "each", "with"]), paths, inner, st.none() | inner, tildes),
        st.builds(_section, st.sampled_from(NAMES), inner),
        st.builds(lambda path, body: f'{{{{#ifEquals {path} "x"}}}}{body}{{{{/ifEquals}}}}', paths, inner),
    ),
    max_leaves=8,
)

reference = Handlebars(escape_fn=EscapeFunction.NO_ESCAPE)
register_all_helpers(reference)


def _reference(template: str, context: dict[str, Any]) -> list[dict[str, Any]]:
    rendered = reference.compile(template)(context, {"data": {}})
    return [message.model_dump(exclude_none=True, by_alias=True) for message in to_messages(rendered)]


# Two known differences, both as Handlebars.js and the suite's comments have it: blanks between a block's tag and
# another tag are kept, and true is not 1.
_BLANKS_BEFORE_TAG = re.compile(r"\}\}[ \t]+\\?(\{\{|\Z)")


@settings(max_examples=400, deadline=None)
@given(templates, contexts)
def test_random_templates_render_as_the_official_engine_does(template: str, context: dict[str, Any]) -> None:
    assume(not _BLANKS_BEFORE_TAG.search(template))
    try:
        expected = _reference(template, context)
    except ValueError:
        return
    assert parse_prompt("---\n---\n" + template).template == template.strip()
    assert parse_prompt(template).render(context) == expected


def test_what_the_official_engine_refuses_is_refused() -> None:
    for template in ("{{#if a}}", "{{/if}}", "{{a", "{{}}", "{{#each}}{{/each}}", "{{foo a}}", "{{a.0}}", "{{else}}"):
        with pytest.raises(ValueError):
            reference.compile(template)({"a": [1]})
        with pytest.raises(FormatError):
            parse_prompt(template)
