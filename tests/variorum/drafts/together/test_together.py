"""Properties: whatever is typed, lost on the way, repeated or late, all pages end with one text and all words in it."""

import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.variorum.drafts.together.conftest import Editor
from variorum.drafts.together import wire
from variorum.drafts.together.document import Document, edits

LETTERS = st.text(st.sampled_from("ab \n😀é漢{}"), max_size=30)
# Who acts, what they do, where (a share of the text), and what they type.
STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["insert", "insert", "delete", "send", "resend", "pull", "save"]),
        st.floats(0, 1),
        st.integers(0, 5),
    ),
    max_size=40,
)


@given(LETTERS, LETTERS)
@settings(deadline=None)
def test_edits_turn_the_old_text_into_the_new(old: str, new: str) -> None:
    document = Document()
    document.become(old)
    assert document.text == old
    update = document.become(new)
    assert document.text == new
    wire.decode(update)
    for start, end, insert in edits(old, new):
        assert old[start:end] != insert


@given(st.binary(max_size=60))
@settings(deadline=None, max_examples=300)
def test_any_bytes_are_an_update_or_malformed(data: bytes) -> None:
    try:
        wire.decode(data)
    except wire.Malformed:
        return
    Document().apply(data)


class Page:
    """An open page with a network that loses, repeats and reorders what it sends."""

    def __init__(self, editor: Editor, mark: str) -> None:
        self.editor, self.mark, self.count = editor, mark, 0
        self.waiting: list[bytes] = []
        self.sent: list[bytes] = []
        self.typed: list[str] = []

    def insert(self, share: float) -> None:
        """Types a word that is nowhere else, between two letters but not inside of such a word."""
        text = self.editor.text
        at = round(share * len(text))
        while text[:at].count("‹") > text[:at].count("›"):
            at += 1
        self.count += 1
        word = f"‹{self.mark}{self.count}😀›"
        self.typed.append(word)
        self.waiting.append(self.editor.mine.splice((at, at, word)))

    def delete(self, share: float) -> None:
        """Takes away an own word as a whole."""
        if self.typed:
            word = self.typed.pop(round(share * (len(self.typed) - 1)))
            self.waiting.append(self.editor.edit(word, ""))

    def send(self, which: int) -> None:
        """Sends one waiting edit, not always the first; one that comes too early waits on."""
        if self.waiting:
            update = self.waiting[which % len(self.waiting)]
            answer = self.editor.send(update)
            assert answer.status_code in (200, 409), answer.content
            if answer.status_code == 200:
                self.waiting.remove(update)
                self.sent.append(update)

    def resend(self, which: int) -> None:
        """The answer was lost: the same again."""
        if self.sent:
            assert self.editor.send(self.sent[which % len(self.sent)]).status_code == 200

    def act(self, what: str, share: float, which: int) -> None:
        if what == "pull":
            self.editor.pull()
        elif what == "save":
            assert self.editor.save().status_code in (200, 400), "nothing to save is no harm"
        else:
            getattr(self, what)(share if what in ("insert", "delete") else which)


@pytest.mark.slow
@pytest.mark.django_db
@settings(deadline=None, max_examples=12, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_pages_converge_and_lose_nothing(team: Any, steps: Any) -> None:
    draft = team.open(files={"prompts/README.md": "The beginning.\n"})
    pages = [
        Page(Editor(team, name, draft, "prompts/README.md"), mark)
        for name, mark in (("olga", "o"), ("mia", "m"), ("eddie", "e"))
    ]
    for who, what, share, which in steps:
        pages[who].act(what, share, which)
    for page in pages:  # the network is whole again
        while page.waiting:
            page.send(0)
    for page in pages:
        page.editor.pull()
    texts = {page.editor.text for page in pages}
    assert len(texts) == 1
    (text,) = texts
    for page in pages:
        assert [word for word in page.typed if text.count(word) != 1] == []
    if pages[0].editor.unsaved():
        pages[0].editor.save()
    assert team.text("prompts/README.md", team.show(draft)["head_commit"]) == text


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_people_who_write_and_save_at_the_same_moment_lose_nothing(team: Any, draft: Any) -> None:
    names = ["olga", "mia", "eddie", "eddie"]
    failures: list[Any] = []

    def work(number: int, editor: Editor) -> None:
        from django.db import connection

        try:
            for count in range(8):
                at = editor.text.index("Be short.")
                assert editor.send(editor.mine.splice((at, at, f"‹{number}.{count}›"))).status_code == 200
                if count % 4 == number % 4:
                    answer = editor.save()
                    assert answer.status_code in (200, 400), answer.content
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    editors = [Editor(team, name, draft) for name in names]
    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(editors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []
    for editor in editors:
        editor.pull()
    text = editors[0].text
    assert {editor.text for editor in editors} == {text}
    assert all(text.count(f"‹{number}.{count}›") == 1 for number in range(4) for count in range(8))
    editors[0].save()
    assert team.text("prompts/triage.prompt", team.show(draft)["head_commit"]) == text
