"""Two versions of a prompt."""

from typing import Any

from variorum_client.formats.comparing.inputs import input_changes
from variorum_client.formats.comparing.outputs import output_changes
from variorum_client.formats.comparing.passages import Piece, align
from variorum_client.formats.comparing.rows import plain, value_rows
from variorum_client.formats.comparing.shapes import Consequence, Passage, Row
from variorum_client.formats.prompt import ADAPTER_KEY, Prompt, parse_prompt
from variorum_client.formats.sections import source_messages

LABELS = {
    "model": "Model",
    ADAPTER_KEY: "Adapter",
    "config.max_output_tokens": "Longest answer, in tokens",
    "config.maxOutputTokens": "Longest answer, in tokens",
    "config.max_tokens": "Longest answer, in tokens",
    "config.top_p": "Top p",
    "config.topP": "Top p",
    "config.top_k": "Top k",
    "config.topK": "Top k",
    "config.stop": "Stops at",
    "config.stopSequences": "Stops at",
    "config.seed": "Seed",
}
Parts = tuple[list[Row], list[Consequence], tuple[Passage, ...]]


def compare_prompts(path: str, old: str, new: str) -> Parts:
    """Rows, consequences and messages of two versions. Raises FormatError when one of them is no prompt."""
    before, after = parse_prompt(old, path), parse_prompt(new, path)
    rows, found = value_rows("settings", _settings(before), _settings(after), label_of), _settings_say(before, after)
    for more in (output_changes(before, after), input_changes(before, after), _partials(before, after)):
        rows, found = rows + more[0], found + more[1]
    passages = align(pieces(old), pieces(new))
    return rows, [*found, *_shared(path, before, after), *_history(passages)], passages


def pieces(source: str) -> list[Piece]:
    """The messages of a source."""
    return [Piece(one.role, one.text, (one.first_line, one.last_line)) for one in source_messages(source)]


def label_of(key: str) -> str:
    """How people call a field of the front matter."""
    return LABELS.get(key) or plain(key.removeprefix("config."))


def _settings(prompt: Prompt) -> dict[str, Any]:
    """The front matter but what has tables of its own; an empty mapping says nothing."""
    front = {key: value for key, value in prompt.front.items() if key not in ("input", "output")}
    rest = {
        f"{key}.{name}": value
        for key in ("input", "output")
        for name, value in (prompt.front.get(key) or {}).items()
        if name not in ("schema", "default", "format")
    }
    return {key: value for key, value in {**front, **rest}.items() if value not in (None, {})}


def _settings_say(old: Prompt, new: Prompt) -> list[Consequence]:
    found = []
    if old.adapter != new.adapter:
        text = _adapter_words(old.adapter, new.adapter)
        found.append(Consequence("warns", "adapter_binding", new.adapter or old.adapter or "", text))
    if old.model != new.model:
        text = f"Another model answers: {new.model or 'the one that the caller names'}"
        found.append(Consequence("warns", "model_changed", new.model or "", f"{text} (was {old.model or 'open'})."))
    return found


def _adapter_words(old: str | None, new: str | None) -> str:
    if old is None:
        return f"Answers now come from the model with the adapter {new}."
    if new is None:
        return f"Answers come from the bare model, without the adapter {old}."
    return f"Answers now come from the adapter {new} instead of {old}."


def _partials(old: Prompt, new: Prompt) -> tuple[list[Row], list[Consequence]]:
    before, after = set(old.usage.partials), set(new.usage.partials)
    rows = [Row("partials", name, name, "added", None, "included") for name in sorted(after - before)]
    rows += [Row("partials", name, name, "removed", "included", None) for name in sorted(before - after)]
    return rows, []


def _shared(path: str, old: Prompt, new: Prompt) -> list[Consequence]:
    name = path.rpartition("/")[2]
    if not name.startswith("_") or old.template == new.template:
        return []
    text = f"Every prompt that includes `{name[1:].removesuffix('.prompt')}` changes with it."
    return [Consequence("warns", "partial_changed", name, text)]


def _history(passages: tuple[Passage, ...]) -> list[Consequence]:
    found = {passage.state for passage in passages if passage.role == "history"}
    if found == {"removed"}:
        text = "The conversation so far has no place of its own any more: it goes before the last message of the user."
        return [Consequence("warns", "history_place", "history", text)]
    if found == {"added"}:
        return [Consequence("says", "history_place", "history", "The conversation so far gets a place of its own.")]
    return []
