"""Comparisons: what a reader is told about two versions of a file."""

import json
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from variorum_client.formats import parse_prompt, print_pointer
from variorum_client.formats.comparing import as_text, compare, compare_folder, new_text, old_text, word_spans
from variorum_client.formats.problems import RenderError

PROMPT = """---
model: local/smollm2-135m
config:
  temperature: 0
input:
  schema:
    message: string
    kind(enum): [low, mid, high]
    old?: string
  default:
    kind: low
output:
  format: json
  schema:
    label(enum): [x, y]
    why?: string
---
{{role "system"}}
Sort the message.
Answer with one word.
{{role "user"}}
{{message}} {{kind}}
"""
ADAPTER = {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ["q_proj"], "base_model_name_or_path": "a"}
texts = st.text(st.sampled_from("ab .\n{}字会'é-"), max_size=60)


def of(old: str | None, new: str | None, path: str = "prompts/triage.prompt"):
    return compare(path, *(None if side is None else side.encode() for side in (old, new)))


def edited(*pairs: tuple[str, str]) -> str:
    text = PROMPT
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


def words(old: str, new: str) -> str:
    marks = {"same": "{}", "removed": "[{}]", "added": "<{}>"}
    return "".join(marks[span.kind].format(span.text) for span in word_spans(old, new))


@settings(max_examples=400)
@given(texts, texts)
def test_the_spans_are_both_texts(old: str, new: str) -> None:
    spans = word_spans(old, new)
    assert (old_text(spans), new_text(spans)) == (old, new)
    assert all(span.text for span in spans)
    assert all(a.kind != b.kind for a, b in pairwise(spans))


@given(
    st.sampled_from(["prompts/a.prompt", "configs/a.yaml", "configs/a.schema.json", "suites/a.yaml", "README.md"]),
    texts,
)
def test_a_file_beside_itself_is_the_same(path: str, text: str) -> None:
    found = compare(path, text.encode(), text.encode())
    assert (found.same, found.rows, found.passages, found.consequences, found.notes) == (True, (), (), (), ())


@settings(max_examples=150)
@given(
    st.sampled_from(["prompts/a.prompt", "configs/a.yaml", "configs/a.schema.json", "README.md", "x.bin"]),
    st.one_of(st.none(), texts.map(str.encode), st.binary(max_size=20), st.just(PROMPT.encode())),
    st.one_of(st.none(), texts.map(str.encode), st.binary(max_size=20), st.just(PROMPT.encode())),
)
def test_no_content_breaks_it_and_a_difference_is_never_hidden(path: str, old: bytes | None, new: bytes | None) -> None:
    found = compare(path, old, new)
    json.dumps(found.as_dict())
    as_text(found)
    if old != new and old and new:
        assert found.rows or found.passages or found.notes


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("Be kind to the customer.", "Be very kind to every customer.", "Be <very >kind to [the]<every> customer."),
        ("one two\nthree four", "one two three\nfour", "one two[\n]< >three[ ]<\n>four"),
        ("The quick brown fox jumps", "A slow red hen walks", "[The quick brown fox jumps]<A slow red hen walks>"),
        ("请用一个词回答客户的问题。", "请用一句话友好地回答客户的问题。", "请用一[个词]<句话友好地>回答客户的问题。"),
        ("Hello {{name}}!", "Hello {{customer.name}}!", "Hello [{{name}}]<{{customer.name}}>!"),
        ("Say it.", "Say it. Then stop.", "Say it.< Then stop.>"),
        ("a, b and c stay; the end", "x, y and z stay; the end", "[a, b]<x, y> and [c]<z> stay; the end"),
    ],
)
def test_changes_are_phrases(old: str, new: str, shown: str) -> None:
    assert words(old, new) == shown


def test_long_texts_stay_quick() -> None:
    lines = [f"Line {i} says that the customer wants {i * 7 % 13} of them." for i in range(4000)]
    other = [f"{line} Really." if i % 9 == 0 else line for i, line in enumerate(lines)]
    began = time.thread_time()
    spans = word_spans("\n".join(lines), "\n".join(other))
    assert time.thread_time() - began < 5
    assert {span.text.strip() for span in spans if span.kind != "same"} == {"Really."}
    shuffled = "\n".join(sorted(lines, key=lambda line: line[::-1]))
    assert new_text(word_spans("\n".join(lines), shuffled)) == shuffled


def test_settings_variables_and_answers_are_called_out() -> None:
    new = edited(
        ("temperature: 0", "temperature: 0.3"),
        ("    old?: string\n", "    tone: string\n"),
        ("[low, mid, high]", "[low, high]"),
        ("kind: low", "kind: high"),
        ("[x, y]", "[x, z]"),
        ("why?: string", "why: integer"),
    )
    found = of(PROMPT, new)
    assert [(one.level, one.code, one.subject) for one in found.consequences] == [
        ("breaks", "output_type", "why"),
        ("breaks", "enum_narrowed", "kind"),
        ("breaks", "variable_removed", "old"),
        ("breaks", "variable_required", "tone"),
        ("warns", "output_values", "label"),
        ("warns", "default_changed", "kind"),
        ("says", "output_values", "label"),
    ]
    assert "New required variable `tone`: callers that do not send it will fail." in [
        one.message for one in found.consequences
    ]
    (row,) = [row for row in found.rows if row.group == "settings"]
    assert (row.key, row.label, row.old, row.new, row.note) == ("config.temperature", "Temperature", "0", "0.3", "+0.3")


CALLS = [{"message": "m"}, {"message": "m", "old": "o"}, {"message": "m", "kind": "mid"}, {"message": "m", "tone": "t"}]


@pytest.mark.parametrize(
    ("change", "codes", "failing"),
    [
        (("    old?: string\n", ""), {"variable_removed"}, [1]),
        (("    old?: string\n", "    tone: string\n"), {"variable_removed", "variable_required"}, [0, 1, 2]),
        (("    old?: string\n", "    old: string\n"), {"variable_required"}, [0, 2]),
        (("[low, mid, high]", "[low, high]"), {"enum_narrowed"}, [2]),
        (("  default:\n    kind: low\n", ""), {"variable_required"}, [0, 1]),
        (("message: string\n", "message: integer\n"), {"variable_type"}, [0, 1, 2]),
    ],
)
def test_what_is_said_to_fail_fails(change: tuple[str, str], codes: set[str], failing: list[int]) -> None:
    """The rules of the page are those of rendering: calls that passed and are said to fail do, the others do not."""
    new = edited(change)
    found = {one.code for one in of(PROMPT, new).consequences if one.level == "breaks"}
    assert found == codes
    old_fails, new_fails = ([i for i, call in enumerate(CALLS) if fails(text, call)] for text in (PROMPT, new))
    assert [i for i in new_fails if i not in old_fails] == failing


def fails(text: str, variables: dict[str, str]) -> bool:
    try:
        parse_prompt(text).messages(variables)
    except RenderError:
        return True
    return False


def test_without_a_schema_nothing_fails() -> None:
    found = of("Hi {{name}}", "Hi {{first}}")
    assert [(one.level, one.code, one.subject) for one in found.consequences] == [
        ("warns", "variable_undeclared", "first"),
        ("says", "variable_removed", "name"),
    ]
    assert parse_prompt("Hi {{first}}").messages({"name": "x"}) == [{"role": "user", "content": "Hi "}]


def test_messages_are_followed() -> None:
    old = (
        '{{role "system"}}\nBe kind to everyone who writes.\n'
        '{{role "user"}}\nFirst example of a message.\n{{role "model"}}\nyes'
    )
    new = (
        '{{role "user"}}\nFirst example of a message.\n{{role "model"}}\nyes\n'
        '{{role "system"}}\nBe very kind to everyone who writes.\n{{role "user"}}\n{{message}}'
    )
    found = [(one.state, one.role, one.moved, one.old_index, one.new_index) for one in of(old, new).passages]
    assert found == [
        ("same", "user", False, 2, 1),
        ("same", "model", False, 3, 2),
        ("changed", "system", True, 1, 3),
        ("added", "user", False, None, 4),
    ]
    rewritten = of(
        '{{role "system"}}\nSort it.\n{{role "user"}}\nx', '{{role "system"}}\nQuite other words.\n{{role "user"}}\nx'
    )
    assert [(one.state, one.old_index, one.new_index) for one in rewritten.passages] == [
        ("changed", 1, 1),
        ("same", 2, 2),
    ]


def test_bindings() -> None:
    found = of(
        PROMPT, edited(("model: local/smollm2-135m\n", "model: local/other\nvariorum.adapter: adapters/triage\n"))
    )
    assert [one.code for one in found.consequences] == ["adapter_binding", "model_changed"]
    assert [(row.label, row.state) for row in found.rows] == [("Model", "changed"), ("Adapter", "added")]


def test_a_config_by_key_path() -> None:
    old = "limit: 3\nlimits: {daily: 1, weekly: 2}\nrates:\n- {name: a, v: 1}\n- {name: b, v: 2}\ntags: [x, y]\n"
    new = "limit: '3'\nlimits: {daily: 5}\nrates:\n- {name: b, v: 2}\n- {name: c, v: 1}\ntags: [y, z]\n"
    found = of(old, new, "configs/limits.yaml")
    assert [(row.key, row.state, row.old, row.new, row.note) for row in found.rows] == [
        ("limit", "changed", "3", "3", "was a number, is now text"),
        ("limits.daily", "changed", "1", "5", "+4"),
        ("limits.weekly", "removed", "2", None, ""),
        ("rates[a].name", "removed", "a", None, ""),
        ("rates[a].v", "removed", "1", None, ""),
        ("rates[c].name", "added", None, "c", ""),
        ("rates[c].v", "added", None, "1", ""),
        ("tags", "changed", "x, y", "y, z", "added z; removed x"),
    ]
    assert {(one.code, one.subject) for one in found.consequences} == {
        ("key_type", "limit"), ("key_removed", "limits.weekly"), ("key_removed", "rates[a].name"),
        ("key_removed", "rates[a].v"),
    }  # fmt: skip


def test_layout_is_told_apart_from_content() -> None:
    found = of("a: 1\nb: 2\n", "# first\nb: 2\na: 1\n", "configs/a.yaml")
    assert (found.rows, len(found.notes)) == ((), 1)
    assert len(of(PROMPT, PROMPT.replace("model:", "# why\nmodel:")).notes) == 1


def test_a_schema_file() -> None:
    old = {"type": "object", "properties": {"limit": {"type": "integer"}}}
    new = {
        "type": "object",
        "properties": {"limit": {"type": "integer"}, "day": {"type": "string"}},
        "required": ["day"],
    }
    found = of(json.dumps(old), json.dumps(new), "configs/a.schema.json")
    assert [(row.key, row.new) for row in found.rows] == [("day", "text, needed")]
    assert [one.message for one in found.consequences] == ["The config must now have `day`."]


def test_an_adapter_as_one_thing() -> None:
    def files(rank: int, modules: list[str], data: int, size: int) -> dict[str, bytes]:
        shape = {**ADAPTER, "r": rank, "target_modules": modules}
        card = f"data: {{dataset: tickets, version: {data}}}\nmetrics: {{train_loss: 0.{data}}}\n"
        weights = print_pointer(f"{size:064x}", size)
        return {
            "adapter_config.json": json.dumps(shape).encode(), "card.yaml": card.encode(),
            "adapter_model.safetensors": weights,
        }  # fmt: skip

    found = compare_folder(
        "adapters/triage", files(8, ["q_proj"], 3, 1_500_000), files(16, ["q_proj", "v_proj"], 4, 10)
    )
    assert [(row.group, row.label, row.old, row.new) for row in found.rows if row.key != "sha256"] == [
        ("shape", "Rank", "8", "16"),
        ("shape", "Changes the modules", "q_proj", "q_proj, v_proj"),
        ("weights", "Size", "1.5 MB", "10 bytes"),
        ("card", "Dataset's version", "3", "4"),
        ("card", "Metrics train loss", "0.3", "0.4"),
    ]
    assert [one.code for one in found.consequences] == ["adapter_rank"]


def test_what_comes_goes_and_is_renamed() -> None:
    assert [one.code for one in of(None, PROMPT).consequences] == ["file_added"]
    assert [one.code for one in of(PROMPT, None).consequences] == ["file_removed"]
    found = compare("prompts/b.prompt", PROMPT.encode(), PROMPT.encode(), old_path="prompts/a.prompt")
    assert (found.moved_from, [one.code for one in found.consequences]) == ("prompts/a.prompt", ["file_renamed"])
    assert [row.key for row in compare("adapters/a/x.bin", b"\0a", b"\0b").rows] == ["sha256"]


def test_the_text_for_a_terminal() -> None:
    shown = as_text(
        of(PROMPT, edited(("Sort the message.", "Sort the message kindly."), ("temperature: 0", "temperature: 1")))
    )
    assert shown == (
        "prompts/triage.prompt: changed\n"
        "  Settings\n"
        "    ~ Temperature: 0 -> 1 (+1)\n"
        "  Message 1 (system): changed, lines 18-20\n"
        "    Sort the message{+ kindly+}.\n"
        "    Answer with one word.\n"
    )
