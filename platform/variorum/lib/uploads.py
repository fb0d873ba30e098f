"""Uploaded files are written to disk while they arrive, up to VARIORUM_MAX_UPLOAD_MB."""

from typing import IO, Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler

from variorum.lib.errors import TooLarge


class SizeLimit(FileUploadHandler):
    """The first of the upload handlers: stops a body that is too large, by its header or while it arrives."""

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self._seen = 0

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: dict[str, str],
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> None:
        """Before the first byte. Raises TooLarge."""
        self._refuse_above(content_length)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Pass a piece on. Raises TooLarge."""
        self._seen += len(raw_data)
        self._refuse_above(self._seen)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The next handler keeps the file."""

    def _refuse_above(self, size: int) -> None:
        limit = settings.MAX_UPLOAD_MB * 1_000_000
        if size > limit + 100_000:  # the form around the file
            raise TooLarge(
                f"The file is larger than {settings.MAX_UPLOAD_MB} MB. Split it, or raise VARIORUM_MAX_UPLOAD_MB."
            )
