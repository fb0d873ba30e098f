"""If-None-Match as RFC 9110 has it."""

import pytest

from variorum.deployments.etags import etag_of, matches

TAG = etag_of("abc").encode()


@pytest.mark.parametrize(
    ("header", "same"),
    [
        (b'"abc"', True),
        (b'W/"abc"', True),
        (b"*", True),
        (b" * ", True),
        (b'"x", "abc"', True),
        (b'"x",W/"abc" , "y"', True),
        (b'"abc', False),
        (b"abc", False),
        (b'"abcd"', False),
        (b'"x"', False),
        (b'"a,bc"', False),
        (b"", False),
        (b"\xff\xfe", False),
        (b'"' * 1000, False),
    ],
)
def test_if_none_match(header, same):
    assert matches(header, TAG) is same
