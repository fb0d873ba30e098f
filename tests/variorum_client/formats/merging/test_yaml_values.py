"""Texts and lists inside YAML: by sentence, by item, and never something that cannot be read."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from variorum_client.formats import parse_config, parse_prompt
from variorum_client.formats.merging import Merged, merge_file
from variorum_client.formats.merging.values import merge_values

CONFIG = "configs/desk.yaml"
BASE = """# The desk.
greeting: |  # said first
  Hello. We are here.
    - always

  Write to us. We answer.
note: "It's late. Come back. Bye."
tags:
  # the money
  - refund # often
  - repair
  - delivery
steps:
  - name: sort
    model: a/b
    # kept short
    limit: 3
  - name: answer
    model: c/d
langs: [en, de, fr]
"""


def merge(ours: str, theirs: str, base: str = BASE, path: str = CONFIG) -> Merged:
    return merge_file(path, base, ours, theirs)


def edited(*pairs: tuple[str, str]) -> str:
    text = BASE
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Hello.", "Good day."), ("We are here.", "We are there.")),
        (("Write to us.", "Write us."), ("    - always\n", "    - always\n    - ever\n")),
        (("Write to us. ", ""), ("Hello.", "Good day.")),
        (("It's late.", "It's early."), ("Bye.", "Ciao!")),
        (("  - repair\n", ""), ("  - delivery\n", "  - delivery\n  - invoice\n")),
        (("  - refund # often\n", "  - refund # rare\n"), ("  - repair\n", "")),
        (("  - repair\n", "  - mending\n"), ("  - delivery\n", "")),
        (("    model: a/b\n", "    model: a/z\n"), ("    limit: 3\n", "    limit: 4\n")),
        (("    # kept short\n", ""), ("    model: c/d\n", "    model: c/d\n  - name: check\n    model: e/f\n")),
        (("  - name: answer\n    model: c/d\n", ""), ("    limit: 3\n", "    limit: 4\n")),
        (("[en, de, fr]", "[de, fr]"), ("[en, de, fr]", "[en, de, fr, it]")),
    ],
)
def test_edits_of_different_sentences_and_items_merge(one: tuple[str, str], other: tuple[str, str]) -> None:
    wanted = edited(one, other) if one[0] != other[0] else BASE.replace("[en, de, fr]", "[de, fr, it]")
    for first, second in ((one, other), (other, one)):
        merged = merge(edited(first), edited(second))
        assert (merged.content, merged.problems) == (wanted, ())


@pytest.mark.parametrize(
    ("one", "other", "where"),
    [
        (("We are here.", "We are near."), ("We are here.", "We are far."), "greeting"),
        (("Come back.", "Return."), ("Come back.", "Stay."), "note"),
        (("  - repair\n", "  - mending\n"), ("  - repair\n", "  - fixing\n"), "tags"),
        (("  - repair\n  - delivery\n", "  - delivery\n  - repair\n"), ("  - repair\n", ""), "tags"),
        (("    limit: 3\n", "    limit: 4\n"), ("    limit: 3\n", "    limit: 5\n"), "steps.sort.limit"),
        (("  - name: answer\n    model: c/d\n", ""), ("    model: c/d\n", "    model: c/e\n"), "steps"),
        (("name: answer", "name: reply"), ("name: answer", "name: say"), "steps"),
    ],
)
def test_the_same_place_is_asked_about(one: tuple[str, str], other: tuple[str, str], where: str) -> None:
    merged = merge(edited(one), edited(other))
    assert [unit.where for unit in merged.conflicts] == [where]
    assert (merged.taking("ours"), merged.taking("theirs")) == (edited(one), edited(other))


def test_a_sentence_of_a_text_is_shown_with_its_lines_and_both() -> None:
    (unit,) = merge(edited(("Hello.", "Hi.")), edited(("Hello.", "Hey."), ("We answer.", "We reply."))).conflicts
    assert (unit.kind, unit.base, unit.ours, unit.theirs) == ("setting", "  Hello. ", "  Hi. ", "  Hey. ")
    assert (unit.our_lines, unit.both) == ((3, 3), None)


def test_a_document_that_is_closed_merges_by_key_too() -> None:
    """As printers write a last text that keeps its line ends: `|+`, and three dots."""
    base = "a: 1\nsteps:\n- id: a\n  v: 0\n"
    noted = "a: 1\nsteps:\n- id: a\n  v: 0\n  note: |+\n    Be kind.\n\n...\n"
    assert parse_config(merge(base.replace("a: 1", "a: 2"), noted, base).content or "").value == {
        "a": 2,
        "steps": [{"id": "a", "v": 0, "note": "Be kind.\n\n"}],
    }
    other = base.replace("id: a", "id: b")
    assert [unit.where for unit in merge(other, noted, base).conflicts] == ["steps"]
    assert [unit.where for unit in merge(noted, other, base).conflicts] == ["steps"]


def test_descriptions_of_a_prompt_merge_by_sentence() -> None:
    text = "---\ndescription: >-\n  Sorts mail. Very\n  fast.\nmodel: a/b\n---\nHi.\n"
    merged = merge(text.replace("Sorts", "Orders"), text.replace("  fast.", "  quick."), text, "prompts/a.prompt")
    assert merged.content == text.replace("Sorts", "Orders").replace("  fast.", "  quick.")
    assert parse_prompt(merged.content or "").front["description"] == "Orders mail. Very quick."


def test_json_lists_merge_alike() -> None:
    base: Any = {"required": ["a", "b", "c"], "examples": [{"id": 1, "x": 1}, {"id": 2, "x": 2}]}
    ours: Any = {"required": ["a", "c"], "examples": [{"id": 1, "x": 5}, {"id": 2, "x": 2}]}
    theirs: Any = {"required": ["a", "b", "c", "d"], "examples": [{"id": 1, "x": 1}, {"id": 2, "x": 2, "y": 3}]}
    texts = [json.dumps(each, indent=2) + "\n" for each in (base, ours, theirs)]
    merged = merge_file("configs/a.schema.json", *texts)
    wanted = {"required": ["a", "c", "d"], "examples": [{"id": 1, "x": 5}, {"id": 2, "x": 2, "y": 3}]}
    assert json.loads(merged.content or "") == wanted
    clash = merge_file("configs/a.schema.json", texts[0], texts[1], texts[0].replace('"x": 1', '"x": 7'))
    assert [unit.where for unit in clash.conflicts] == ["examples.1.x"]
    assert json.loads(clash.taking("theirs") or "")["examples"][0]["x"] == 7


words = st.sampled_from(["Be kind.", "Is it so?", "# not a comment", "key: value.", "- a dash!", "  deeper.", "Plain"])
texts = st.lists(st.tuples(words, st.sampled_from([" ", "\n", "\n\n"])), min_size=1, max_size=6).map(
    lambda pairs: "".join(word + gap for word, gap in pairs)
)
names = st.sampled_from(["a", "b", "c", "d", "yes", "1"])
items = st.lists(names, unique=True, max_size=5)
mapped = st.dictionaries(names, st.fixed_dictionaries({"v": st.integers(0, 2)}, optional={"note": texts}), max_size=4)
steps = mapped.map(lambda each: [{"id": key, **rest} for key, rest in each.items()])
desks = st.fixed_dictionaries({"text": texts, "tags": items, "steps": steps})


def printed(value: Any, style: str) -> str:
    class Dumper(yaml.SafeDumper):
        pass

    def write(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style if "\n" in text else None)

    Dumper.add_representer(str, write)
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, width=1000)


@given(desks, desks, desks, st.sampled_from(["|", ">", '"']), st.data())
@settings(max_examples=150, deadline=None)
def test_any_decision_can_be_read_and_sides_may_be_swapped(
    base: Any, ours: Any, theirs: Any, style: str, data: st.DataObject
) -> None:
    sources = [printed(each, style) for each in (base, ours, theirs)]
    for source, value in zip(sources, (base, ours, theirs), strict=True):
        assert parse_config(source).value == value
        assert parse_config(printed(parse_config(source).value, style)).value == value
    merged = merge_file(CONFIG, *sources)
    picks = data.draw(st.lists(st.sampled_from(["base", "ours", "theirs"]), min_size=9, max_size=9)) * 9
    texts = {unit.number: getattr(unit, pick) for unit, pick in zip(merged.conflicts, picks, strict=False)}
    outcome = parse_config(merged.resolved(texts) or "").value
    parse_config(merged.resolved({unit.number: unit.both or unit.ours for unit in merged.conflicts}) or "")
    assert not isinstance(outcome, dict) or outcome.keys() <= {"text", "tags", "steps"}
    swapped = merge_file(CONFIG, sources[0], sources[2], sources[1])
    assert swapped.content == merged.content
    assert len(swapped.conflicts) == len(merged.conflicts)
    if merged.content is not None:
        without = [{key: each[key] for key in ("tags", "steps")} for each in (base, ours, theirs)]
        expected = merge_values(*without)
        assert not [hole for hole in expected.holes if hole.path[-1:] != ("note",)]


@given(st.lists(st.sampled_from(["ours", "theirs", ""]), min_size=3, max_size=8), st.sampled_from(["|", ">", "'"]))
@settings(max_examples=60, deadline=None)
def test_disjoint_edits_of_one_text_and_one_list_are_both_applied(owners: list[str], style: str) -> None:
    """Each sentence and item has an owner, who rewrites it."""

    def source(*sides: str) -> str:
        done = [f"New {at}." if owner in sides else f"Old {at}." for at, owner in enumerate(owners)]
        gaps = ["\n" if at % 3 == 2 and style != "'" else " " for at in range(len(done))]
        value = {
            "text": "".join(one + gap for one, gap in zip(done, gaps, strict=True)).rstrip() + "\n" * (style != "'"),
            "tags": done,
            "steps": [{"name": f"s{at}", "v": one} for at, one in enumerate(done)],
        }
        return printed(value, style)

    base, ours, theirs = source(), source("ours"), source("theirs")
    wanted = source("ours", "theirs")
    assert merge_file(CONFIG, base, ours, theirs).content == wanted
    assert merge_file(CONFIG, base, theirs, ours).content == wanted
