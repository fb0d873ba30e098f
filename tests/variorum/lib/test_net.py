"""Outgoing addresses: only where the operator lets us."""

import pytest

from variorum.lib.errors import Invalid
from variorum.lib.net import check_url, resolve_public

PRIVATE = [
    "http://127.0.0.1/", "http://localhost:8000/", "http://[::1]/", "http://10.1.2.3/", "http://192.168.0.1/", "http://169.254.169.254/latest",
    "http://0.0.0.0/", "http://[::ffff:127.0.0.1]/", "http://[fd00::1]/", "http://2130706433/", "http://0x7f.1/", "http://224.0.0.1/",
    "http://[64:ff9b::7f00:1]/", "http://[2002:a00:1::]/", "http://[::127.0.0.1]/",
]  # fmt: skip


@pytest.mark.parametrize("url", PRIVATE)
def test_private_addresses_are_refused(url, settings):
    settings.ALLOW_PRIVATE_HOSTS = []
    with pytest.raises(Invalid) as caught:
        resolve_public(url)
    assert caught.value.stable_code in {"private_address", "unknown_host"}


def test_the_operator_can_allow_a_host_and_port(settings):
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1:8000"]
    assert resolve_public("http://127.0.0.1:8000/x") == "127.0.0.1"
    with pytest.raises(Invalid):
        resolve_public("http://127.0.0.1:8001/x")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://x/",
        "file:///etc/passwd",
        "http://",
        "http://u:p@x/",
        "http://x:99999/",
        "javascript:alert(1)",
        "http://[::1",
    ],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(Invalid) as caught:
        check_url(url)
    assert caught.value.stable_code == "invalid_url"
