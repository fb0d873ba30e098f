"""Ids, secrets, cursors, JSON."""

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from variorum.lib import crypto, ids, pagination
from variorum.lib.errors import Invalid
from variorum.lib.parsers import parse_json, too_deep

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON)
def test_what_python_writes_is_read_back(value):
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_parse_or_are_refused(body):
    try:
        parse_json(body)
    except Invalid as exc:
        assert exc.detail  # noqa: PT017  (either outcome is right)


def test_depth_counts_brackets_outside_of_texts():
    assert not too_deep(b'{"a": "' + b"[" * 500 + b'"}')
    assert not too_deep(b"[" * 100 + b"]" * 100)
    assert too_deep(b"[" * 101 + b"]" * 101)
    assert not too_deep(b"[[]," * 1 + b"[]," * 1000 + b"1]")


def test_uuid7_grows_and_tells_its_time():
    made = [ids.uuid7() for _ in range(100)]
    assert len(set(made)) == 100
    assert {value.version for value in made} == {7}
    moment = ids.uuid7_time(made[0])
    assert moment is not None
    assert abs(moment - datetime.now(tz=UTC)) < timedelta(seconds=5)
    assert ids.uuid7_time(uuid.uuid4()) is None


@given(st.text(max_size=200))
def test_a_slug_is_always_a_slug(text):
    assert ids.SLUG.match(ids.slugify(text))


def test_secrets_are_sealed_and_rotated(settings):
    settings.ENCRYPTION_KEYS = ["old key"]
    sealed = crypto.seal("sk-very-secret")
    assert "secret" not in sealed
    settings.ENCRYPTION_KEYS = ["new key", "old key"]
    assert crypto.unseal(sealed) == "sk-very-secret"
    settings.ENCRYPTION_KEYS = ["new key"]
    with pytest.raises(ValueError, match="VARIORUM_ENCRYPTION_KEYS"):
        crypto.unseal(sealed)


@given(st.text(max_size=50))
def test_foreign_cursors_are_refused_not_broken(raw):
    try:
        pagination.decode_cursor(raw)
    except Invalid as exc:
        assert exc.errors[0]["where"] == "cursor"  # noqa: PT017  (either outcome is right)
