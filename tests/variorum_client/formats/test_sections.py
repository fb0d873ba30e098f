"""A prompt's source as messages with their lines."""

import pytest

from variorum_client.formats import source_messages

SOURCE = """---
model: local/smollm2-135m
---
{{role "system"}}
Sort the message.
{{#if kind}}
Be kind.
{{/if}}

{{history}}
{{role "user"}}
{{message}}
"""


def test_messages_have_their_role_and_lines() -> None:
    found = source_messages(SOURCE)
    assert [(one.role, one.first_line, one.last_line) for one in found] == [
        ("system", 4, 8),
        ("history", 10, 10),
        ("user", 11, 12),
    ]
    assert found[0].text == "Sort the message.\n{{#if kind}}\nBe kind.\n{{/if}}"
    assert found[2].text == "{{message}}"
    assert "".join(SOURCE[one.start : one.end] for one in found) == SOURCE[found[0].start :]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", []),
        ("---\nmodel: a/b\n---\n", []),
        ("Just say it.\n", [("user", 1, 1, "Just say it.")]),
        ("\n\nHi\nthere\n\n", [("user", 3, 4, "Hi\nthere")]),
        ('Hi {{role "model"}}yes', [("user", 1, 1, "Hi"), ("model", 1, 1, "yes")]),
        ("{{~role 'tool'~}} x", [("tool", 1, 1, "x")]),
        ('{{! {{role "model"}}', [("user", 1, 1, '{{! {{role "model"}}')]),
        ("{{role who}}\nx", [("who", 1, 2, "x")]),
        ("{{{{raw}}}}{{role \"model\"}}{{{{/raw}}}}", [("user", 1, 1, '{{{{raw}}}}{{role "model"}}{{{{/raw}}}}')]),
        ("{{#each turns}}\n{{role \"user\"}}\n{{this}}\n{{/each}}", [
            ("user", 1, 1, "{{#each turns}}"), ("user", 2, 4, "{{this}}\n{{/each}}"),
        ]),
        ("---\nopen", [("user", 1, 2, "---\nopen")]),
        ("{{role \"system\"}}\n", [("system", 1, 1, "")]),
    ],
)  # fmt: skip
def test_odd_sources(source: str, expected: list[tuple[str, int, int, str]]) -> None:
    found = [(one.role, one.first_line, one.last_line, one.text) for one in source_messages(source)]
    assert found == expected
