"""Outgoing HTTP that cannot be aimed at private addresses unless the operator allows the host."""

import ipaddress
import socket
from urllib.parse import urlsplit

from django.conf import settings

from variorum.lib.errors import Invalid


def _allowed(host: str, port: int) -> bool:
    """VARIORUM_ALLOW_HOSTS lists `host` or `host:port` that may be private; `*` allows all."""
    listed = settings.ALLOW_PRIVATE_HOSTS
    return "*" in listed or host in listed or f"{host}:{port}" in listed


# IPv6 addresses that stand for an IPv4 one, and the bit at which it begins: translated (RFC 6052), 6to4, compatible.
_EMBEDDED = {
    ipaddress.IPv6Network("64:ff9b::/96"): 96,
    ipaddress.IPv6Network("2002::/16"): 16,
    ipaddress.IPv6Network("::/96"): 96,
}
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")  # leads into the network that translates


def _public(address: str) -> bool:
    found = ipaddress.ip_address(address.split("%")[0])
    if not found.is_global or found.is_multicast:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.is_site_local or found in _LOCAL_NAT64:
            return False
        inside = [found.packed[bit // 8 :][:4] for network, bit in _EMBEDDED.items() if found in network]
        return all(ipaddress.IPv4Address(each).is_global for each in inside)
    return True


def check_url(url: str) -> tuple[str, str, int]:
    """Split and check an outgoing address: (scheme, host, port). Raises Invalid; resolves no name."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise Invalid("This is not an address; write https://host/path.", code="invalid_url") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Invalid("The address must start with http:// or https:// and name a host.", code="invalid_url")
    if parts.username or parts.password:
        raise Invalid("Put no user name or password in the address.", code="invalid_url")
    return parts.scheme, parts.hostname, port


def resolve_public(url: str) -> str:
    """An IP address of the URL's host that we may connect to. Raises Invalid.

    Connect to the returned address (with the Host header and SNI of the name), so that a second look-up cannot give
    another answer. Refused unless allowed by the operator: loopback, private, link-local, multicast, reserved.
    """
    _, host, port = check_url(url)
    try:
        found = [info[4][0] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        raise Invalid(f"The host {host} cannot be found.", code="unknown_host") from None
    addresses = [str(address) for address in found]
    if _allowed(host, port):
        return addresses[0]
    if not all(_public(address) for address in addresses):
        raise Invalid(
            f"{host} is a private address. The operator can allow it with VARIORUM_ALLOW_HOSTS.", code="private_address"
        )
    return addresses[0]
