"""One call: ask, pass on what comes, and say in the end what it was."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson

from monitoring.gateway import plans, upstream
from monitoring.gateway.asked import CHAT, EMBEDDINGS, RESPONSES
from monitoring.gateway.keeping import MOST_ANSWER, Kept
from monitoring.gateway.plans import Attempt
from monitoring.gateway.preparing import Prepared
from monitoring.gateway.recording import Finished
from monitoring.gateway.refusals import Refused, shutting_down
from monitoring.gateway.relay import Relay, TooLong
from monitoring.gateway.secret import Veil
from monitoring.gateway.tally import Tally
from monitoring.gateway.upstream import Answer, Clock, Upstreams
from monitoring.logs.entries import MAX_TAGS
from variorum.lib.asgi import Send
from variorum.lib.ids import uuid7

TAG = "gateway"  # of every log made here, so that they are found
STREAM = b"text/event-stream"
PASSED = frozenset(
    {b"retry-after", b"retry-after-ms", b"x-should-retry", b"x-request-id", b"openai-processing-ms", b"openai-version"}
)
MOST_UNSENT = 65_536  # bytes of events that are held while more is at hand
PASSED_FAMILY = b"x-ratelimit-"
REACHED_NOBODY = frozenset(
    {"circuit_open", "ConnectError", "overloaded", "too_many_calls", "private_address", "unknown_host"}
)
Headers = list[tuple[bytes, bytes]]


class Exchange:
    """The life of one call. `ended` is done, cut, refused or caller_gone."""

    def __init__(self, prepared: Prepared, send: Send) -> None:
        self.prepared, self._send = prepared, send
        self.id = uuid7()
        self.started_at = datetime.now(tz=UTC)
        self._began = time.monotonic()
        self._clock = Clock(prepared.plan.patience)
        self.tally = Tally(prepared.asked.endpoint)
        self.attempt: Attempt = prepared.kept.attempt if prepared.kept else prepared.plan.attempts[0]
        self.to_keep: Kept | None = None
        self.begun = False
        self._ended = "caller_gone"  # until something else is known
        self._error = ""
        self._status = 0
        self._first_ms: float | None = None
        self._unsent: list[bytes] = []
        self._unsent_size = 0
        self._gathered: list[bytes] = []
        self._gathered_size = 0

    async def run(self, upstreams: Upstreams, extra: Mapping[str, str]) -> None:
        """Answer the caller. Raises Refused while nothing was sent; afterwards an error is part of the stream."""
        try:
            if self.prepared.kept is not None:
                await self._replay(self.prepared.kept)
                return
            answer = await upstreams.ask(self.prepared.plan.attempts, self._clock, extra)
            self.attempt, self._status = answer.attempt, answer.status
            try:
                self._first_ms = self._ms()
                await self._pass_on(answer)
            finally:
                await answer.close()
        except Refused as refused:
            self._ended = "cut" if self.begun or refused.code == "upstream_cut" else "refused"
            self._error = self._veil.hide_text(refused.message)
            if not self.begun:
                raise Refused(
                    refused.status,
                    self._error,
                    refused.code,
                    kind=refused.kind,
                    param=refused.param,
                    headers={**refused.headers, **{name.decode(): value.decode() for name, value in self._ours()}},
                ) from None
            await self._say(refused.event, more=False)

    async def stop(self) -> None:
        """End a call that may not go on, for the web process ends. Raises Refused while nothing was sent."""
        refused = shutting_down()
        self._ended, self._error = "cut" if self.begun else "refused", refused.message
        if not self.begun:
            raise refused
        await self._say(refused.event, more=False)

    @property
    def _veil(self) -> Veil:
        return Veil(self.attempt.target.key)

    async def _pass_on(self, answer: Answer) -> None:
        if answer.status < 300 and answer.headers.get(b"content-encoding", b"identity") != b"identity":
            raise upstream.cut(answer, "sent an answer in an encoding that was not asked for", "bad_answer")
        if answer.status < 300 and answer.content_type == STREAM and self.prepared.asked.stream:
            await self._stream(answer)
            return
        body = await upstream.whole(answer, self._clock)
        await (self._whole(answer, body) if answer.status < 300 else self._bad(answer, body))

    async def _whole(self, answer: Answer, body: bytes) -> None:
        """An answer in one piece: as it came, once it is known to be one."""
        document = _object(body)
        if document is None or not _fits(self.prepared.asked.endpoint, document):
            raise upstream.cut(answer, "answered something that is no answer of this API", "bad_answer")
        self.tally.take_document(document, len(body))
        self._ended = "done"
        await self._begin(200, answer.headers, b"application/json", length=None, body=self._veil.hide(body))
        self._keep(answer, body, "application/json")

    async def _bad(self, answer: Answer, body: bytes) -> None:
        """An upstream's error: as it came when it has OpenAI's shape. That its key is bad is not the caller's fault."""
        document = _object(body)
        error = document.get("error") if document else None
        said = error.get("message") if isinstance(error, dict) else None
        provider = answer.attempt.target.provider
        words = self._veil.hide_text(f": {said[:1000]}" if isinstance(said, str) else ".")
        self._ended, self._error = "refused", f"{provider} answered {answer.status}{words}"
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self._passed(answer.headers)}
        if answer.status == 401 or not isinstance(said, str):
            status = answer.status if 400 <= answer.status < 600 and answer.status != 401 else 502
            code = "provider_unauthorized" if answer.status == 401 else "upstream_error"
            raise Refused(status, self._error, code, kind="upstream_error", headers=headers)
        await self._begin(answer.status, answer.headers, b"application/json", length=None, body=self._veil.hide(body))

    async def _stream(self, answer: Answer) -> None:
        """Events as they come. An upstream that ends before its last event makes an error event, and no [DONE]."""
        relay = Relay(self.tally, upstream.veil_of(answer), wants_usage=self.prepared.asked.wants_usage)
        await self._begin(200, answer.headers, STREAM)
        try:
            self._unsent.append(relay.feed(self._gather(answer.first)))
            async for piece in upstream.pieces(answer, self._clock, self._say_unsent):
                self._unsent.append(relay.feed(self._gather(piece)))
                self._unsent_size += len(self._unsent[-1])
                if self._unsent_size > MOST_UNSENT:
                    await self._say_unsent()
            self._unsent.append(relay.close())
        except TooLong:
            raise upstream.cut(answer, "sent an event that does not end") from None
        if not self.tally.whole:
            raise upstream.cut(answer, "ended its answer before it was whole")
        self._ended, self._error = "done", self._veil.hide_text(self.tally.error)
        await self._say(b"", more=False)
        if self._gathered_size <= MOST_ANSWER:
            self._keep(answer, b"".join(self._gathered), STREAM.decode())

    async def _replay(self, kept: Kept) -> None:
        """An answer of before, in the way in which it first came."""
        self._ended, self._status, self._first_ms = "done", 200, self._ms()
        if kept.content_type != STREAM.decode():
            self.tally.take_document(_object(kept.body) or {}, len(kept.body))
            await self._begin(200, {}, b"application/json", length=None, body=self._veil.hide(kept.body))
            return
        relay = Relay(self.tally, self._veil, wants_usage=self.prepared.asked.wants_usage)
        await self._begin(200, {}, STREAM)
        self._unsent.append(relay.feed(kept.body) + relay.close())
        await self._say(b"", more=False)

    def _gather(self, piece: bytes) -> bytes:
        if self.prepared.digest and self._gathered_size <= MOST_ANSWER:
            self._gathered.append(piece)
            self._gathered_size += len(piece)
        return piece

    def _keep(self, answer: Answer, body: bytes, content_type: str) -> None:
        """Mark an answer to be kept: a good one of the model that was asked first."""
        good = not self.tally.error and self.tally.whole and len(body) <= MOST_ANSWER
        if self.prepared.digest and good and answer.attempt is self.prepared.plan.attempts[0]:
            self.to_keep = Kept(body, content_type, answer.attempt)

    async def _begin(
        self,
        status: int,
        headers: Mapping[bytes, bytes],
        content_type: bytes,
        *,
        length: int | None = None,
        body: bytes | None = None,
    ) -> None:
        """The head, and the body when it is known."""
        given: Headers = [(b"content-type", content_type), *self._passed(headers), *self._ours()]
        if body is not None:
            given.append((b"content-length", str(len(body)).encode()))
        else:
            given += [(b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")]
        self.begun = True
        await self._send({"type": "http.response.start", "status": status, "headers": given})
        if body is not None:
            await self._say(body, more=False)

    def _passed(self, headers: Mapping[bytes, bytes]) -> Headers:
        """What of the upstream's headers the caller gets: a list of good ones, so no cookies and nothing of the hop."""
        return [
            (name, self._veil.hide(value))
            for name, value in headers.items()
            if name in PASSED or name.startswith(PASSED_FAMILY)
        ]

    def _ours(self) -> Headers:
        plan = self.prepared.plan
        found: Headers = [(b"x-variorum-log-id", str(self.id).encode())]
        found.append((b"x-variorum-model", _plain(self.attempt.name)))
        if plan.served:
            found.append((b"x-variorum-commit", plan.served.commit.encode()))
            if plan.served.variant:
                found.append((b"x-variorum-variant", _plain(plan.served.variant)))
        if self.prepared.digest:
            found.append((b"x-variorum-cache", b"hit" if self.prepared.kept else b"miss"))
        return found

    async def _say_unsent(self) -> None:
        """Send what came together in one message, before more is waited for."""
        if any(self._unsent):
            await self._say(b"", more=True)

    async def _say(self, body: bytes, *, more: bool) -> None:
        if self._unsent:
            body = b"".join((*self._unsent, body))
            self._unsent.clear()
            self._unsent_size = 0
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    def _ms(self) -> float:
        return round((time.monotonic() - self._began) * 1000, 3)

    def finished(self) -> Finished:
        """What is told of the call afterwards."""
        tally, asked, plan = self.tally, self.prepared.asked, self.prepared.plan
        cost = plans.cost_of(self.attempt.target, tally.given, tally.made)
        kept = self.prepared.kept is not None
        posted = {
            "id": str(self.id),
            "started_at": self.started_at.isoformat(),
            "environment": plan.environment,
            "prompt": plan.served.name if plan.served else None,
            "commit": plan.served.commit if plan.served else None,
            "variant": plan.served.variant if plan.served else None,
            "adapter": (plan.served.adapter_path or None) if plan.served and self._is_own() else None,
            "model": self.attempt.name[:200],
            "latency_ms": self._ms(),
            "input": {**plan.log, **self._input()},
            "output": tally.output(),
            "error": self._error or None,
            "input_tokens": tally.given,
            "output_tokens": tally.made,
            "cost": 0.0 if kept else None if cost is None else float(cost),
            "tags": list(dict.fromkeys((TAG, *asked.tags)))[:MAX_TAGS],
            "metadata": self._metadata(),
            "user": asked.user[:200],
            "session": asked.session[:200],
        }
        used = (0, Decimal(0)) if kept else self._used(cost)
        return Finished(
            self.prepared.caller.project.pk, self.prepared.taken, posted, 1, *used, size=asked.size + tally.size
        )

    def _used(self, cost: Decimal | None) -> tuple[int | None, Decimal | None]:
        """Tokens and dollars that count; None leaves the estimate.

        An answer that nobody counted (the caller left before its end, say) counts as the estimate or by what came of
        it, at three bytes a token, whichever is more.
        """
        tally, plan = self.tally, self.prepared.plan
        if tally.given is not None and tally.made is not None:
            return tally.given + tally.made, cost
        if not tally.said:
            return (0, Decimal(0)) if self._is_free() else (None, None)
        made = tally.said // 3
        tokens, dollars = max(plan.tokens, plan.given + made), plans.cost_of(self.attempt.target, plan.given, made)
        return tokens, None if dollars is None else max(dollars, plan.cost or dollars)

    def _is_free(self) -> bool:
        """Whether nobody can have worked for the call: every try was refused, or reached nobody."""
        tries = self._clock.tries
        return bool(tries) and all(one.get("status", 0) >= 400 or one.get("error") in REACHED_NOBODY for one in tries)

    def _is_own(self) -> bool:
        return self.attempt is self.prepared.plan.attempts[0]

    def _input(self) -> dict[str, Any]:
        body = orjson.loads(self.prepared.plan.attempts[0].body)
        if self.prepared.asked.endpoint == CHAT:
            return {"messages": _messages(body.get("messages"))}
        given = body.get("input")
        if isinstance(given, str):
            return {"text": given}
        if self.prepared.asked.endpoint == RESPONSES:
            return {"messages": _messages(given)}
        texts = [one for one in given if isinstance(one, str)] if isinstance(given, list) else []
        return {"text": "\n".join(texts)} if texts else {}

    def _metadata(self) -> dict[str, Any]:
        asked, plan, tries = self.prepared.asked, self.prepared.plan, self._clock.tries
        found: dict[str, Any] = {"gateway": asked.endpoint, "ended": self._ended, "stream": asked.stream}
        found |= {"asked_for": asked.model, "key": self.prepared.caller.key.prefix, "status": self._status}
        found |= {"first_byte_ms": self._first_ms, "finish_reason": self.tally.finish, "answered_by": self.tally.model}
        found |= {"tries": tries if len(tries) > 1 else None, "overridden": plan.overridden}
        found["cache"] = "hit" if self.prepared.kept else "miss" if self.prepared.digest else None
        found = {name: value for name, value in found.items() if value not in (None, "", [], 0)}
        context = asked.told_context
        return {**found, "context": context} if context is not None and (context or plan.served) else found


def _plain(text: str) -> bytes:
    """As the value of a header."""
    return "".join(one if one.isprintable() else "?" for one in text).strip().encode("ascii", "replace")


def _messages(messages: Any) -> list[dict[str, Any]]:
    """Messages and other items as a log takes them: each with a role."""
    found = messages if isinstance(messages, list) else []
    return [
        one if isinstance(one.get("role"), str) else {"role": str(one.get("type") or "item"), "content": one}
        for one in found
        if isinstance(one, dict)
    ]


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _fits(endpoint: str, document: dict[str, Any]) -> bool:
    """Whether a document is an answer at all."""
    if endpoint == CHAT:
        return isinstance(document.get("choices"), list) and bool(document["choices"])
    if endpoint == EMBEDDINGS:
        return isinstance(document.get("data"), list)
    return isinstance(document.get("output"), list) or "status" in document
