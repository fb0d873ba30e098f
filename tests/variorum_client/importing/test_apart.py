"""What strangers bring is read in a process of its own: with the same result, and never at the cost of the server."""

import json

import pytest

from variorum_client.importing import apart
from variorum_client.importing.reading import read_files
from variorum_client.importing.shapes import ImportRefused, Settings

LANGFUSE = json.dumps(
    [
        {"name": "reply", "version": 1, "prompt": "Hello {{who}}", "labels": ["production"], "tags": ["desk"]},
        {
            "name": "reply",
            "version": 2,
            "prompt": [{"role": "user", "content": "Hi {{who}}"}],
            "config": {"model": "m"},
        },
    ]
)
PROMPTY = "---\nname: Reply\nmodel:\n  api: chat\n---\nsystem:\nYou are kind.\nuser:\n{{question}}\n"


@pytest.mark.parametrize(("system", "files"), [("langfuse", {"a.json": LANGFUSE}), ("prompty", {"a.prompty": PROMPTY})])
def test_it_reads_the_same(system: str, files: dict[str, str]) -> None:
    assert apart.read_apart(system, files, Settings("openai", "in")) == read_files(
        system, files, Settings("openai", "in")
    )


@pytest.mark.parametrize(
    ("system", "files", "words"),
    [
        ("langfuse", {"a.json": "{"}, "JSON"),
        ("mlflow", {"a.json": "[" * 100_000}, "cannot be read|JSON|deep"),
        ("prompty", {"a.prompty": "---\ntemplate: mustache\n---\nuser:\nx {{" + " " * 3000 + "\nx"}, "too long"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, system: str, files: dict[str, str], words: str
) -> None:
    monkeypatch.setattr(apart, "SECONDS", 3 if words == "too long" else 120)
    with pytest.raises(ImportRefused, match=words):
        apart.read_apart(system, files, Settings())


def test_aliases_are_not_written_out() -> None:
    levels = "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9))
    bomb = f"---\na0: &a0 [x]\n{levels}---\nuser:\nhello\n"
    (prompt,) = read_files("prompty", {"a.prompty": bomb}, Settings())
    assert "aliases are not read here" in (prompt.versions[0].failure or "")


def test_references_that_multiply_are_refused() -> None:
    entries = []
    for depth in range(6):
        body = "".join(f"@@@langfusePrompt:name=p{depth + 1}|version=1@@@" for _ in range(30)) if depth < 5 else "x"
        entries += [
            {"name": f"p{depth}", "version": 1, "prompt": body},
            {"name": f"p{depth}", "version": 2, "prompt": ""},
        ]
    prompts = read_files("langfuse", {"a.json": json.dumps(entries)}, Settings())
    failures = [version.failure or "" for prompt in prompts for version in prompt.versions]
    assert any("too much to be written out" in failure for failure in failures)
