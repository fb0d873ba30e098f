"""Names that some system cannot check out, and names that some system takes for one."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from variorum_client.formats import check_name, check_names


@pytest.mark.parametrize(
    "path",
    [
        "prompts/aux.prompt", "prompts/con.prompt", "prompts/nul.v2.prompt", "prompts/COM1/x.prompt", "PRN",
        "adapters/Lpt9/card.yaml", "prompts/com¹.prompt", "prompts/LPT³/x.prompt", "prompts/con .prompt",
        "configs/CONIN$.yaml", "suites/nul/a/b.yaml",
    ],
)  # fmt: skip
def test_windows_own_names(path: str) -> None:
    found = check_name(path)
    assert found is not None
    assert (found.path, found.code) == (path, "reserved_name")
    assert check_names([path, "prompts/a.prompt"]) == [found]
    assert check_names([path], known=[{path}.__contains__]) == []


@pytest.mark.parametrize(
    "path", ["prompts/auxiliary.prompt", "prompts/a.aux", "prompts/com0.prompt", "prompts/com10", "prompts/con-v2/x"]
)
def test_names_that_only_look_like_them(path: str) -> None:
    assert check_name(path) is None


@pytest.mark.parametrize(
    ("one", "other", "named"),
    [
        ("prompts/Reply.prompt", "prompts/reply.prompt", ("prompts/Reply.prompt", "prompts/reply.prompt")),
        ("prompts/Desk/a.prompt", "prompts/desk/b.prompt", ("prompts/Desk", "prompts/desk")),
        ("prompts/Grüße.prompt", "prompts/GRÜSSE.prompt", ("prompts/GRÜSSE.prompt", "prompts/Grüße.prompt")),
        ("prompts/a", "prompts/A/x.prompt", ("prompts/A", "prompts/a")),
    ],
)
def test_two_names_that_are_one(one: str, other: str, named: tuple[str, str]) -> None:
    (found,) = check_names([one, other, "prompts/x.prompt"])
    assert found.code == "name_clash"
    assert found.message.startswith(f"'{named[0]}' and '{named[1]}' differ only in capital and small letters")
    assert check_names([one, other], known=[{*named}.__contains__]) == []  # both are there already
    assert [each.path for each in check_names([one, other], known=[{one, *_folders(one)}.__contains__])] == [other]


def _folders(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:number]) for number in range(1, len(parts))]


@given(st.sets(st.text("aAbBéÉ/", min_size=1, max_size=6), max_size=12))
def test_clashes_are_found_exactly_where_folding_loses_a_name(paths: set[str]) -> None:
    good = {path for path in paths if not path.startswith("/") and not path.endswith("/") and "//" not in path}
    nodes = good | {folder for path in good for folder in _folders(path)}
    folded = {unicodedata.normalize("NFC", node.casefold()) for node in nodes}
    assert bool(check_names(good)) == (len(folded) < len(nodes))


def test_ten_thousand_files_take_a_moment() -> None:
    paths = [f"prompts/{number % 100}/{number}.prompt" for number in range(10_000)]
    start = time.process_time()
    assert check_names(paths) == []
    assert time.process_time() - start < 1.0
