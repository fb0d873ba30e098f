"""From bytes to text, once and strictly."""

from variorum_client.formats.problems import FormatError, Problem, place

MAX_TEXT_BYTES = 1_000_000


def decode(path: str, content: bytes, *, limit: int = MAX_TEXT_BYTES) -> str:
    """The text of a file that must be UTF-8 with LF line ends. Raises FormatError with one problem."""
    if len(content) > limit:
        raise _fault(path, 1, 1, "too_large", f"The file has {len(content):,} bytes; at most {limit:,} are read here.")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        line, column = place(before, len(before))
        message = f"Byte 0x{content[error.start]:02x} is not UTF-8: save the file as UTF-8."
        raise _fault(path, line, column, "not_utf8", message) from None
    _check_characters(path, text)
    return text


def _check_characters(path: str, text: str) -> None:
    for character, code, message in _UNWANTED:
        offset = text.find(character)
        if offset >= 0:
            raise _fault(path, *place(text, offset), code, message)


_UNWANTED = (
    ("\x00", "nul", "The file has a NUL byte: it is not a text file, or it was damaged."),
    ("\ufeff", "byte_order_mark", "The file has a byte order mark: save it as UTF-8 without one."),
    ("\r", "crlf", "The file has Windows line ends (CR LF): save it with LF line ends."),
)


def _fault(path: str, line: int, column: int, code: str, message: str) -> FormatError:
    return FormatError([Problem(path, line, column, code, message)])
