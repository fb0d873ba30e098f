"""A provider's key never leaves, not even when the provider itself repeats it."""

import json

LEAST = 8  # a shorter "key" is no secret, and would hit innocent words
SHOWN = b"[key]"


class Veil:
    """Hides one key, its JSON form and its telling beginning."""

    def __init__(self, key: str) -> None:
        self._hidden: list[bytes] = []
        if len(key) >= LEAST:
            forms = [key.encode(), json.dumps(key)[1:-1].encode()]
            if len(key) >= 16:
                forms.append(key[:12].encode())
            self._hidden = list(dict.fromkeys(forms))

    def hide(self, text: bytes) -> bytes:
        """The text without the key."""
        for form in self._hidden:
            if form in text:
                text = text.replace(form, SHOWN)
        return text

    def hide_text(self, text: str) -> str:
        """The same for a text."""
        return self.hide(text.encode("utf-8", "replace")).decode()
