"""Differences that people can read: messages, words, settings, and what follows for callers. Pure, as all formats."""

from variorum_client.formats.comparing.compare import compare, compare_folder
from variorum_client.formats.comparing.printing import as_text
from variorum_client.formats.comparing.shapes import Comparison, Consequence, Passage, Row, Span
from variorum_client.formats.comparing.words import new_text, old_text, word_spans

__all__ = [
    "Comparison",
    "Consequence",
    "Passage",
    "Row",
    "Span",
    "as_text",
    "compare",
    "compare_folder",
    "new_text",
    "old_text",
    "word_spans",
]
