"""Versions: frozen, named by content, quick to read at any place."""

import time

import pytest
from django.db import IntegrityError, transaction

from variorum.datasets import queries, services
from variorum.datasets.models import DatasetVersion
from variorum.datasets.rows import Row, Subset, content_hash
from variorum.lib.errors import Conflict, Invalid


def row(text: str, expected: str | None = "a", *tags: str) -> Row:
    return Row(input={"text": text}, expected=expected, tags=list(tags))


@pytest.fixture
def dataset(project, actor):
    return services.create_dataset(project=project, actor=actor, name="Customer messages")


def add(dataset, actor, rows, **extra):
    return services.add_version(dataset=dataset, rows=rows, actor=actor, source={"kind": "test"}, **extra)


def test_rows_come_back_as_they_went_in(dataset, actor):
    rows = [
        row("Grüße 👋", "x", "vip", "vip"),
        Row(input={"text": "a", "n": 1.5, "deep": {"b": [None]}}, expected=None, tags=[]),
    ]
    version = add(dataset, actor, rows)
    assert queries.rows(version) == [{**rows[0], "tags": ["vip"]}, rows[1]]
    assert (version.number, version.row_count, version.input_columns) == (1, 2, ["text", "n", "deep"])
    assert version.sha256 == content_hash(queries.iter_rows(version))


def test_the_same_rows_are_the_same_version(dataset, actor, project):
    first = add(dataset, actor, [row("one"), row("two")])
    again = add(dataset, actor, [{"tags": [], "expected": "a", "input": {"text": t}} for t in ("one", "two")])
    other = add(dataset, actor, [row("two"), row("one")])
    assert (again.pk, again.number) == (first.pk, 1)
    assert (other.number, queries.latest(dataset)) == (2, other)
    elsewhere = services.create_dataset(project=project, actor=actor, name="Copy")
    assert add(elsewhere, actor, queries.iter_rows(first)).sha256 == first.sha256


def test_a_version_is_frozen(dataset, actor):
    version = add(dataset, actor, [row("one")])
    with pytest.raises(IntegrityError), transaction.atomic():
        DatasetVersion.objects.filter(pk=version.pk).update(row_count=7)


@pytest.mark.parametrize("bad", [
    {"input": {}}, {"input": {"a": float("nan")}}, {"input": {"a": "\ud800"}}, {"input": {"a": "x\x00"}},
    {"text": "no"},
    {"input": {"a": 1}, "expected": 5}, {"input": {"a": 1}, "tags": "x"}, {"input": {"a": "x" * 1_000_001}}, [],
])  # fmt: skip
def test_a_bad_row_is_named_and_nothing_is_stored(dataset, actor, bad):
    with pytest.raises(Invalid) as caught:
        add(dataset, actor, [row("fine"), bad])
    assert caught.value.errors[0]["where"] == "rows[1]"
    assert not DatasetVersion.objects.exists()


def test_a_backslash_is_not_a_nul(dataset, actor):
    version = add(dataset, actor, [row("literally \\u0000")])
    assert queries.rows(version)[0]["input"]["text"] == "literally \\u0000"


def test_any_page_of_a_large_table_is_quick(dataset, actor):
    version = add(dataset, actor, (row(f"message number {n}", f"label {n % 77}") for n in range(100_000)))

    def seconds(offset: int) -> float:
        started = time.perf_counter()
        queries.rows(version, offset, 100)
        return time.perf_counter() - started

    page = queries.rows(version, 99_900, 100)
    assert [page[0]["input"]["text"], len(page)] == ["message number 99900", 100]
    assert min(seconds(99_900) for _ in range(3)) < 10 * min(seconds(0) for _ in range(3)) + 0.02
    assert list(queries.iter_at(version, [3, 5, 50_000, 99_999]))[3][1]["input"]["text"] == "message number 99999"
    found, total = queries.search(version, label="label 5", offset=10, limit=5)
    assert (total, found[0][0]) == (1299, 775)
    found, total = queries.search(version, text="NUMBER 4242")
    assert (found[0][0], total) == (4242, 11)


def test_rows_at_any_rising_positions(dataset, actor):
    version = add(dataset, actor, [row(f"m{n}") for n in range(600)])
    positions = [0, 1, 2, 255, 256, 257, 511, 512, 599]
    got = [(n, r["input"]["text"]) for n, r in queries.iter_at(version, [*positions, 700])]
    assert got == [(n, f"m{n}") for n in positions]


def test_appending_makes_a_successor(dataset, actor):
    first = add(dataset, actor, [row("one")], expected_column="intent")
    second = services.append_rows(dataset=dataset, rows=[row("two", "b")], actor=actor, source={"kind": "rows"})
    assert (second.number, second.parent, second.row_count, second.expected_column) == (2, first, 2, "intent")
    with pytest.raises(Conflict) as caught:
        services.append_rows(dataset=dataset, rows=[row("three")], actor=actor, base=first, source={"kind": "rows"})
    assert (caught.value.stable_code, caught.value.extra) == ("stale_version", {"latest": 2})


def test_subsets_are_the_same_every_time(dataset, actor):
    version = add(dataset, actor, [row(str(n), "abc"[n % 3]) for n in range(90)])
    assert queries.positions_of(version, Subset(labels=("a",), per_label=2)) == [0, 3]
    assert queries.positions_of(version, Subset(per_label=1)) == [0, 1, 2]
    drawn = queries.positions_of(version, Subset(limit=10, seed=4))
    assert drawn == sorted(set(drawn)) == queries.positions_of(version, Subset(limit=10, seed=4))
    assert drawn != queries.positions_of(version, Subset(limit=10, seed=5))
    assert len(queries.positions_of(version, Subset())) == 90


def test_profile(dataset, actor):
    rows = [
        row("hello", "greet", "t"),
        row("hello", "greet"),
        row("hello", "bye"),
        row("", "bye"),
        row("x", "bye"),
        row("y", "bye"),
    ]
    profile = add(dataset, actor, [*rows, Row(input={"other": 3}, expected="bye", tags=[]), row("y", "bye")]).profile
    assert profile["labels"] == [{"label": "bye", "count": 6}, {"label": "greet", "count": 2}]
    assert (profile["duplicates"], profile["contradictions"], profile["majority_rate"]) == (1, 1, 0.75)
    text, other = profile["columns"]
    assert (text["missing"], text["distinct"], text["length"]["max"], other["type"], other["missing"]) == (
        2,
        3,
        5,
        "number",
        7,
    )
