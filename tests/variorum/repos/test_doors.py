"""Every address outside of /api/v1/: nobody is asked for a key, a key of another project finds nothing."""

import base64
from collections.abc import Iterator

import pytest
from rest_framework.test import APIClient

from variorum.accounts.services import create_api_key, create_project
from variorum.repos import doors

pytestmark = pytest.mark.django_db
VALUES = {"project": "support-desk", "name": "tone", "oid": "0" * 64, "lock": "1", "revision": "main", "rest": "main/x"}
OWN = {"hub_models", "hub_whoami"}  # about the key itself


def addresses() -> Iterator[tuple[str, str, str]]:
    """(name, method, address) of every door."""
    for pattern in doors.urlpatterns:
        address = "/" + str(pattern.pattern)
        for name, converter in pattern.pattern.converters.items():
            kind = type(converter).__name__.removesuffix("Converter").lower().replace("string", "str")
            address = address.replace(f"<{kind}:{name}>", VALUES.get(name, "1"))
        address += "?service=git-upload-pack" if pattern.name == "git_refs" else ""
        view = pattern.callback.view_class  # type: ignore[union-attr]
        yield from ((str(pattern.name), m, address) for m in ("get", "post", "put") if hasattr(view, m))


def basic(token: str) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(f"me:{token}".encode()).decode()}


def test_nobody_and_strangers_get_nowhere(project, stranger) -> None:
    other = create_project(owner=stranger, name="Other", slug="other")
    token = create_api_key(project=other, user=stranger, scopes=["admin"], name="k", expires_at=None)[1]
    found = list(addresses())
    assert len(found) > 15
    client = APIClient()
    nobody = [(one, getattr(client, one[1])(one[2])) for one in found]
    assert [(one, answer.status_code) for one, answer in nobody if answer.status_code != 401] == []
    assert [one for one, answer in nobody if "www-authenticate" not in answer] == []
    strange = {one: getattr(client, one[1])(one[2], **basic(token)).status_code for one in found if one[0] not in OWN}
    assert [item for item in strange.items() if item[1] != 404] == []


def test_a_browsers_session_opens_none(project, owner, api) -> None:
    client = api(owner)
    assert {getattr(client, method)(address).status_code for _, method, address in addresses()} == {401}
