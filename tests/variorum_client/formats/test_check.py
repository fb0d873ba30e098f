"""check_file: every fault has a place and a code, and nothing else than a problem ever comes out."""

import json
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from variorum_client.formats import check_file, check_path, kind_of, parse_pointer, print_pointer

CONFIG = {"peft_type": "LORA", "r": 8, "target_modules": ["q_proj"], "base_model_name_or_path": "smollm2-135m"}
SCHEMA = {
    "type": "object",
    "properties": {
        "rate": {"type": "integer", "minimum": 1},
        "on": {"type": "boolean"},
        "names": {"items": {"enum": ["a"]}},
    },
    "required": ["rate"],
    "additionalProperties": False,
}


def found(path: str, content: str | bytes, **others: str | bytes) -> list[tuple[int, int, str]]:
    files = {name: text.encode() if isinstance(text, str) else text for name, text in others.items()}
    body = content.encode() if isinstance(content, str) else content
    return [(item.line, item.column, item.code) for item in check_file(path, body, read=files.get)]


def prompt(front: str, template: str = "Hi", **others: str | bytes) -> list[tuple[int, int, str]]:
    return found("prompts/x.prompt", f"---\n{front}\n---\n{template}", **others)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("prompts/triage.prompt", "prompt"),
        ("prompts/support/triage.prompt", "prompt"),
        ("prompts/.prompt", "other"),
        ("prompts/triage.txt", "other"),
        ("configs/limits.yaml", "config"),
        ("configs/limits.yml", "other"),
        ("configs/limits.schema.json", "schema"),
        ("adapters/triage/adapter_config.json", "adapter"),
        ("adapters/triage/adapter_model.safetensors", "adapter"),
        ("adapters/triage/card.yaml", "adapter"),
        ("adapters/card.yaml", "other"),
        ("adapters/triage/optimizer.pt", "other"),
        ("suites/triage.yaml", "suite"),
        ("README.md", "doc"),
        ("adapters/triage/README.md", "doc"),
        ("OWNERS", "doc"),
        (".gitattributes", "doc"),
        ("main.py", "other"),
    ],
)
def test_a_path_tells_the_kind(path: str, kind: str) -> None:
    assert kind_of(path) == kind


@pytest.mark.parametrize(
    "path",
    [
        "", "/prompts/a.prompt", "prompts/../a.prompt", "./a", "prompts//a.prompt", "prompts/",
        "a\x00b", "a\nb", "a\u202eb",
        ".git/config", "prompts/.GIT/x", "x/.git. /y", "git~1/x", "C:/x", "a\\b", "a ", " a/b", "a./b", "x" * 500,
        "/".join("abcdefghijklmnop"), "prompts/cafe\u0301.prompt", "prompts/\ud800.prompt", "a?b", "y" * 201,
    ],
)  # fmt: skip
def test_a_bad_path_is_one_problem(path: str) -> None:
    problems = check_file(path, b"", read=None)
    assert [problem.code for problem in problems] == ["bad_path"]
    assert problems[0].path.isprintable()


def test_a_good_path_may_be_in_any_language() -> None:
    assert check_path("prompts/unterstützung/日本語.prompt") is None


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"ok\nab\xff", (2, 3, "not_utf8")),
        ("é\nx\x00".encode(), (2, 2, "nul")),
        (b"one\r\ntwo", (1, 4, "crlf")),
        ("\ufeffHi".encode(), (1, 1, "byte_order_mark")),
        (b"x" * 2_000_000, (1, 1, "too_large")),
    ],
)
@pytest.mark.parametrize(
    "path", ["prompts/a.prompt", "configs/a.yaml", "README.md", "suites/a.yaml", "configs/a.schema.json"]
)
def test_bytes_that_are_no_text_are_one_problem(path: str, content: bytes, place: tuple[int, int, str]) -> None:
    assert found(path, content) == [place]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: 1\nb: 2\na: 3\n", (3, 1, "duplicate_key")),
        ("a: [1, 2", (1, 9, "bad_yaml")),
        ("a: b: c", (1, 5, "bad_yaml")),
        ("a:\n\t- b", (2, 1, "bad_yaml")),
        ("a: \x07", (1, 4, "bad_yaml")),
        ("switch: no", (1, 9, "ambiguous_value")),
        ("switch: On", (1, 9, "ambiguous_value")),
        ("code: 0123", (1, 7, "ambiguous_value")),
        ("x: .nan", (1, 4, "bad_number")),
        ("x: 1e999", (1, 4, "bad_number")),
        ("x: " + "9" * 500, (1, 4, "bad_number")),
        ("1: x", (1, 1, "bad_key")),
        ("[a]: x", (1, 1, "bad_key")),
        ("a: &x {b: 1}\nc:\n  <<: *x", (3, 3, "merge_key")),
        ("a: !!python/object:os.system x", (1, 4, "tag")),
        ("a: &a [*a]", (1, 8, "alias")),
        ("a: *none", (1, 4, "alias")),
        ("a: 1\n---\nb: 2", (2, 1, "many_documents")),
        ("[" * 60 + "]" * 60, (1, 52, "too_deep")),
        ("- " * 300 + "x", (1, 103, "too_deep")),
    ],
)
def test_yaml_that_could_be_read_in_two_ways_is_refused(text: str, place: tuple[int, int, str]) -> None:
    assert found("configs/a.yaml", text) == [place]


def test_an_alias_bomb_is_stopped() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 12):
        bomb += f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n"
    began = time.thread_time()
    assert [code for _, _, code in found("configs/a.yaml", bomb)] == ["too_many_values"]
    assert time.thread_time() - began < 2


def test_deep_json_and_yaml_are_problems_and_quick() -> None:
    began = time.thread_time()
    for opening in ("[", '{"a":', "{a: "):
        for path in ("configs/a.yaml", "configs/a.schema.json", "adapters/a/adapter_config.json", "suites/a.yaml"):
            assert len(found(path, opening * 100_000)) == 1
    assert time.thread_time() - began < 5


def _bomb() -> bytes:
    levels = {f"l{n}": {"allOf": [{"$ref": f"#/$defs/l{n + 1}"}] * 10} for n in range(8)}
    return json.dumps({"$defs": {**levels, "l8": {"type": "integer"}}, "$ref": "#/$defs/l0"}).encode()


def _wide_input() -> str:
    fields = "".join(f"    k{number}: string\n" for number in range(3000))
    return f"---\ninput:\n  schema:\n{fields}---\n" + "".join(f"{{{{x{number}}}}}" for number in range(5000))


@pytest.mark.parametrize(
    ("path", "content", "schema"),
    [
        ("configs/a.yaml", "5", _bomb()),
        ("configs/a.yaml", "".join(f"- {{a: {number}}}\n" for number in range(5000)), b'{"uniqueItems": true}'),
        ("configs/a.yaml", "- " + "a" * 9_000, b'{"items": {"pattern": "a*b"}}'),
        ("configs/a.yaml", "a" * 900_000 + ": 1", b'{"patternProperties": {"a*a*a*b": {}}}'),
        ("configs/a.schema.json", json.dumps({"properties": {f"k{n}": {"type": "string"} for n in range(9000)}}), b""),
        ("prompts/a.prompt", _wide_input(), b""),
        ("prompts/a.prompt", "{{#if a}}\n{{/if}}\n" * 15_000, b""),
        ("prompts/a.prompt", "\\{{a}} " * 30_000, b""),
    ],
)
def test_nothing_takes_long(path: str, content: str, schema: bytes) -> None:
    began = time.thread_time()
    check_file(path, content.encode(), read={"configs/a.schema.json": schema}.get)
    assert time.thread_time() - began < 6


def test_unique_items_and_long_texts_are_told() -> None:
    def check(text: str, schema: object) -> list[tuple[int, int, str]]:
        return found("configs/a.yaml", text, **{"configs/a.schema.json": json.dumps(schema)})

    assert check("[{a: 1}, {a: 1.0}]", {"uniqueItems": True}) == [(1, 1, "schema_uniqueItems")]
    assert check("[1, true, '1']", {"uniqueItems": True}) == []
    assert check("a: " + "x" * 20_000, {"properties": {"a": {"pattern": "x+$"}}}) == [(1, 4, "schema_pattern")]
    assert check("a: xyz", {"properties": {"a": {"pattern": "^[a-z]+$"}}}) == []
    assert check("a: {pattern: '(((', const: 1}", {"const": {"a": {"pattern": "(((", "const": 1}}}) == []


def test_a_config_is_held_by_its_schema() -> None:
    def check(text: str, schema: object = SCHEMA) -> list[tuple[int, int, str]]:
        return found("configs/a.yaml", text, **{"configs/a.schema.json": json.dumps(schema)})

    assert check("rate: 5\non: true\nnames: [a]") == []
    assert check("rate: 0") == [(1, 7, "schema_minimum")]
    assert check("on: true") == [(1, 1, "schema_missing")]
    assert check("rate: 5\nraet: 6") == [(2, 1, "schema_unknown")]
    assert check("rate: '5'\nnames: [a, b]") == [(1, 7, "schema_type"), (2, 12, "schema_enum")]
    assert check("rate: 5", {"type": "nonsense"}) == [(1, 1, "schema_unusable")]
    assert check("rate: 5", {"$ref": "#"}) == [(1, 1, "schema_schema_fault")]
    assert found("configs/a.yaml", "rate: anything") == []


@pytest.mark.parametrize(
    ("schema", "code"),
    [
        ("{", "bad_json"),
        ('{"a": 1, "a": 2}', "duplicate_key"),
        ('{"minimum": NaN}', "bad_number"),
        ('{"minimum": 1e400}', "bad_number"),
        ("[]", "bad_schema"),
        ('{"type": 5}', "bad_schema"),
        ('{"$ref": "http://127.0.0.1:1/x"}', "bad_schema"),
        ('{"pattern": "(a+)+$"}', "bad_schema"),
        ('{"pattern": "(a|aa)*b"}', "bad_schema"),
        ('{"pattern": "("}', "bad_schema"),
        ('{"patternProperties": {"(x*)*": {}}}', "bad_schema"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused(schema: str, code: str) -> None:
    assert [item[2] for item in found("configs/a.schema.json", schema)] == [code]


def test_a_new_schema_is_checked_against_the_config_that_is_there() -> None:
    problems = check_file("configs/a.schema.json", json.dumps(SCHEMA).encode(), read={"configs/a.yaml": b"rate: x"}.get)
    assert [(item.path, item.line, item.column) for item in problems] == [("configs/a.yaml", 1, 7)]


@pytest.mark.parametrize(
    ("front", "place"),
    [
        ("model: smollm", (2, 8, "model_form")),
        ("modle: local/x", (2, 1, "unknown_key")),
        ("model: [a]", (2, 8, "field_type")),
        ("config: 5", (2, 9, "field_type")),
        ("config:\n  temperature: 7", (3, 16, "setting")),
        ("config:\n  temperature: true", (3, 16, "setting")),
        ("config:\n  max_output_tokens: 1.5", (3, 22, "setting")),
        ("input:\n  schema:\n    a: strnig", (4, 8, "unknown_type")),
        ("input:\n  schema:\n    a(list): string", (4, 14, "unknown_type")),
        ("input:\n  schema:\n    a(enum): red", (4, 14, "bad_schema")),
        ("input:\n  schema: 5", (3, 11, "bad_schema")),
        ("input:\n  schema:\n    type: string\n    text: string", (4, 5, "input_schema")),
        ("input:\n  schema:\n    a: string\n  default:\n    b: x", (6, 8, "default_unknown")),
        ("input:\n  schema:\n    a: string\n  default:\n    a: 5", (6, 8, "default_type")),
        ("variorum.adapter: ../x", (2, 19, "adapter_path")),
        ("variorum.adapter: prompts/x", (2, 19, "adapter_path")),
        ("variorum.adapter: adapters/none", (2, 19, "missing_adapter")),
        ("- a", (2, 1, "front_matter")),
        ("a: &x 1", (2, 4, "alias")),
    ],
)
def test_faults_of_the_front_matter_have_their_place(front: str, place: tuple[int, int, str]) -> None:
    assert prompt(front) == [place]


def test_a_front_matter_that_is_not_closed_is_a_problem() -> None:
    assert found("prompts/a.prompt", "---\nmodel: a/b\n") == [(1, 1, "open_front_matter")]
    assert found("prompts/a.prompt", "---") == [(1, 1, "open_front_matter")]


SCHEMA_FRONT = """input:
  schema:
    name: string
    items(array):
      sku: string
      count: integer
    user?(object):
      email: string
    flags(array): string"""


@pytest.mark.parametrize(
    ("template", "unknown"),
    [
        ("{{name}} {{nmae}}", (12, 12)),
        ("{{#each items}}{{sku}}{{../name}}{{/each}}", None),
        ("{{#each items}}\n{{name}}{{/each}}", (13, 3)),
        ("{{#each items as |item|}}{{item.sku}}{{item.price}}{{/each}}", (12, 40)),
        ("{{#with user}}{{email}}{{@root.name}}{{/with}}", None),
        ("{{#with user}}{{mail}}{{/with}}", (12, 17)),
        ("{{#if user}}{{user.mail}}{{/if}}", (12, 15)),
        ("{{#each flags}}{{this}}{{@index}}{{/each}}", None),
        ("{{json oops}}", (12, 8)),
        ("{{#user}}{{email}}{{/user}}", None),
        ("{{@root.oops}}", (12, 3)),
        ("{{lookup items 0}}{{items.[0].sku}}{{items.[0].pirce}}", (12, 38)),
        ("{{#if (lookup names 1)}}{{/if}}", (12, 15)),
    ],
)
def test_a_variable_that_the_schema_does_not_have_is_found(template: str, unknown: tuple[int, int] | None) -> None:
    expected = [] if unknown is None else [(*unknown, "unknown_variable")]
    assert prompt(SCHEMA_FRONT, template) == expected


def test_partials_and_adapters_are_looked_for_in_the_commit() -> None:
    assert prompt("model: a/b", "{{> tone}}") == [(4, 5, "missing_partial")]
    assert prompt("model: a/b", "{{> tone}}", **{"prompts/_tone.prompt": "kindly"}) == []
    assert prompt("model: a/b", "{{> tone}}", **{"prompts/_tone.prompt": "{{#if}}"}) == [(4, 5, "unclosed_block")]
    assert prompt("a.b: 1", '{{#*inline "x"}}{{/inline}}{{> x}}') == []
    assert prompt("variorum.adapter: adapters/a/", **{"adapters/a/adapter_config.json": "{}"}) == []
    assert check_file("prompts/a.prompt", b"---\nvariorum.adapter: adapters/a\n---\n{{> tone}}") == []


def test_an_adapter_needs_its_config_its_weights_and_a_card_that_is_a_mapping() -> None:
    folder = "adapters/a/"
    pointer = print_pointer("a" * 64, 10)
    good = json.dumps(CONFIG)
    assert found(folder + "adapter_config.json", good, **{folder + "adapter_model.safetensors": pointer}) == []
    assert found(folder + "adapter_config.json", good) == [(1, 1, "half_adapter")]
    assert found(folder + "adapter_model.safetensors", pointer, **{folder + "adapter_config.json": good}) == []
    assert found(folder + "adapter_model.safetensors", b"\x00\x01weights" * 9999) == [(1, 1, "not_lfs")]
    assert found(folder + "card.yaml", "rank: 8") == []
    assert found(folder + "card.yaml", "- 8") == [(1, 1, "card")]
    bad = '{\n "peft_type": "IA3",\n "r": true,\n "target_modules": []\n}'
    assert found(folder + "adapter_config.json", bad) == [
        (2, 2, "adapter_config"),
        (3, 2, "adapter_config"),
        (4, 2, "adapter_config"),
        (1, 1, "adapter_config"),
    ]


def test_suites_and_docs_and_others() -> None:
    assert found("suites/a.yaml", "prompt: prompts/a.prompt") == []
    assert found("suites/a.yaml", "- a") == [(1, 1, "suite")]
    assert found("README.md", "# anything\n{{#if") == []
    assert found("main.py", "print(1)") == [(1, 1, "unknown_kind")]


def test_lfs_pointers_are_read_and_printed() -> None:
    content = print_pointer("0" * 64, 5)
    pointer = parse_pointer(content)
    assert pointer is not None
    assert (pointer.oid, pointer.size) == ("0" * 64, 5)
    for other in (
        b"",
        content + b"x",
        content.replace(b"v1", b"v2"),
        content.replace(b"5", b"-5"),
        content[:-1],
        b"a" * 5000,
    ):
        assert parse_pointer(other) is None
    with pytest.raises(ValueError):
        print_pointer("A" * 64, 5)


PATHS = ["prompts/a.prompt", "configs/a.yaml", "configs/a.schema.json", "suites/a.yaml", "adapters/a/card.yaml"]
PATHS += ["adapters/a/adapter_config.json", "adapters/a/adapter_model.safetensors", "README.md", "x"]


@settings(deadline=None)
@given(st.sampled_from(PATHS), st.binary() | st.text("{}[]:,-*&!|>'\"#%@`\n\t ab01.~<", max_size=30).map(str.encode))
def test_no_content_raises(path: str, content: bytes) -> None:
    read: Callable[[str], bytes | None] = lambda name: content  # noqa: E731
    for problem in check_file(path, content, read=read):
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.message.endswith((".", "…", ">"))


@settings(deadline=None)
@given(st.text())
def test_no_path_raises(path: str) -> None:
    assert isinstance(check_file(path, b""), list)
