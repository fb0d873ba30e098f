"""Settings come from the environment alone; a bad value stops the start with its name."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")


class BadSetting(Exception):
    """A setting's value cannot be used. The text names the variable, what is wrong and what to write."""


def _read(name: str, default: T, convert: Callable[[str], T], wanted: str) -> T:
    raw = os.environ.get(name, "").strip()
    if not raw:
        return default
    try:
        return convert(raw)
    except ValueError as exc:
        reason = f" ({exc})" if str(exc) else ""
        raise BadSetting(f"{name} cannot be used{reason}. Set it to {wanted}, or unset it.") from None


def text(name: str, default: str = "") -> str:
    """The value as written, or the default when unset or empty."""
    return _read(name, default, str, "some text")


def integer(name: str, default: int, *, low: int, high: int) -> int:
    """A whole number between `low` and `high`, both allowed."""

    def convert(raw: str) -> int:
        value = int(raw)
        if not low <= value <= high:
            raise ValueError("out of range")
        return value

    return _read(name, default, convert, f"a whole number from {low} to {high}")


def number(name: str, default: float, *, low: float, high: float) -> float:
    """A number between `low` and `high`, both allowed."""

    def convert(raw: str) -> float:
        value = float(raw)
        if not low <= value <= high:
            raise ValueError("out of range")
        return value

    return _read(name, default, convert, f"a number from {low} to {high}")


def flag(name: str, default: bool = False) -> bool:
    """1/true/yes/on or 0/false/no/off, in any case."""
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}

    def convert(raw: str) -> bool:
        if raw.lower() not in words:
            raise ValueError("not a yes or no")
        return words[raw.lower()]

    return _read(name, default, convert, "1 or 0")


def names(name: str, default: list[str]) -> list[str]:
    """A comma-separated list; blanks are dropped."""
    return _read(name, default, lambda raw: [part.strip() for part in raw.split(",") if part.strip()], "a,b,c")


def folder(name: str, default: Path) -> Path:
    """An absolute path; `~` is expanded. The folder need not exist yet."""
    return _read(name, default, lambda raw: Path(raw).expanduser().resolve(), "a folder").resolve()


def url(name: str, default: str, *, schemes: set[str]) -> str:
    """An address with one of the schemes. The value is never repeated in the error: it may hold a password."""

    def convert(raw: str) -> str:
        if urlsplit(raw).scheme not in schemes:
            raise ValueError("unknown scheme")
        return raw

    return _read(
        name, default, convert, "an address that starts with " + " or ".join(f"{s}://" for s in sorted(schemes))
    )
