"""git upload-pack as a child process whose output goes to the caller as fast as the caller takes it, and no faster."""

import asyncio
import logging
import os
import re
import signal
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

from variorum.lib.asgi import Receive, Send
from variorum.lib.errors import Invalid, Unavailable
from variorum.repos import git
from variorum.repos.transport.pktlines import FLUSH

log = logging.getLogger(__name__)
CHUNK = 256 * 1024
SILENCE = 600.0  # seconds in which git may think without a word
SEND_PATIENCE = 60.0  # seconds in which the caller must take a piece
LONGEST = 3600.0
CONFIG = (
    *("-c", "uploadpack.allowFilter=true"),
    *("-c", "uploadpack.allowAnySHA1InWant=true"),  # as version 2 has it; a partial clone asks for single blobs
    *("-c", "uploadpack.hideRefs=refs/variorum/"),
    *("-c", "uploadpack.keepAlive=5"),
)
# What git says of a request that it cannot read (serve.c, upload-pack.c, pkt-line.c).
NOT_ASKED = re.compile(rb"protocol error|hung up unexpectedly|unknown capability|invalid command|unexpected line")
Headers = list[tuple[bytes, bytes]]


async def upload_pack(
    path: Path,
    options: list[str],
    receive: Receive,
    send: Send,
    headers: Headers,
    *,
    env: dict[str, str],
    stdin: IO[bytes] | None = None,
    start: bytes = b"",
) -> None:
    """Run it and stream what it says after `start`. The process ends with the caller. When it says nothing at all,
    raises Invalid if the request (`stdin`) is to blame, else Unavailable."""
    with tempfile.TemporaryFile() as complaint:
        process = await asyncio.create_subprocess_exec(
            *_line(path, options),
            stdin=stdin if stdin is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=complaint,
            env={**git.environment(), **env},
            start_new_session=True,
            limit=CHUNK,
        )
        asked = complaint if stdin is not None else None
        await _finish(process, asyncio.ensure_future(_pass_on(process, send, headers, start, asked)), receive)


async def _finish(process: asyncio.subprocess.Process, work: asyncio.Future[None], receive: Receive) -> None:
    """Wait for the work, no longer than the caller is there; the process has ended then."""
    gone = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({work, gone}, timeout=LONGEST, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
    finally:
        for task in (work, gone):
            task.cancel()
        await asyncio.gather(work, gone, return_exceptions=True)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def capabilities(path: Path) -> bytes:
    """What version 2 of the protocol says first; the same for every repository. Raises Unavailable."""
    process = await asyncio.create_subprocess_exec(
        *_line(path, ["--advertise-refs"]),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**git.environment(), "GIT_PROTOCOL": "version=2"},
    )
    said, _ = await process.communicate()
    if process.returncode or not said.endswith(FLUSH):
        raise _silent()
    return said


def _line(path: Path, options: list[str]) -> list[str]:
    line = git.command(path, "upload-pack", "--stateless-rpc", *options, str(path))
    return [line[0], *CONFIG, *line[1:]]


def _silent() -> Unavailable:
    return Unavailable("The repository cannot be read now. Try again in a moment.", headers={"Retry-After": "5"})


async def _pass_on(
    process: asyncio.subprocess.Process, send: Send, headers: Headers, start: bytes, complaint: IO[bytes] | None
) -> None:
    piece = await _read(process)
    if not piece:
        code = await process.wait()
        if complaint is not None and (code == 0 or NOT_ASKED.search(os.pread(complaint.fileno(), 1000, 0))):
            raise Invalid("The request is not in Git's format: it asks for nothing that upload-pack knows.")
        log.error("git upload-pack ended with %s and without a word", code)
        raise _silent()
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    piece = start + piece
    while piece:
        await _send(send, piece, more=True)
        piece = await _read(process)
    await _send(send, b"", more=False)


async def _read(process: asyncio.subprocess.Process) -> bytes:
    return await asyncio.wait_for(process.stdout.read(CHUNK), SILENCE) if process.stdout else b""


async def _send(send: Send, piece: bytes, *, more: bool) -> None:
    await asyncio.wait_for(send({"type": "http.response.body", "body": piece, "more_body": more}), SEND_PATIENCE)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
