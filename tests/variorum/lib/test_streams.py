"""Kept connections on asyncio: pieces, timeouts, what is heard before a wait, and TLS."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from variorum.lib.streams import Backend, Waiting, waiting

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for localhost, and one that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(tz=UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "server.pem"
    file.write_bytes(secret + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cadata=pem.decode())


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def asked(talk: Talk, use: Callable[[httpcore.AsyncConnectionPool, str], Awaitable[None]], **tls) -> None:
    """Serve with `talk`, and have `use` ask."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls.get("server"))
    scheme = "https" if tls else "http"
    url = f"{scheme}://localhost:{server.sockets[0].getsockname()[1]}/"
    async with server, httpcore.AsyncConnectionPool(ssl_context=tls.get("client"), network_backend=Backend()) as pool:
        await asyncio.wait_for(use(pool, url), 60)


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_large_answer_comes_whole_over_a_kept_connection(tmp_path, encrypted):
    large = bytes(range(256)) * 20_000
    connections = []

    async def talk(reader, writer):
        connections.append(writer)
        for _ in range(2):
            await reader.readuntil(b"\r\n\r\n")
            got = await reader.readexactly(len(large))
            writer.write(HEAD + chunk(got) + b"0\r\n\r\n")
            await writer.drain()

    async def use(pool, url):
        for _ in range(2):
            response = await pool.request("POST", url, content=large)
            assert response.content == large
        for _ in range(1000):
            if not pool.connections or pool.connections[0].has_expired():  # the server has closed it
                return
            await asyncio.sleep(0.01)
        pytest.fail("The end was not noticed.")

    server, client = certificate(tmp_path) if encrypted else (None, None)
    asyncio.run(asked(talk, use, **({"server": server, "client": client} if encrypted else {})))
    assert len(connections) == 1


def test_an_unknown_certificate_is_refused(tmp_path):
    async def talk(reader, writer):
        writer.close()

    async def use(pool, url):
        with pytest.raises(httpcore.ConnectError):
            await pool.request("GET", url)

    server, _ = certificate(tmp_path)
    asyncio.run(asked(talk, use, server=server, client=ssl.create_default_context()))


def test_what_came_together_is_told_before_a_wait_and_silence_ends_it():
    heard: list[list[bytes]] = []

    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + chunk(b"one") + chunk(b"two"))
        await reader.read()

    async def use(pool, url):
        found: list[bytes] = []

        async def before() -> None:
            heard.append(list(found))

        async with pool.stream("GET", url) as response:
            waiting.set(Waiting(before, lambda: 0.05))
            with pytest.raises(httpcore.ReadTimeout):  # noqa: PT012  (the loop is what raises)
                async for piece in response.aiter_stream():
                    found.append(piece)  # noqa: PERF401  (it is looked at meanwhile)

    asyncio.run(asked(talk, use))
    assert heard[-1] == [b"one", b"two"]


def test_a_connection_that_breaks_raises_and_a_closed_door_too():
    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + chunk(b"one"))
        await writer.drain()
        writer.transport.abort()

    async def use(pool, url):
        with pytest.raises((httpcore.RemoteProtocolError, httpcore.ReadError)):
            await pool.request("GET", url)

    asyncio.run(asked(talk, use))
    with pytest.raises(httpcore.ConnectError):
        asyncio.run(Backend().connect_tcp("127.0.0.1", 1, timeout=5))
