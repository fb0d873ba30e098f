"""Batch, upload, verify and download over HTTP: who may, what is refused, and that memory stays flat."""

import json
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.variorum.repos.lfs.conftest import Get, sha256
from tests.weights import lora, pack, safetensors
from variorum.accounts.models import Project
from variorum.accounts.services import create_api_key, create_project
from variorum.lib import objects
from variorum.lib.sending import RangeNotSatisfiable, _span
from variorum.repos.models import LfsObject

WEIGHTS = lora()
OID = sha256(WEIGHTS)
CHALLENGE = 'Basic realm="variorum", charset="UTF-8"'


def batch(client: httpx.Client, operation: str, *contents: bytes) -> httpx.Response:
    wanted = [{"oid": sha256(one), "size": len(one)} for one in contents]
    return client.post("objects/batch", json={"operation": operation, "objects": wanted, "transfers": ["basic"]})


def put(client: httpx.Client, data: bytes, oid: str = "") -> httpx.Response:
    return client.put(f"objects/{oid or sha256(data)}", content=data)


def test_up_and_down(lfs: Get, project: Project) -> None:
    client = lfs("write")
    answer = batch(client, "upload", WEIGHTS)
    assert answer.headers["content-type"] == "application/vnd.git-lfs+json"
    actions = answer.json()["objects"][0]["actions"]
    assert client.put(actions["upload"]["href"], content=WEIGHTS).json() == {"oid": OID, "size": len(WEIGHTS)}
    assert client.post(actions["verify"]["href"], json={"oid": OID, "size": len(WEIGHTS)}).status_code == 200
    assert batch(client, "upload", WEIGHTS).json()["objects"] == [{"oid": OID, "size": len(WEIGHTS)}]
    assert put(client, WEIGHTS).status_code == 200
    assert LfsObject.objects.filter(project=project).values_list("sha256", "size").get() == (OID, len(WEIGHTS))

    reader = lfs("read")
    href = batch(reader, "download", WEIGHTS).json()["objects"][0]["actions"]["download"]["href"]
    whole = reader.get(href)
    assert (whole.content, whole.headers["etag"]) == (WEIGHTS, f'"{OID}"')
    part = reader.get(href, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, WEIGHTS[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(WEIGHTS)}"
    rest = reader.get(href, headers={"Range": "bytes=100-", "If-Range": '"other"'})
    assert (rest.status_code, rest.content) == (200, WEIGHTS)
    assert reader.get(href, headers={"Range": f"bytes={len(WEIGHTS)}-"}).status_code == 416
    assert reader.get(href, headers={"If-None-Match": f'"{OID}"'}).status_code == 304
    head = reader.head(href)
    assert (head.content, head.headers["content-length"]) == (b"", str(len(WEIGHTS)))


def test_who_may(lfs: Get, project: Project, owner, stranger) -> None:
    put(lfs("write"), WEIGHTS)
    nobody = lfs()
    for answer in (batch(nobody, "download", WEIGHTS), nobody.get(f"objects/{OID}"), put(nobody, WEIGHTS)):
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, CHALLENGE)
        assert answer.json()["message"]
    wrong = lfs(token="vk_wrong")
    assert (batch(wrong, "download", WEIGHTS).status_code, put(wrong, WEIGHTS).status_code) == (401, 401)
    other = create_project(owner=stranger, name="Other", slug="other")
    token = create_api_key(project=other, user=stranger, scopes=["write"], name="k", expires_at=None)[1]
    for client in (lfs(token=token), lfs(token=token, project="nothing-here")):
        assert batch(client, "download", WEIGHTS).status_code == 404
        assert (client.get(f"objects/{OID}").status_code, put(client, WEIGHTS).status_code) == (404, 404)
    own = lfs(token=token, project="other")  # the object is somebody else's, whoever knows its name
    assert batch(own, "download", WEIGHTS).json()["objects"][0]["error"]["code"] == 404
    assert (own.get(f"objects/{OID}").status_code, "actions" in batch(own, "upload", WEIGHTS).json()["objects"][0]) == (
        404,
        True,
    )
    reader = lfs("read")
    assert (batch(reader, "upload", WEIGHTS).status_code, put(reader, WEIGHTS).status_code) == (403, 403)
    runtime = lfs("runtime")
    assert batch(runtime, "download", WEIGHTS).status_code == 403


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (WEIGHTS[:-4], "truncated_weights"),
        (WEIGHTS + b"more", "bad_weights"),
        (b"PK\x03\x04" + b"\0" * 500, "not_safetensors"),
        (b"\x80\x04\x95" + b"\0" * 500, "not_safetensors"),
        (pack({"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 4]}}, b"\0" * 4), "bad_weights"),
        (b"", "truncated_weights"),
    ],
)
def test_what_is_no_sound_weights_file_is_refused(lfs: Get, project: Project, data: bytes, code: str) -> None:
    objects.delete(objects.content_key(sha256(data)))  # other tests keep an empty file in the same storage
    client = lfs("write")
    answer = put(client, data)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["message"] == answer.json()["detail"]
    (again,) = batch(client, "upload", data).json()["objects"]  # git-lfs asks this before it sends the same once more
    assert again["error"] == {"code": 422, "message": answer.json()["detail"]}
    assert "actions" not in again
    assert not LfsObject.objects.exists()
    assert not objects.exists(objects.content_key(sha256(data)))


def test_what_came_must_be_what_was_announced(lfs: Get) -> None:
    client = lfs("write")
    answer = put(client, WEIGHTS, oid=sha256(b"other"))
    assert (answer.status_code, answer.json()["code"]) == (400, "wrong_content")
    assert put(client, WEIGHTS).status_code == 200
    wrong = client.post("objects/verify", json={"oid": OID, "size": 5})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong_size")
    asked = client.post("objects/batch", json={"operation": "download", "objects": [{"oid": OID, "size": 5}]})
    assert asked.json()["objects"][0]["error"]["code"] == 422


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"operation": "steal", "objects": []},
        {"operation": "download", "objects": [{"oid": "xyz", "size": 1}]},
        {"operation": "download", "objects": [{"oid": OID, "size": -1}]},
        {"operation": "upload", "objects": [], "hash_algo": "md5"},
        {"operation": "upload", "objects": [], "transfers": ["tus"]},
        {"operation": "upload", "objects": [{"oid": OID, "size": 1}] * 1001},
    ],
)
def test_a_bad_batch_is_one_clear_answer(lfs: Get, body: object) -> None:
    answer = lfs("write").post("objects/batch", content=json.dumps(body))
    assert answer.status_code in {400, 413, 422}
    assert answer.json()["message"]


@given(st.integers(1, 50), st.integers(0, 60), st.integers(0, 60))
def test_ranges(size: int, first: int, last: int) -> None:
    def asked(text: str) -> range | None:
        try:
            span = _span({"headers": [(b"range", text.encode())]}, size, b'"e"')
        except RangeNotSatisfiable:
            return None
        return range(*span) if span else range(size)

    content = range(size)
    if first <= last:
        assert asked(f"bytes={first}-{last}") == (content[first : last + 1] if first < size else None)
    assert asked(f"bytes={first}-") == (content[first:] if first < size else None)
    assert asked(f"bytes=-{last}") == (content[-last:] if last else None)


def test_memory_stays_flat(lfs: Get, tmp_path: Path) -> None:
    data = safetensors({"base_model.model.w.lora_A.weight": (25_000_000,)}, b"\1")  # 100 MB
    client = lfs("write")
    warm = lora(fill=b"\7")
    put(client, warm)
    before = _peak(client)
    assert put(client, data).status_code == 200
    with client.stream("GET", f"objects/{sha256(data)}") as answer:
        assert sum(map(len, answer.iter_bytes())) == len(data)
    assert _peak(client) - before < 40_000_000


def _peak(client: httpx.Client) -> int:
    """The web process's highest resident size until now, in bytes."""
    port = client.base_url.port
    sizes = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            command = status.with_name("cmdline").read_bytes().split(b"\0")
            text = status.read_text()
        except OSError:
            continue
        if b"variorum.asgi:application" in command and str(port).encode() in command:
            sizes += [int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("VmHWM")]
    return max(sizes)
