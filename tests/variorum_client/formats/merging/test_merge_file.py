"""What merges, what is a conflict, and how a conflict reads."""

import pytest

from variorum_client.formats import parse_prompt
from variorum_client.formats.merging import Merged, Unit, merge_file

PATH = "prompts/triage.prompt"
BASE = """---
# Triage of the help desk.

model: local/smollm2-135m
config:
  temperature: 0 # exact
  # no long answers
  max_output_tokens: 20
input:
  schema:
    message: string, what was written
    language: string
---
{{role "system"}}
Sort the message. Be kind. Be short.

{{#if language}}
Answer in {{language}}. Do not mix languages.
{{/if}}

{{role "user"}}
{{message}}
"""


def merge(ours: str, theirs: str, base: str = BASE, path: str = PATH) -> Merged:
    return merge_file(path, base, ours, theirs)


def edited(*pairs: tuple[str, str], base: str = BASE) -> str:
    for old, new in pairs:
        assert base.count(old) == 1, old
        base = base.replace(old, new)
    return base


def only(merged: Merged) -> Unit:
    (unit,) = merged.conflicts
    return unit


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("temperature: 0", "temperature: 0.4"), ("max_output_tokens: 20", "max_output_tokens: 40")),
        (("temperature: 0 #", "temperature: 0.4 #"), ("# exact", "# exactly")),
        (("Be kind.", "Be very kind."), ("Be short.", "Be brief.")),
        (("Sort the message.", "Label the message."), ("Answer in {{language}}.", "Reply in {{language}}.")),
        (("local/smollm2-135m", "local/other"), ("  language: string", "  language?: string, two letters")),
        (("    language: string\n", "    language: string\n    tone?: string\n"), ("Be kind.", "Be kind and warm.")),
        (("message: string,", "message?: string,"), ("what was written", "what the customer wrote")),
        (("# no long answers", "# no very long answers"), ("max_output_tokens: 20", "max_output_tokens: 40")),
        (("{{message}}\n", "{{message}}\n\nOne word.\n"), ("Be short.", "Be brief.")),
        (('{{role "user"}}\n', '{{history}}\n{{role "user"}}\n'), ("Do not mix languages.", "Do not mix them.")),
        (("# Triage of the help desk.", "# Triage of our help desk."), ("  # no long answers\n", "")),
        (("  temperature: 0 # exact\n", ""), ("  max_output_tokens: 20\n", "")),
    ],
)  # fmt: skip
def test_edits_of_different_places_merge(one: tuple[str, str], other: tuple[str, str]) -> None:
    wanted = edited(one, other).replace("config:\n  # no long answers\ninput", "  # no long answers\ninput")
    for first, second in ((one, other), (other, one)):
        merged = merge(edited(first), edited(second))
        assert (merged.content, merged.problems) == (wanted, ())


def test_a_setting_that_both_changed_is_one_conflict_with_its_place() -> None:
    merged = merge(edited(("temperature: 0", "temperature: 0.4")), edited(("temperature: 0", "temperature: 1")))
    unit = only(merged)
    assert (unit.kind, unit.where, unit.base_lines, unit.our_lines, unit.both) == (
        "setting", "config.temperature", (6, 6), (6, 6), None,
    )  # fmt: skip
    assert (unit.base, unit.ours, unit.theirs) == tuple(
        f"  temperature: {value} # exact\n" for value in ("0", "0.4", "1")
    )
    assert merged.content is None
    assert merged.taking("theirs") == edited(("temperature: 0", "temperature: 1"))


def test_a_sentence_that_both_changed_names_its_message_and_takes_both() -> None:
    merged = merge(edited(("Be kind.", "Be funny.")), edited(("Be kind.", "Be very kind."), ("Be short.", "Be brief.")))
    unit = only(merged)
    assert (unit.kind, unit.where, unit.their_lines) == ("text", "system 1", (15, 15))
    assert (unit.base, unit.ours, unit.theirs) == ("Be kind. ", "Be funny. ", "Be very kind. ")
    assert merged.resolved({1: unit.both}) == edited(("Be kind. Be short.", "Be funny. Be very kind. Be brief."))


def test_removed_here_and_changed_there_is_a_conflict() -> None:
    unit = only(merge(edited(("  temperature: 0 # exact\n", "")), edited(("temperature: 0", "temperature: 1"))))
    assert (unit.where, unit.ours, unit.theirs) == ("config.temperature", None, "  temperature: 1 # exact\n")
    assert unit.our_lines is None
    gone = only(merge_file(PATH, BASE, None, BASE + "More.\n"))
    assert (gone.kind, gone.ours, gone.theirs) == ("file", None, BASE + "More.\n")
    assert merge_file(PATH, BASE, None, BASE) == Merged((), gone=True)


def test_a_property_made_optional_and_reworded_is_one_property() -> None:
    ours, theirs = (edited(("language: string", new)) for new in ("language?: string, ISO", "language: string, two"))
    unit = only(merge(ours, theirs))
    assert (unit.where, unit.ours, unit.theirs) == (
        "input.schema.language", "    language?: string, ISO\n", "    language: string, two\n",
    )  # fmt: skip


def test_a_schema_written_anew_in_another_language_is_not_mixed() -> None:
    written = "    type: object\n    properties:\n      message: {type: string}\n      language: {type: string}\n"
    ours = edited(("    message: string, what was written\n    language: string\n", written))
    unit = only(merge(ours, edited(("    language: string\n", "    language: string\n    tone?: string\n"))))
    assert unit.where == "input.schema"


def test_blocks_are_never_torn() -> None:
    ours = edited(("{{#if language}}\n", ""), ("{{/if}}\n", ""))
    theirs = edited(("Do not mix languages.\n", "Do not mix languages.\n{{else}}\nAnswer in English.\n"))
    unit = only(merge(ours, theirs))
    assert (unit.base or "").startswith("{{#if language}}\n")
    assert (unit.theirs or "").rstrip().endswith("{{/if}}")
    for side in ("base", "ours", "theirs"):
        parse_prompt(merge(ours, theirs).taking(side) or "")


def test_a_sum_that_makes_no_sense_is_said() -> None:
    """One side drops a variable, the other goes on using it: each is fit, their sum is not."""
    ours = edited(
        ("    language: string\n", ""),
        ("{{#if language}}\nAnswer in {{language}}. Do not mix languages.\n{{/if}}\n\n", ""),
    )
    merged = merge(ours, edited(("Sort the message.", "Sort the {{language}} message.")))
    assert merged.content is not None
    assert [problem.code for problem in merged.problems] == ["unknown_variable"]


def test_lists_to_which_both_only_add_are_united() -> None:
    base = "labels:\n  - refund # money\n  - repair\nlimits: {a: 1, b: 2}\ntags: [x]\n"
    ours = base.replace("  - repair\n", "  - repair\n  - delivery\n").replace("a: 1", "a: 3").replace("[x]", "[x, y]")
    theirs = (
        base.replace("  - repair\n", "  - repair\n  - invoice\n  - delivery\n")
        .replace("b: 2", "b: 4")
        .replace("[x]", "[w, x]")
    )
    wanted = (
        "labels:\n  - refund # money\n  - repair\n  - delivery\n  - invoice\nlimits: {a: 3, b: 4}\ntags: [w, x, y]\n"
    )
    assert merge(ours, theirs, base, "configs/desk.yaml").content == wanted
    assert merge(theirs, ours, base, "configs/desk.yaml").content == wanted


def test_json_merges_by_key_in_its_own_indentation() -> None:
    base = '{\n    "type": "object",\n    "properties": {\n        "a": {\n            "type": "string"\n'
    base += "        }\n    }\n}\n"
    ours = base.replace('"object",', '"object",\n    "additionalProperties": false,')
    theirs = base.replace('"type": "string"', '"type": "string",\n            "maxLength": 9')
    path = "configs/desk.schema.json"
    assert merge(ours, theirs, base, path).content == ours.replace(
        '"type": "string"', '"type": "string",\n            "maxLength": 9'
    )
    clash = merge(base.replace("string", "integer"), base.replace("string", "number"), base, path)
    unit = only(clash)
    assert (unit.where, unit.ours, unit.theirs, unit.our_lines) == (
        "properties.a.type",
        '"integer"',
        '"number"',
        (5, 5),
    )
    assert clash.taking("ours") == base.replace("string", "integer")


def test_running_text_merges_by_sentence_and_rules_by_line() -> None:
    base = "# Desk\n\nWe answer. We are kind.\n"
    assert merge(
        "# Desk\n\nWe answer fast. We are kind.\n", "# Desk\n\nWe answer. We are nice.\n", base, "README.md"
    ).content == ("# Desk\n\nWe answer fast. We are nice.\n")
    both = merge("a @x\nb @y\n", "a @z\n", "a @x\n", "OWNERS")
    assert both.content == "a @z\nb @y\n"


def test_files_that_cannot_be_read_are_one_conflict_or_merge_by_line() -> None:
    broken = "---\nmodel: [\n---\nHello.\n"
    assert only(merge(broken + "A.\n", broken + "B.\n", broken)).kind == "text"
    assert merge("\0a", "\0b", "\0", "configs/x.yaml").conflicts
    assert only(merge("[1]", "{}", "[]", "configs/x.schema.json")).kind == "file"
    added = only(merge_file(PATH, None, "one\n", "two\n"))
    assert (added.kind, added.base, added.ours, added.theirs, added.both) == ("file", None, "one\n", "two\n", None)


def test_who_adds_at_the_same_place_is_asked() -> None:
    unit = only(merge(BASE + "Refund?\n", BASE + "Repair?\n"))
    assert (unit.base, unit.ours, unit.theirs, unit.both) == ("", "Refund?\n", "Repair?\n", "Refund?\nRepair?\n")
    new = ("{{message}}\n", "{{message}}\n")
    assert merge(edited(new) + "Same.\n", edited(new) + "Same.\n").content == BASE + "Same.\n"


def test_a_removed_message_against_a_changed_one_is_the_whole_message() -> None:
    base = '{{role "system"}}\nSort. Be kind.\n{{role "user"}}\n{{message}}\n'
    unit = only(merge('{{role "user"}}\n{{message}}\n', base.replace("kind", "nice"), base))
    assert (unit.kind, unit.where, unit.ours) == ("message", "system 1", "")
    assert unit.theirs == '{{role "system"}}\nSort. Be nice.\n'


def test_front_matter_added_by_one_side_and_text_changed_by_the_other() -> None:
    merged = merge("---\nmodel: a/b\n---\nHello there.\n", "Hello you.\n", "Hello there.\n")
    assert merged.content == "---\nmodel: a/b\n---\nHello you.\n"


@pytest.mark.parametrize("path", [PATH, "configs/a.yaml", "configs/a.schema.json", "README.md", "OWNERS", "odd.txt"])
def test_one_side_alone_is_taken_as_it_is(path: str) -> None:
    for text in ("", "x", "a: [1\n", BASE, "{{#if}}"):
        assert merge_file(path, BASE, text, BASE).content == text
        assert merge_file(path, BASE, BASE, text).content == text
        assert merge_file(path, BASE, text, text).content == text


CONFIG = "desk:\n  hours: 8\n  days: 5\nlabels:\n  - refund\n  - repair\nnote: End.\n"
ITEMS = "steps:\n  - name: sort\n    limit: 1\n  - name: answer\nnote: End.\n"


@pytest.mark.parametrize(
    ("path", "base", "old", "typed", "new"),
    [
        (PATH, BASE, "  # no long answers\n  max_output_tokens: 20", "  max_output_tokens: 60", ""),
        (PATH, BASE, "  # no long answers\n  max_output_tokens: 20", "max_output_tokens: 6", "  max_output_tokens: 6"),
        (PATH, BASE, "Be kind.", "Be truly kind.", ""),
        (PATH, BASE, "Be short.", "Be truly short.", ""),
        (PATH, BASE, "Do not mix languages.", "Do not mix them.", ""),
        ("configs/a.yaml", CONFIG, "  hours: 8", "  hours: 9", ""),
        ("configs/a.yaml", CONFIG, "  hours: 8", "hours: 9", "  hours: 9"),
        ("configs/a.yaml", CONFIG, "note: End.", "note: Over.", ""),
        ("configs/a.yaml", CONFIG, "labels:\n  - refund\n  - repair", "labels: []", ""),
        ("configs/a.yaml", ITEMS, "    limit: 1", "limit: 7", "    limit: 7"),
        ("configs/a.schema.json", '{\n  "type": "object",\n  "title": "A"\n}\n', '"object"', '"array"', ""),
        ("README.md", "We answer. We are kind.\n\nEnd.\n", "We are kind.", "We are nice.", ""),
        ("OWNERS", "a @x\nb @y\n", "a @x", "a @w", ""),
        ("README.md", "One.\n", "One.", "Two.", ""),
    ],
)  # fmt: skip
def test_ones_own_text_without_its_end_stays_apart_from_what_follows(
    path: str, base: str, old: str, typed: str, new: str
) -> None:
    """Somebody selects all that stands at a place, and types."""
    ours, theirs = (base.replace(old, f"{old[:-1]}{mark}{old[-1]}") for mark in "12")
    merged = merge(ours, theirs, base, path)
    unit = only(merged)
    own = unit.own(typed)
    assert merged.resolved({1: own}) == edited((old, new or typed), base=base)
    assert (unit.own(own), unit.own("")) == (own, "")


def test_ones_own_message_keeps_the_next_one_apart() -> None:
    base = '{{role "system"}}\nSort.\n\n{{role "user"}}\n{{message}}\n'
    merged = merge(base.replace("Sort", "Mark"), '{{role "user"}}\n{{message}}\n', base)
    own = only(merged).own('{{role "system"}}\nLabel.')
    assert merged.resolved({1: own}) == base.replace("Sort", "Label")
