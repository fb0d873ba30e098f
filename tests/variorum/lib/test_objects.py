"""The object store: content addressed, create-only, the same on a folder and on S3."""

import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from variorum.lib import objects


@pytest.fixture
def folder(tmp_path: Path) -> objects.ObjectStore:
    return objects.ObjectStore(str(tmp_path / "objects"), tmp_path / "cache")


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[objects.ObjectStore]:
    server_module = pytest.importorskip("moto.server", reason="the s3test extra is not installed")
    boto3 = pytest.importorskip("boto3")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    client = boto3.client("s3", endpoint_url=address, region_name="us-east-1")
    client.create_bucket(Bucket="bucket")
    client.close()
    yield objects.ObjectStore(f"s3://bucket/some/prefix?endpoint={address}&region=us-east-1", tmp_path / "cache")
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest) -> objects.ObjectStore:
    made: objects.ObjectStore = request.getfixturevalue(request.param)
    return made


def test_content_comes_back_by_its_hash(store: objects.ObjectStore) -> None:
    digest = store.put_content(b"weights")
    key = objects.content_key(digest)
    assert digest == hashlib.sha256(b"weights").hexdigest()
    assert (store.exists(key), store.size(key), store.get_bytes(key)) == (True, 7, b"weights")
    assert store.local_path(key).read_bytes() == b"weights"


def test_what_arrives_in_pieces_is_kept_by_content_and_can_be_let_go(store: objects.ObjectStore) -> None:
    with store.incoming() as incoming:
        for piece in (b"wei", b"ghts"):
            incoming.write(piece)
        assert (incoming.size, incoming.start(4)) == (7, b"weig")
        scratch = incoming.path
        key = objects.content_key(incoming.keep())
        assert incoming.keep() == hashlib.sha256(b"weights").hexdigest()
    assert not scratch.exists()
    assert (store.get_bytes(key), store.get_range(key, 1, 4), store.get_range(key, 3, 3)) == (b"weights", b"eig", b"")
    with store.incoming() as incoming:
        incoming.write(b"never kept")
    assert not store.exists(objects.content_key(hashlib.sha256(b"never kept").hexdigest()))
    store.local_path(key)
    for _ in range(2):
        store.delete(key)
    assert not store.exists(key)
    with pytest.raises(FileNotFoundError):
        store.local_path(key)


def test_create_only(store: objects.ObjectStore) -> None:
    store.put_bytes("a/b", b"first")
    store.put_bytes("a/b", b"second")
    assert store.get_bytes("a/b") == b"first"


def test_missing_object(store: objects.ObjectStore) -> None:
    assert not store.exists("nothing")
    for read in (store.get_bytes, store.size, store.open_stream, store.local_path):
        with pytest.raises(FileNotFoundError):
            read("nothing")


def test_large_file_streams_both_ways(store: objects.ObjectStore, tmp_path: Path) -> None:
    data = os.urandom(12 * objects.CHUNK + 17)
    digest, size = store.put_content_stream(data[i : i + 100_000] for i in range(0, len(data), 100_000))
    assert (digest, size) == (hashlib.sha256(data).hexdigest(), len(data))
    pieces = list(store.open_stream(objects.content_key(digest)))
    assert b"".join(pieces) == data
    assert len(pieces) > 1
    copy = tmp_path / "copy"
    copy.write_bytes(data)
    assert store.put_content_file(copy) == (digest, size)


def test_a_stream_that_breaks_leaves_nothing(folder: objects.ObjectStore) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        folder.put_content_stream(pieces())
    assert folder.folder is not None
    assert list(folder.folder.iterdir()) == []


def test_many_writers_of_one_content(folder: objects.ObjectStore) -> None:
    writers = [threading.Thread(target=folder.put_content, args=(b"same" * 1000,)) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert folder.get_bytes(objects.content_key(hashlib.sha256(b"same" * 1000).hexdigest())) == b"same" * 1000


@pytest.mark.parametrize("url", ["s3://", "ftp://x/y", "s3://bucket?endpiont=http://x"])
def test_a_bad_address_is_named(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="STORAGE_URL"):
        objects.ObjectStore(url, tmp_path)


def test_an_unreachable_store_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    store = objects.ObjectStore("s3://bucket?endpoint=http://127.0.0.1:9&region=us-east-1", tmp_path)
    with pytest.raises(ValueError, match="STORAGE_URL: the object store does not answer"):
        store.check()
