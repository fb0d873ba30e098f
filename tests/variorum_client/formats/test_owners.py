"""OWNERS: the patterns of CODEOWNERS, the last match wins, faults with their line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from variorum_client.formats import check_file, parse_owners, pattern_fault, pattern_matches, rule_for

# From GitHub's own page on CODEOWNERS, and the corners around it.
PATTERNS = [
    ("*", "a/b.txt", True), ("*.js", "x/y.js", True), ("*.js", "x/y.jsx", False),
    ("/build/logs/", "build/logs/a/b", True), ("/build/logs/", "x/build/logs/a", False),
    ("docs/*", "docs/a.md", True), ("docs/*", "docs/b/a.md", False), ("docs/*", "x/docs/a.md", False),
    ("apps/", "x/apps/y", True), ("apps/", "apps", False), ("/docs/", "docs/x/y", True),
    ("/apps/github", "apps/github", True), ("/apps/github", "apps/github/x", True),
    ("**/logs", "build/logs", True), ("**/logs", "logs/x", True), ("**/logs", "a/b/logs/x", True),
    ("prompts/**", "prompts/a/b", True), ("prompts/**", "prompts", False),
    ("prompts/*.prompt", "prompts/a.prompt", True), ("prompts/*.prompt", "prompts/x/a.prompt", False),
    ("a/**/b", "a/b", True), ("a/**/b", "a/x/y/b", True), ("a/**/b", "x/a/b", False),
    ("file\\ one", "file one", True), ("\\#x", "#x", True), ("\\[x\\]", "[x]", True), ("t?iage", "triage", True),
    ("/*", "x", True), ("/*", "x/y", False), ("triage.prompt", "prompts/triage.prompt", True),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "path", "covered"), PATTERNS)
def test_patterns(pattern: str, path: str, covered: bool) -> None:
    assert pattern_matches(pattern, path) is covered


def test_the_last_rule_that_matches_wins_and_an_empty_one_takes_away() -> None:
    text = b"* @maintainers # all\n\n# law\n/prompts/legal/ @Lena eva@example.org\n/prompts/legal/open.prompt\n"
    rules, problems = parse_owners(text)
    assert problems == []

    def owners(path: str) -> tuple[str, ...]:
        found = rule_for(rules, path)
        assert found is not None
        return found.owners

    assert owners("configs/a.yaml") == ("maintainers",)
    assert owners("prompts/legal/terms.prompt") == ("lena", "eva@example.org")
    assert owners("prompts/legal/open.prompt") == ()
    assert rule_for(rules[1:], "configs/a.yaml") is None


def test_faults_name_their_place_and_never_free_a_path() -> None:
    rules, problems = parse_owners(b"[a].prompt @x\n!b @x\n/c/ nobody @d\n")
    assert [(p.line, p.column, p.code) for p in problems] == [
        (1, 1, "owners_pattern"), (2, 1, "owners_pattern"), (3, 5, "owners_owner"),
    ]  # fmt: skip
    assert [(rule.pattern, rule.owners) for rule in rules] == [("/c/", ("d", "?"))]
    assert [problem.code for problem in check_file("OWNERS", b"/c/ nobody\n")] == ["owners_owner"]
    assert [problem.code for problem in check_file("OWNERS", b"\xff")] == ["not_utf8"]
    assert pattern_fault("two words") is not None


@given(st.text(alphabet="ab*?/\\ #", max_size=30), st.lists(st.sampled_from("ab"), min_size=1, max_size=6))
def test_any_pattern_is_refused_or_answers(pattern: str, names: list[str]) -> None:
    if pattern_fault(pattern) is None:
        assert pattern_matches(pattern.strip(), "/".join(names)) in (True, False)


@given(st.lists(st.text(alphabet="abc", min_size=1, max_size=3), min_size=1, max_size=5))
def test_a_path_is_covered_by_itself_by_its_folder_and_by_the_star(names: list[str]) -> None:
    path = "/".join(names)
    for pattern in ("*", f"/{path}", names[-1], "**", f"/{names[0]}" + ("/" if names[1:] else "")):
        assert pattern_matches(pattern, path)
