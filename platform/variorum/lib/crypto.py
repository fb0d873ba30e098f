"""Secrets at rest (Fernet, key from the settings) and API keys (shown once, stored as a SHA-256)."""

import base64
import hashlib
import secrets

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


def _fernet() -> MultiFernet:
    keys = [
        base64.urlsafe_b64encode(hashlib.sha256(f"variorum.secrets:{key}".encode()).digest())
        for key in settings.ENCRYPTION_KEYS
    ]
    return MultiFernet([Fernet(key) for key in keys])


def seal(plain: str) -> str:
    """Encrypt a secret for the database. An empty text stays empty."""
    return _fernet().encrypt(plain.encode()).decode() if plain else ""


def unseal(sealed: str) -> str:
    """Decrypt what `seal` made. Raises ValueError when no configured key fits."""
    if not sealed:
        return ""
    try:
        return _fernet().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise ValueError("The secret was sealed with another VARIORUM_ENCRYPTION_KEYS; enter it again.") from None


def new_token(prefix: str) -> str:
    """A fresh token of 256 random bits with a readable prefix."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def token_hash(token: str) -> str:
    """SHA-256 of a token, hex. Tokens carry 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(token.encode()).hexdigest()
