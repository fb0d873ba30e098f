"""The next tag's name and notes, from what was merged since the last one."""

from typing import Any

import pytest

from tests.variorum.drafts.conftest import Team
from variorum.accounts.access import Actor
from variorum.drafts.naming import next_name
from variorum.repos import services as repository
from variorum.repos import tags

pytestmark = pytest.mark.django_db


def merged(team: Team, title: str, **files: Any) -> Any:
    draft = team.open(files={"README.md": f"{title}\n"}, title=title)
    team.approve("mia", draft)
    answer = team.merge("mia", draft)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_notes_name_the_drafts_merged_since_the_last_tag(team: Team, actor: Actor) -> None:
    first = merged(team, "Answer in one word")
    assert team.post("mia", "/tags", name="v1", notes="First").status_code == 201
    kinder, shorter = merged(team, "Be kinder"), merged(team, "Be shorter")
    repository.commit_files(
        project=team.project, ref="main", files={"README.md": b"by hand\n"}, message="Mend by hand", actor=actor,
        expected_head=team.main(),
    )  # fmt: skip
    answer = team.get("vera", "/next-tag").json()
    assert (answer["name"], answer["since"], answer["commit"], answer["beside"]) == ("v2", "v1", team.main(), 1)
    assert [draft["number"] for draft in answer["drafts"]] == [kinder["number"], shorter["number"]]
    assert answer["notes"].splitlines() == [
        f"- Be kinder (#{kinder['number']}, Eddie)",
        f"- Be shorter (#{shorter['number']}, Eddie)",
        f"- Mend by hand ({team.main()[:7]}, Olga)",
    ]
    early = team.get("vera", f"/next-tag?ref={first['merged_commit']}").json()
    assert (early["since"], early["notes"], early["drafts"], early["name"]) == ("v1", "", [], "v2")


@pytest.mark.parametrize(
    ("last", "taken", "expected"),
    [
        (None, set(), "v1"),
        ("v1", {"v1"}, "v2"),
        ("v1.9", {"v1.9", "v1.10"}, "v1.11"),
        ("v2.0-rc1", {"v2.0-rc1"}, "v2.0-rc2"),
        ("spring", {"spring"}, "spring-2"),
        ("2026-11-spring", {"2026-11-spring"}, "2026-12-spring"),
    ],
)
def test_next_names(last: str | None, taken: set[str], expected: str) -> None:
    assert next_name(last, taken) == expected
    assert tags.name_problem(expected) is None
