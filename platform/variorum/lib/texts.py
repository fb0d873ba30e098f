"""Texts from models and files, made fit for PostgreSQL."""


def storable(text: str) -> str:
    """The text with what PostgreSQL refuses, NUL and half surrogate pairs, replaced by U+FFFD."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= ch <= "\udfff" else ch for ch in text)
    return text
