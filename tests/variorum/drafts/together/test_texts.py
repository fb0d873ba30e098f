"""Two people in one file: nothing typed is lost, one commit names both, and what is unfit is refused whole."""

import time
from typing import Any

import pytest
from django.utils import timezone

from tests.variorum.drafts.together.conftest import PATH, b64
from variorum.drafts.models import SharedText
from variorum.drafts.together import texts
from variorum.drafts.together.document import Document
from variorum.repos import queries

pytestmark = pytest.mark.django_db


def test_two_write_and_one_saves_with_the_other_in_the_trailer(team: Any, draft: Any, editor: Any) -> None:
    eddie, mia = editor("eddie"), editor("mia")
    assert eddie.id == mia.id
    eddie.type("Be short.", "Be short and clear 😀.")
    mia.type("Answer with one word.", "Answer with one kind word.")
    for page in (eddie, mia):
        page.pull()
    whole = team.text(PATH, draft["head_commit"])
    whole = whole.replace("Be short.", "Be short and clear 😀.").replace("one word", "one kind word")
    assert eddie.text == mia.text == whole
    assert eddie.unsaved() == [(PATH, ["Eddie", "Mia"])]
    saved = mia.save(message="Kinder words")
    assert saved.status_code == 200, saved.content
    head = saved.json()["head_commit"]
    info = queries.commit_info(team.project, head)
    assert (info.author_name, info.subject) == ("Mia", "Kinder words")
    assert info.body == "Co-authored-by: Eddie <eddie@example.org>"
    assert team.text(PATH, head) == whole
    assert eddie.unsaved() == []
    assert mia.save().json()["code"] == "nothing_to_save"
    eddie.type("clear", "crisp")
    assert eddie.save().status_code == 200
    info = queries.commit_info(team.project, team.show(draft)["head_commit"])
    assert (info.subject, info.body) == (f"Edit {PATH}", "")


def test_only_those_are_named_whose_words_are_in_it(team: Any, editor: Any) -> None:
    eddie, mia, olga = editor("eddie"), editor("mia"), editor("olga")
    mia.type("", "Hm ")
    mia.type("Hm ", "")
    eddie.pull()
    eddie.type("Be short.", "Be brief.")
    olga.type("Answer with one word.\n", "")  # took words away: an author, too
    assert eddie.unsaved() == [(PATH, ["Eddie", "Olga"])]


def test_a_save_past_the_pages_is_merged_into_what_they_write(team: Any, draft: Any, editor: Any) -> None:
    eddie = editor("eddie")
    eddie.type("Be short.", "Be short, please.")
    theirs = team.text(PATH, draft["head_commit"]).replace("Sort the", "Do sort this")
    assert team.save("mia", draft, {PATH: theirs}).status_code == 200
    saved = eddie.save()
    assert saved.status_code == 200
    eddie.pull()
    whole = theirs.replace("Be short.", "Be short, please.")
    assert eddie.text == whole == team.text(PATH, saved.json()["head_commit"])
    assert queries.commit_info(team.project, saved.json()["head_commit"]).body == ""


def test_a_save_that_was_killed_before_it_was_noted_doubles_nothing(
    team: Any, draft: Any, editor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from variorum.drafts.together import saving

    eddie = editor("eddie")
    eddie.type("Be short.", "Be short, please.")

    def killed(**_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(saving, "settle", killed)
        with pytest.raises(SystemExit):
            eddie.save()
    theirs = team.text(PATH, team.row(draft).head_commit) + "\nBye.\n"
    assert team.save("mia", team.show(draft), {PATH: theirs}).status_code == 200
    eddie.type("please", "please, please")
    again = editor("mia")
    eddie.pull()
    assert again.text == eddie.text
    assert again.text.count("please") == 2
    assert again.unsaved() == [(PATH, ["Eddie"])]
    assert eddie.save().status_code == 200
    assert team.text(PATH, team.show(draft)["head_commit"]) == eddie.text


def test_a_new_file_a_deleted_one_and_second_thoughts(team: Any, draft: Any, editor: Any) -> None:
    eddie, mia = (
        editor("eddie", "prompts/README.md", content="# Hi\r\n"),
        editor("mia", "prompts/README.md", content="# Other"),
    )
    assert eddie.text == mia.text == "# Hi\n"
    mia.type("Hi", "Hi all")
    prompt = editor("eddie")
    at = f"/drafts/1/texts/{prompt.id}"
    assert team.post("eddie", at, deleted=True).status_code == 200
    assert sorted(mia.unsaved()) == [("prompts/README.md", ["Eddie", "Mia"]), (PATH, [])]
    assert team.post("eddie", at, deleted=False).status_code == 200
    saved = mia.save(paths=["prompts/README.md"]).json()
    assert team.text("prompts/README.md", saved["head_commit"]) == "# Hi all\n"
    prompt.type("Be short.", "Be very short.")
    gone = team.post("mia", "/drafts/1/texts/discard", paths=[PATH])
    assert (gone.status_code, gone.json()["items"]) == (200, [])
    prompt.pull()
    assert prompt.text == team.text(PATH, saved["head_commit"])
    assert team.post("eddie", at, deleted=True).status_code == 200
    after = mia.save().json()
    names = [entry.path for entry in queries.list_files(team.project, after["head_commit"])]
    assert [name for name in names if name.startswith("prompts/")] == ["prompts/README.md"]
    assert not SharedText.objects.filter(path=PATH).exists()
    assert prompt.send(prompt.edit("Be", "Do be")).json()["code"] == "text_gone"


def test_edits_are_stored_once_and_in_ones_own_name(team: Any, draft: Any, editor: Any) -> None:
    eddie, mia = editor("eddie"), editor("mia")
    first, second = eddie.edit("Be short.", "Be brief."), eddie.edit("brief", "as brief as can be")
    behind = eddie.send(second)
    assert (behind.status_code, behind.json()["code"]) == (409, "behind")
    assert [eddie.send(first).json()["seq"] for _ in range(3)] == [1, 1, 1]
    assert eddie.send(second).json()["seq"] == 2
    forged = Document(mia.mine.state(), client=eddie.mine.client)
    forged.apply(eddie.mine.state())
    refused = mia.send(forged.become("Written in the name of Eddie"))
    assert (refused.status_code, refused.json()["code"]) == (403, "not_yours")
    mia.pull()
    assert mia.text == eddie.text


def test_many_edits_are_folded_into_one_state(editor: Any) -> None:
    eddie = editor("eddie")
    for number in range(texts.TAIL + 5):
        eddie.type("one word", f"{number} one word")
    shared = SharedText.objects.get()
    assert (shared.seq, shared.merged, shared.updates.count()) == (texts.TAIL + 5, texts.TAIL + 1, 4)
    assert editor("mia").text == eddie.text


@pytest.mark.parametrize(
    ("update", "status", "code"),
    [
        ("AA==", 422, "bad_update"),
        ("not base64!", 400, "bad_base64"),
        (b64(b"\x01\x01\x07\x00\x04\x01\x04text\x02\xff\xfe\x00"), 422, "bad_update"),  # not UTF-8
        (b64(b"\x01\x01\x07\x00\x04\x01\x05other\x01a\x00"), 422, "bad_update"),  # not the text
        (b64(b"\x01\x01\x07\x00\x08\x01\x04text\x01\x77\x01a\x00"), 422, "bad_update"),  # not a string
        (b64(b"\x01\x01\x07\x00\x04\x01\x04text\x02\r\n\x00"), 422, "bad_update"),
        (b64(b"\xff" * 20), 422, "bad_update"),
        (b64(b"\x01\x01\x07\x00\x04\x01\x04text\x01a\x00\x00"), 422, "bad_update"),  # more behind the end
    ],
)
def test_what_is_not_an_edit_of_the_text_is_refused(editor: Any, update: str, status: int, code: str) -> None:
    eddie = editor("eddie")
    answer = eddie.http.post(eddie._at(f"/texts/{eddie.id}"), {"update": update})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    before = eddie.text
    eddie.pull()
    assert (eddie.text, SharedText.objects.get().seq) == (before, 0)


def number(value: int) -> bytes:
    """As the wire has it: seven bits a byte, the lowest first."""
    return bytes([value & 0x7F | 0x80]) + number(value >> 7) if value > 0x7F else bytes([value])


def test_crafted_updates_cost_no_more_than_they_weigh(team: Any, editor: Any) -> None:
    eddie = editor("eddie")
    clients = b"".join(b"\1" + number(client) + b"\0\4\1\4text\1x" for client in range(1, 20_001))
    refused = eddie.send(number(20_000) + clients + b"\0")
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_update")
    eddie.type("Be short.", "x" * 40_000)
    every_second = b"".join(number(2 * at) + b"\1" for at in range(20_000))
    deletes = b"\0\1" + number(eddie.mine.client) + number(20_000) + every_second
    began = time.monotonic()
    assert [eddie.send(deletes).status_code for _ in range(2)] == [200, 200]
    assert time.monotonic() - began < 30  # it was minutes
    eddie.pull()
    assert eddie.text.count("x") == 20_000


def test_a_text_that_would_be_too_long_is_refused_whole(editor: Any) -> None:
    eddie = editor("eddie")
    update = eddie.edit("Be short.", "x" * texts.MAX_TEXT)
    assert eddie.send(update).json()["code"] == "text_too_long"
    assert editor("mia").unsaved() == []


def test_unfit_text_is_kept_but_not_committed(team: Any, draft: Any, editor: Any) -> None:
    eddie = editor("eddie")
    eddie.type("{{message}}", "{{#if}}")
    refused = eddie.save()
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_files")
    assert team.show(draft)["head_commit"] == draft["head_commit"]
    assert editor("mia").text == eddie.text


def test_a_closed_draft_takes_no_edits_and_keeps_them_for_its_reopening(team: Any, draft: Any, editor: Any) -> None:
    eddie = editor("eddie")
    eddie.type("Be short.", "Be brief.")
    assert team.post("mia", "/drafts/1/close").status_code == 200
    for answer in (eddie.send(eddie.edit("Be", "Do be")), eddie.save()):
        assert (answer.status_code, answer.json()["code"]) == (409, "draft_not_open")
    assert team.post("eddie", "/drafts/1/texts", path=PATH).json()["code"] == "draft_not_open"
    assert team.post("mia", "/drafts/1/reopen").status_code == 200
    assert "Be brief." in editor("mia").text


def test_what_nobody_touched_for_a_week_begins_afresh(team: Any, draft: Any, editor: Any) -> None:
    eddie, readme = editor("eddie"), editor("mia", "README.md")
    readme.type("", "Hm ")
    SharedText.objects.update(updated_at=timezone.now() - texts.IDLE)
    assert texts.forget_idle() == 1
    assert editor("eddie").id != eddie.id
    assert editor("mia", "README.md").text == readme.text


def test_files_that_are_not_text_or_not_there(team: Any, draft: Any) -> None:
    missing = team.post("eddie", "/drafts/1/texts", path="prompts/none.prompt")
    assert missing.status_code == 404
    assert team.post("eddie", "/drafts/1/texts", path=5).status_code in (200, 400, 404)
    assert team.get("vera", "/drafts/1/texts/99").status_code == 404
    assert team.post("eddie", "/drafts/1/texts/discard", paths=[]).status_code == 400
    assert team.get("vera", "/drafts/1/texts").json() == {"items": [], "next": None}
