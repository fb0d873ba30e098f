"""Where mail goes, from one address: smtp://user:password@host:port, smtp+tls://, smtps://, file:///folder, console://."""

from dataclasses import dataclass
from email.utils import formataddr, parseaddr
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from variorum.lib import env

PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
SCHEMES = {*PORTS, "file", "console"}
BACKENDS = {"file": "filebased", "console": "console"}


@dataclass(frozen=True)
class MailSettings:
    """How mail is sent; without an address none is. `sender` is what stands under From."""

    address: SplitResult | None
    sender: str

    @property
    def on(self) -> bool:
        """Whether mail is sent at all."""
        return self.address is not None

    def django_settings(self) -> dict[str, Any]:
        """The same as Django's own settings."""
        shared = {"DEFAULT_FROM_EMAIL": self.sender, "EMAIL_TIMEOUT": 15}
        url = self.address
        if url is None:
            return {**shared, "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
        backend = f"django.core.mail.backends.{BACKENDS.get(url.scheme, 'smtp')}.EmailBackend"
        if url.scheme not in PORTS:
            return {**shared, "EMAIL_BACKEND": backend, "EMAIL_FILE_PATH": unquote(url.path)}
        return {
            **shared,
            "EMAIL_BACKEND": backend,
            "EMAIL_HOST": url.hostname,
            "EMAIL_PORT": url.port or PORTS[url.scheme],
            "EMAIL_HOST_USER": unquote(url.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(url.password or ""),
            "EMAIL_USE_TLS": url.scheme == "smtp+tls",
            "EMAIL_USE_SSL": url.scheme == "smtps",
        }


def read(name: str, sender_name: str, *, public_url: str) -> MailSettings:
    """The settings of two variables. Raises BadSetting that names the one that cannot be used, without its value."""
    raw = env.url(name, "", schemes=SCHEMES)
    try:
        address = _checked(raw) if raw else None
    except ValueError as exc:
        raise env.BadSetting(
            f"{name} cannot be used ({exc}). Set it to smtp://user:password@host:port, or unset it."
        ) from None
    host = urlsplit(public_url).hostname or "localhost"
    return MailSettings(address, _sender(sender_name, f"Variorum <variorum@{host}>"))


def _checked(raw: str) -> SplitResult:
    url = urlsplit(raw)
    if url.scheme in PORTS and not url.hostname:
        raise ValueError("no host in it")
    try:
        _ = url.port
    except ValueError:
        raise ValueError("its port is no number from 0 to 65535") from None
    if url.scheme == "file" and (url.netloc or not url.path.startswith("/")):
        raise ValueError("a folder is written file:///folder")
    if url.query or url.fragment:
        raise ValueError("nothing may follow the address")
    return url


def _sender(name: str, default: str) -> str:
    raw = env.text(name) or default
    shown, address = parseaddr(raw)
    if "@" not in address or address.strip("@") != address or any(char in raw for char in "\r\n"):
        raise env.BadSetting(f"{name} cannot be used (no mail address). Set it to Variorum <variorum@example.org>.")
    return formataddr((shown, address))
