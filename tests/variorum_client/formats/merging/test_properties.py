"""What holds for every merge: hypothesis writes the prompts, the configs and the edits."""

import json
from typing import Any

import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from variorum_client.formats import FormatError, parse_config, parse_prompt, print_prompt
from variorum_client.formats.merging import Merged, merge_file
from variorum_client.formats.merging.values import Hole, Missing, merge_values

PATH = "prompts/p.prompt"
SIDES = ("base", "ours", "theirs")
KEYS = ["temperature", "top_p", "seed", "stop", "note"]
SENTENCES = ["Sort it.", "Be kind.", "Be short!", "Is it late?", "Name {{a}}.", "{{b}}", "Use {{#if a}}{{b}}{{/if}}."]
OPENINGS = ["", '{{role "system"}}\n', '{{role "user"}}\n', "{{history}}\n"]
WRAPS = [("", ""), ("{{#if a}}\n", "{{/if}}\n"), ("{{#each b}}\n", "{{else}}\nNone.\n{{/each}}\n")]

sentence = st.sampled_from(SENTENCES)
paragraph = st.builds(
    lambda opening, wrap, words, gap: opening + wrap[0] + gap.join(words) + "\n" + wrap[1],
    st.sampled_from(OPENINGS), st.sampled_from(WRAPS),
    st.lists(sentence, min_size=1, max_size=4), st.sampled_from([" ", "\n"]),
)  # fmt: skip
keys = st.sampled_from(KEYS)
scalar = st.one_of(st.integers(0, 3), st.booleans(), st.sampled_from(["x", "yes", "a: b", "1", "two\nlines\n", "# no"]))
front = st.fixed_dictionaries({}, optional={
    "model": st.sampled_from(["a/b", "c/d"]),
    "description": st.sampled_from(["One.", "Two.\nLines.\n"]),
    "config": st.dictionaries(keys, scalar, max_size=4),
    "metadata": st.dictionaries(keys, st.dictionaries(keys, scalar, max_size=2), max_size=2),
})  # fmt: skip


@st.composite
def prompts(draw: st.DrawFn) -> str:
    body = draw(st.sampled_from(["", "\n"])).join(draw(st.lists(paragraph, min_size=1, max_size=4)))
    head = draw(front)
    return (
        f"---\n{yaml.safe_dump(head, sort_keys=False) if head else ''}---\n{body}"
        if head or draw(st.booleans())
        else body
    )


def readable(text: str) -> bool:
    try:
        parse_prompt(text, PATH)
    except FormatError:
        return False
    return True


@given(prompts(), prompts(), prompts(), st.data())
@settings(max_examples=100, deadline=None)
def test_any_way_to_decide_the_conflicts_gives_a_prompt_that_can_be_read(
    base: str, ours: str, theirs: str, data: st.DataObject
) -> None:
    assume(all(map(readable, (base, ours, theirs))))
    merged = merge_file(PATH, base, ours, theirs)
    choices = data.draw(
        st.lists(st.sampled_from(SIDES), min_size=len(merged.conflicts), max_size=len(merged.conflicts))
    )
    texts = {unit.number: getattr(unit, side) for unit, side in zip(merged.conflicts, choices, strict=True)}
    parse_prompt(merged.resolved(texts) or "", PATH)
    parse_prompt(merged.resolved({unit.number: unit.both or unit.ours for unit in merged.conflicts}) or "", PATH)


@given(prompts(), prompts(), prompts())
@settings(max_examples=60, deadline=None)
def test_a_side_typed_again_without_its_end_gives_what_that_side_gives(base: str, ours: str, theirs: str) -> None:
    assume(all(map(readable, (base, ours, theirs))))
    merged = merge_file(PATH, base, ours, theirs)
    typed = {unit.number: unit.own((unit.theirs or "").rstrip(" \n")) for unit in merged.conflicts}
    again = {unit.number: unit.own(text) for unit, text in zip(merged.conflicts, typed.values(), strict=True)}
    assert (merged.resolved(typed), again) == (merged.taking("theirs"), typed)


@given(prompts(), prompts(), prompts())
@settings(max_examples=60, deadline=None)
def test_sides_may_be_swapped(base: str, ours: str, theirs: str) -> None:
    one, other = merge_file(PATH, base, ours, theirs), merge_file(PATH, base, theirs, ours)
    assert one.content == other.content
    assert [(unit.base, unit.ours, unit.theirs) for unit in one.conflicts] == [
        (unit.base, unit.theirs, unit.ours) for unit in other.conflicts
    ]


@given(prompts(), prompts())
def test_what_one_side_did_alone_or_both_did_alike_is_the_merge(base: str, side: str) -> None:
    for merged in (
        merge_file(PATH, base, side, base),
        merge_file(PATH, base, base, side),
        merge_file(PATH, base, side, side),
    ):
        assert merged == Merged((side,) if side else ())


@given(st.lists(st.sampled_from(SENTENCES[:5]), min_size=2, max_size=12), st.data())
@settings(max_examples=60, deadline=None)
def test_edits_of_different_sentences_and_settings_are_both_applied(words: list[str], data: st.DataObject) -> None:
    """Each sentence gets a number, so that no two are alike; each side rewrites, one removes a setting."""
    lines = [f"{word[:-1]} {number}{word[-1]}" for number, word in enumerate(words)]
    gaps = data.draw(st.lists(st.sampled_from([" ", "\n", "\n\n"]), min_size=len(lines), max_size=len(lines)))
    owners = data.draw(st.lists(st.sampled_from(["ours", "theirs", ""]), min_size=len(lines), max_size=len(lines)))

    def source(*sides: str) -> str:
        body = [
            f"New {number}." if owner in sides else line
            for number, (line, owner) in enumerate(zip(lines, owners, strict=True))
        ]
        setting = "0.5 # warm" if "ours" in sides else "0 # warm"
        rest = "" if "theirs" in sides else "  seed: 7\n"
        return f"---\nconfig:\n  temperature: {setting}\n{rest}  top_p: 1\n---\n" + "".join(
            line + gap for line, gap in zip(body, gaps, strict=True)
        ).rstrip() + "\n"  # fmt: skip

    base, ours, theirs = source(), source("ours"), source("theirs")
    wanted = source("ours", "theirs")
    assert merge_file(PATH, base, ours, theirs).content == wanted
    assert merge_file(PATH, base, theirs, ours).content == wanted


config = st.recursive(
    scalar | st.none(),
    lambda inner: st.dictionaries(keys, inner, max_size=4) | st.lists(inner, max_size=3),
    max_leaves=12,
)  # fmt: skip
configs = st.dictionaries(keys, config, min_size=1, max_size=5)


@given(configs, configs, configs, st.booleans())
@settings(max_examples=100, deadline=None)
def test_configs_merge_as_their_values_do(base: Any, ours: Any, theirs: Any, flow: bool) -> None:
    """The text that comes out says what merging the plain values gives; conflicts may be larger, never fewer."""
    texts = [
        yaml.safe_dump(each, sort_keys=False, default_flow_style=True if flow else None)
        for each in (base, ours, theirs)
    ]
    merged = merge_file("configs/c.yaml", *texts)
    expected = merge_values(base, ours, theirs)
    if merged.content is not None:
        assert not expected.holes
        assert _without_empty(parse_config(merged.content).value) == _without_empty(expected.value)
    for side in SIDES:
        parse_config(merged.taking(side) or "")


@given(configs, configs, configs)
@settings(max_examples=60, deadline=None)
def test_json_merges_as_its_values_do(base: Any, ours: Any, theirs: Any) -> None:
    texts = [json.dumps(each, indent=2) + "\n" for each in (base, ours, theirs)]
    merged = merge_file("configs/c.schema.json", *texts)
    expected = merge_values(base, ours, theirs)
    if not merged.conflicts:
        assert json.loads(merged.content or "") == expected.value
        assert not isinstance(expected.value, Hole | Missing)
    for side in SIDES:
        json.loads(merged.taking(side) or "")


@given(prompts())
def test_parse_print_parse_is_the_identity_for_prompts(text: str) -> None:
    assume(readable(text))
    prompt = parse_prompt(text, PATH)
    again = parse_prompt(print_prompt(prompt), PATH)
    assert (again, again.front, again.template) == (prompt, prompt.front, prompt.template)


@given(configs)
def test_parse_print_parse_is_the_identity_for_configs(value: Any) -> None:
    text = yaml.safe_dump(value, sort_keys=False)
    assert parse_config(text).value == value
    assert parse_config(yaml.safe_dump(parse_config(text).value, sort_keys=False)).value == value


def _without_empty(value: Any) -> Any:
    """A mapping that lost its last key in a merge is dropped with its key."""
    if not isinstance(value, dict):
        return value
    inner = {key: _without_empty(each) for key, each in value.items()}
    return {key: each for key, each in inner.items() if each not in ({}, None)}
