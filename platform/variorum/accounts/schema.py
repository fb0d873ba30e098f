"""How the two ways to authenticate are called in the OpenAPI document. Importing it registers them."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """`Authorization: Bearer vk_...`."""

    target_class = "variorum.accounts.authentication.KeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """The scheme as OpenAPI has it."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "vk_..."}


class BrowserScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The session cookie; writes also need the CSRF token."""

    target_class = "variorum.accounts.authentication.BrowserAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """The scheme as OpenAPI has it."""
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "Writes also send X-CSRFToken."}
