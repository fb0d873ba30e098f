"""An imported prompt says the same as the original, character for character.

The originals are rendered by small renderers after the sources that the importers name, by chevron, and by Jinja2.
"""

import re
from typing import Any

import chevron
import jinja2
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from variorum_client.formats import check_file, parse_prompt, partials_from
from variorum_client.importing import langfuse, mlflow, promptl, prompty
from variorum_client.importing.shapes import Imported, Settings
from variorum_client.importing.templates import Message, Tag, content_of, template_of, variable

NAMES = ("name", "text", "json", "user_name", "this", "role", "true", "Größe")
VALUES = {name: f"<{name}> & {{{{x}}}} \\ {{ 'q'" for name in NAMES}
BITS = st.sampled_from(
    [
        " ",
        "\n",
        "\n\n",
        "  ",
        "Hello",
        "a b",
        "{",
        "{{",
        "}}",
        "}",
        "\\",
        "\\\\",
        "{{{",
        "{ {",
        "é",
        "~",
        "{{/if}}",
        "---",
        "#",
    ]
)
HOLES = st.sampled_from([f"{{{{{blank}{name}{blank}}}}}" for name in NAMES for blank in ("", " ")])
LETTERS = st.text(st.characters(exclude_categories=["C", "Zl", "Zp", "Zs"]), max_size=5)
LANGFUSE_TEXT = st.lists(st.one_of(BITS, HOLES, LETTERS), min_size=1, max_size=10).map("".join)
# Pieces with braces often join to names that are none of ours.
PATIENT = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)


def files_of(prompts: list[Imported]) -> dict[str, str]:
    """The newest files, each fit to be committed."""
    found = {f"prompts/{path}": text for prompt in prompts for path, text in prompt.versions[-1].files.items()}
    assert [prompt.versions[-1].failure for prompt in prompts] == [None] * len(prompts)
    for path, text in found.items():
        content = {other: value.encode() for other, value in found.items()}
        assert check_file(path, text.encode(), read=content.get) == [], text
    return found


def render(files: dict[str, str], path: str, variables: dict[str, Any]) -> list[dict[str, Any]]:
    partials = partials_from(lambda other: files[other].encode() if other in files else None, path)
    prompt = parse_prompt(files[path], path, partials=partials)
    known = (prompt.input_schema or {}).get("properties", {})
    return prompt.messages({name: value for name, value in variables.items() if name in known})


def langfuse_compiled(text: str, values: dict[str, str]) -> str:
    """langfuse-python's TemplateParser.compile_template."""
    found, start = "", 0
    while (opening := text.find("{{", start)) >= 0 and (closing := text.find("}}", opening)) >= 0:
        name = text[opening + 2 : closing].strip()
        found += text[start:opening] + (values[name] if name in values else text[opening : closing + 2])
        start = closing + 2
    return found + text[start:]


def sound(text: str) -> bool:
    """What a prompt file may hold at all, and every {{…}} of which is one of ours."""
    names = [match.strip() for match in re.findall(r"\{\{(.*?)\}\}", text, re.DOTALL)]
    plain = all(character.isprintable() or character == "\n" for character in text)
    return plain and "<<<dotprompt" not in text and bool(text.strip()) and all(name in VALUES for name in names)


@PATIENT
@given(text=LANGFUSE_TEXT.filter(sound))
@example(text="a\n{{name}}\n")
@example(text=" {{{name}} ")
@example(text='{"a": {{name}}}')
@example(text="\\{{name}}")
@example(text="{{")
def test_a_langfuse_text_says_the_same(text: str) -> None:
    expected = langfuse_compiled(text, VALUES)
    files = files_of(langfuse.read({"name": "p", "version": 1, "type": "text", "prompt": text}, Settings()))
    assert render(files, "prompts/p.prompt", VALUES) == [{"role": "user", "content": expected}]


@PATIENT
@given(
    texts=st.lists(
        st.tuples(st.sampled_from(["system", "user", "assistant"]), LANGFUSE_TEXT.filter(sound)), min_size=1, max_size=4
    )
)
def test_a_langfuse_chat_says_the_same(texts: list[tuple[str, str]]) -> None:
    chat = [{"role": role, "content": text} for role, text in texts]
    files = files_of(langfuse.read([{"name": "p", "version": 1, "type": "chat", "prompt": chat}], Settings()))
    expected = [{"role": role, "content": langfuse_compiled(text, VALUES)} for role, text in texts]
    assert render(files, "prompts/p.prompt", VALUES) == expected


MLFLOW_BITS = st.sampled_from([" ", "\n", "Hi", "{", "}", "\\", "{{", "}}", "{{ name }}", "{{text}}", "{{ a-b }}", "é"])
MLFLOW_NAMES = {**VALUES, "Hi": "HI"}


@settings(max_examples=100, deadline=None)
@given(
    text=st.lists(MLFLOW_BITS, min_size=1, max_size=10)
    .map("".join)
    .filter(str.strip)
    .filter(lambda text: set(mlflow._VARIABLE.findall(text)) <= MLFLOW_NAMES.keys())
)
def test_an_mlflow_text_says_the_same(text: str) -> None:
    expected = mlflow._VARIABLE.sub(lambda match: MLFLOW_NAMES[match[1]], text)
    files = files_of(mlflow.read({"name": "p", "version": 1, "template": text}, Settings()))
    assert render(files, "prompts/p.prompt", MLFLOW_NAMES) == [{"role": "user", "content": expected}]


JINJA_BITS = st.sampled_from(
    [
        *(
            " ",
            "\n",
            "Hi",
            "{ ",
            "\\",
            "{{ name }}",
            "{{name}}",
            "{{- name }}",
            "{{ name -}}",
            "{# note #}",
            "{{ row.one }}",
        ),
        *(
            "{% if name %}\nyes\n{% endif %}",
            "{% if not empty %}no{% else %}\nsome{% endif %}\n",
            "{% raw %}{{ x }}{% endraw %}",
        ),
        *(
            "{% for item in rows %}\n- {{ item.one }} {{ name }}\n{% endfor %}",
            "  {%- if empty -%} a {%- elif name -%} b {% endif %}",
        ),
        *("{% if name == 'Ada' %}A{% else %}B{% endif %}", "{% for item in rows %}{{ loop.index0 }}{% endfor %}"),
        "{% for a in rows %}{% for b in a.list %}{{ b }}{{ a.one }}{{ name }}{% endfor %}{% endfor %}",
    ]
)
ROWS = [{"one": 1, "list": ["x", "y"]}, {"one": 2, "list": ["z"]}]
INPUT: dict[str, Any] = {"name": "Ada", "empty": "", "rows": ROWS, "row": {"one": "1"}, "flag": True}


@settings(max_examples=100, deadline=None)
@given(text=st.lists(JINJA_BITS, min_size=1, max_size=6).map("".join))
def test_a_prompty_in_jinja_says_the_same(text: str) -> None:
    expected = jinja2.Environment().from_string(f"Start {text} end").render(**INPUT)
    files = files_of(prompty.read({"p.prompty": f"---\nname: p\n---\nuser:\nStart {text} end\n"}, Settings()))
    assert render(files, "prompts/p.prompt", INPUT) == [{"role": "user", "content": expected}]


MUSTACHE_BITS = st.sampled_from(
    [
        *(" ", "\n", "Hi", "{{name}}", "{{{name}}}", "{{& name }}", "{{! note }}", "{{#rows}}\n- {{one}}\n{{/rows}}\n"),
        *(
            "{{^empty}}none{{/empty}}",
            "{{#flag}}some {{name}}{{/flag}}",
            "{{row.one}}",
            "\n{{#rows}}\n{{#list}}{{.}},{{/list}}\n{{/rows}}\n",
        ),
    ]
)


@settings(max_examples=100, deadline=None)
@given(text=st.lists(MUSTACHE_BITS, min_size=1, max_size=6).map("".join))
def test_a_prompty_in_mustache_says_the_same(text: str) -> None:
    expected = chevron.render(f"Start {text} end", INPUT)
    source = f"---\nname: p\ntemplate: mustache\n---\nuser:\nStart {text} end\n"
    files = files_of(prompty.read({"p.prompty": source}, Settings()))
    assert render(files, "prompts/p.prompt", INPUT) == [{"role": "user", "content": expected}]


PROMPTL_BITS = st.sampled_from(
    ["  ", "\n", "Hi", "{ ", "a\\{b", "<b>", "{{ name }}", "{{name}}", "{{ row.one }}", "x < y", "\n    ", "- ", "é"]
)


def promptl_text(text: str) -> str:
    """Values put in, then removeCommonIndent of promptl's compiler/utils.ts."""
    said = re.sub(r"\\(.)", r"\1", text)
    said = said.replace("{{ name }}", "Ada").replace("{{name}}", "Ada").replace("{{ row.one }}", "1")
    lines = said.split("\n")
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[indent:] for line in lines).strip()


@settings(max_examples=100, deadline=None)
@given(
    text=st.lists(PROMPTL_BITS, min_size=1, max_size=10).map("".join),
    stray=st.lists(PROMPTL_BITS, max_size=4).map("".join),
)
def test_a_promptl_says_the_same(text: str, stray: str) -> None:
    wanted = [("system", promptl_text(stray)), ("user", promptl_text(text)), ("assistant", "Fine.")]
    source = f"---\nprovider: openai\nmodel: gpt-4o\n---\n{stray}<user>{text}</user>\n<assistant>Fine.</assistant>\n"
    files = files_of(promptl.read({"p.promptl": source}, Settings()))
    expected = [{"role": role, "content": said} for role, said in wanted if said]
    assert render(files, "prompts/p.prompt", INPUT) == expected


@settings(max_examples=100, deadline=None)
@given(
    parts=st.lists(
        st.one_of(st.text("ab \n{}\\~#/!-", max_size=6), st.just(variable("x")), st.just(Tag("{{#if x}}b{{/if}}")))
    )
)
def test_any_text_survives_a_template(parts: list[str]) -> None:
    template = template_of([Message("system", [*parts, "end"])])
    said = "".join(
        {"{{x}}": "X", "{{#if x}}b{{/if}}": "b"}.get(part, part) if isinstance(part, Tag) else part for part in parts
    )
    assert parse_prompt(f"---\nmodel: a/b\n---\n{template}").messages({"x": "X"}) == [
        {"role": "system", "content": f"{said}end"}
    ]
    assert content_of([]) == ""
