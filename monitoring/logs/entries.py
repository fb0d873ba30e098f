"""Reads a posted batch by hand: no serializer per log, every fault named by log and field, all or nothing."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.conf import settings

from variorum.lib.errors import Detail, Invalid
from variorum.lib.ids import uuid7_time
from variorum.lib.parsers import MAX_DEPTH, parse_json, unstorable

MAX_LOGS = 1000
MAX_ERRORS = 100
MAX_TEXT = 2_000_000  # bytes of one log's input, output, error, reference and metadata together
MAX_TAGS = 20
AHEAD = timedelta(hours=1)
APART = timedelta(days=1)
NAMES = {
    "prompt": 200,
    "environment": 63,
    "commit": 64,
    "variant": 200,
    "model": 200,
    "adapter": 200,
    "user": 200,
    "session": 200,
}
TEXTS = ("input", "output", "error", "reference", "metadata")
FIELDS = frozenset({"id", "started_at", "latency_ms", "input_tokens", "output_tokens", "cost", "tags", *NAMES, *TEXTS})
INPUT_PARTS = {"variables": dict, "messages": list, "text": str}
NO_ID = UUID(int=0)  # stands for one that could not be read
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_exact = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class Entry(NamedTuple):
    """A checked log, ready for COPY: `day` is the partition, `tags` an array literal, `texts` JSON in UTF-8."""

    project_id: int
    day: date
    id: UUID
    started_at: datetime
    prompt: str
    environment: str
    commit: str
    model: str
    adapter: str
    failed: bool
    latency_ms: float | None
    input_tokens: int | None
    output_tokens: int | None
    cost: Decimal | None
    tags: str
    end_user: str
    session: str
    variant: str
    texts: bytes


def read_entries(body: bytes, *, project_id: int, now: datetime | None = None) -> list[Entry]:
    """The logs of a request body `{"logs": [...]}`. Raises Invalid with up to MAX_ERRORS faults, each named."""
    value, dumps = _parse(body)
    logs = _logs_of(value)
    batch = _Batch(project_id, now or datetime.now(tz=UTC), dumps)
    entries = [batch.entry(index, raw) for index, raw in enumerate(logs)]
    if batch.errors:
        count = batch.faults
        text = f"{batch.errors[0]['where']}: {batch.errors[0]['detail']}"
        more = f" ({count} faults in all.)" if count > 1 else ""
        raise Invalid(f"No log was stored. {text}{more}", code="invalid_logs", errors=batch.errors)
    return entries


def _parse(body: bytes) -> tuple[Any, Callable[[Any], bytes]]:
    """The JSON in a body, and what writes parts of it again.

    orjson takes a fifth of the time of Python's own parser and writer, and refuses lone surrogates, NaN and infinite
    numbers without saying where; what it refuses is read again by the slow ones, which let us say it.
    """
    try:
        return orjson.loads(body), orjson.dumps
    except orjson.JSONDecodeError:
        slow = parse_json(body, check_texts=False, check_numbers=False, max_depth=None)
        return slow, lambda texts: _exact.encode(texts).encode()


def _logs_of(value: Any) -> list[Any]:
    logs = value.get("logs") if isinstance(value, dict) else None
    if not isinstance(logs, list) or set(value) != {"logs"}:
        raise _invalid("logs", "invalid", 'Send {"logs": [...]}.')
    if not 1 <= len(logs) <= MAX_LOGS:
        raise _invalid("logs", "wrong_count", f"Send 1 to {MAX_LOGS} logs at once; these are {len(logs)}.")
    return logs


def _invalid(where: str, code: str, detail: str) -> Invalid:
    return Invalid(detail, errors=[{"where": where, "code": code, "detail": detail}])


def _deeper(values: list[Any], limit: int) -> bool:
    """Whether lists and objects nest deeper than `limit` below these."""
    for _ in range(limit):
        values = [
            inner
            for value in values
            for inner in (value.values() if isinstance(value, dict) else value)
            if isinstance(inner, (dict, list))
        ]
        if not values:
            return False
    return True


class _Batch:
    """The faults found so far, and what the logs of one request share."""

    def __init__(self, project_id: int, now: datetime, dumps: Callable[[Any], bytes]) -> None:
        self.project_id = project_id
        self.dumps = dumps
        self.latest = now + AHEAD
        self.oldest = now - timedelta(days=settings.LOG_RETENTION_DAYS)
        self.errors: list[Detail] = []
        self.faults = 0
        self.good_names: set[str] = set()

    def bad(self, index: int, field: str, code: str, detail: str) -> None:
        self.faults += 1
        if len(self.errors) < MAX_ERRORS:
            where = f"logs.{index}.{field}" if field else f"logs.{index}"
            self.errors.append({"where": where, "code": code, "detail": detail})

    def entry(self, index: int, raw: Any) -> Entry:
        """Check one log. After a fault the entry is filler: nothing of the batch is stored."""
        if not isinstance(raw, dict):
            self.bad(index, "", "invalid", "A log is an object.")
            raw = {}
        elif not raw.keys() <= FIELDS:
            for name in sorted(raw.keys() - FIELDS):
                self.bad(
                    index, name[:100], "unknown_field", "There is no such field; put what is your own in metadata."
                )
        id_, moment = self._id(index, raw.get("id"))
        started = self._started(index, raw.get("started_at"), moment, id_)
        names = {name: self._name(index, name, raw.get(name)) for name in NAMES}
        if not names["environment"]:
            self.bad(index, "environment", "required", 'Name the environment, as in "production".')
        return Entry(
            project_id=self.project_id,
            day=(moment or started).date(),
            id=id_,
            started_at=started,
            prompt=names["prompt"],
            environment=names["environment"],
            commit=names["commit"],
            model=names["model"],
            adapter=names["adapter"],
            failed=bool(raw.get("error")),
            latency_ms=self._number(index, "latency_ms", raw.get("latency_ms")),
            input_tokens=self._count(index, "input_tokens", raw.get("input_tokens")),
            output_tokens=self._count(index, "output_tokens", raw.get("output_tokens")),
            cost=self._cost(index, raw.get("cost")),
            tags=self._tags(index, raw.get("tags")),
            end_user=names["user"],
            session=names["session"],
            variant=names["variant"],
            texts=self._texts(index, raw),
        )

    def _id(self, index: int, raw: Any) -> tuple[UUID, datetime | None]:
        """The id, and the moment in it when it is a version 7 UUID."""
        try:
            if not isinstance(raw, str) or len(raw) not in (32, 36):
                raise ValueError
            id_ = UUID(raw)
        except ValueError:
            code, text = ("required", "Give each log an id") if raw is None else ("invalid", "This is not a UUID")
            self.bad(index, "id", code, f"{text}; make it where the call is made (a UUID, best of version 7).")
            return NO_ID, None
        moment = uuid7_time(id_)
        if moment is not None and not self.oldest <= moment <= self.latest:
            self.bad(index, "id", *self._off(f"The time in this version 7 id ({moment:%Y-%m-%d %H:%M} UTC)", moment))
        return id_, moment

    def _off(self, what: str, moment: datetime) -> tuple[str, str]:
        if moment > self.latest:
            return "in_future", f"{what} lies in the future. Set the clock of the machine that sends this."
        days = settings.LOG_RETENTION_DAYS
        return "too_old", f"{what} is older than the {days} days for which logs are kept here."

    def _started(self, index: int, raw: Any, moment: datetime | None, id_: UUID) -> datetime:
        """When the call began: as given, else the moment in the id."""
        if raw is None:
            if moment is None and id_ is not NO_ID:
                self.bad(
                    index, "started_at", "required", "Give started_at: this id holds no time (only version 7 does)."
                )
            return moment or self.latest
        started = self._time(raw)
        if started is None:
            self.bad(index, "started_at", "invalid", "Write the time as 2026-01-31T12:00:00Z, with its zone.")
            return self.latest
        if not self.oldest <= started <= self.latest:
            self.bad(index, "started_at", *self._off("This time", started))
        elif moment is not None and abs(started - moment) > APART:
            text = f"It is more than a day from the time in the id ({moment:%Y-%m-%d %H:%M} UTC)."
            self.bad(index, "started_at", "not_id_time", text)
        return started

    @staticmethod
    def _time(raw: Any) -> datetime | None:
        try:
            found = datetime.fromisoformat(raw)
            return found.astimezone(UTC) if found.tzinfo else None
        except (ValueError, TypeError, OverflowError):
            return None

    def _name(self, index: int, field: str, raw: Any) -> str:
        if raw is None:
            return ""
        if not isinstance(raw, str):
            self.bad(index, field, "invalid", "This must be a text.")
            return ""
        if len(raw) > NAMES[field]:
            self.bad(index, field, "too_long", f"This may have {NAMES[field]} characters.")
        elif raw not in self.good_names:
            if _CONTROL.search(raw):
                self.bad(index, field, "invalid_text", "This holds a control character or half a surrogate pair.")
            self.good_names.add(raw)
        return raw

    def _number(self, index: int, field: str, raw: Any, most: float = 1e9) -> float | None:
        if raw is None:
            return None
        if type(raw) not in (int, float) or not 0 <= raw <= most:
            self.bad(index, field, "invalid", f"This must be a number from 0 to {most:,.0f}.")
            return None
        return float(raw)

    def _count(self, index: int, field: str, raw: Any) -> int | None:
        if raw is not None and (type(raw) is not int or not 0 <= raw < 2**31):
            self.bad(index, field, "invalid", "This must be a whole number from 0 to 2147483647.")
            return None
        return raw

    def _cost(self, index: int, raw: Any) -> Decimal | None:
        value = self._number(index, "cost", raw, 1e6)
        return None if value is None else round(Decimal(repr(value)), 9)

    def _tags(self, index: int, raw: Any) -> str:
        if raw is None or raw == []:
            return "{}"
        if not isinstance(raw, list) or len(raw) > MAX_TAGS:
            self.bad(index, "tags", "invalid", f"This must be a list of at most {MAX_TAGS} texts.")
            return "{}"
        for tag in raw:
            if not isinstance(tag, str) or not 1 <= len(tag) <= 100 or _CONTROL.search(tag):
                self.bad(index, "tags", "invalid", "A tag is a text of 1 to 100 characters without control characters.")
                return "{}"
        quoted = (tag.replace("\\", r"\\").replace('"', r"\"") for tag in dict.fromkeys(raw))
        return '{"' + '","'.join(quoted) + '"}'

    def _texts(self, index: int, raw: dict[str, Any]) -> bytes:
        texts = {name: raw[name] for name in TEXTS if raw.get(name) is not None}
        self._check_input(index, texts)
        for name, kind, word in (
            ("error", str, "a text"),
            ("reference", str, "a text"),
            ("metadata", dict, "an object"),
        ):
            if name in texts and not isinstance(texts[name], kind):
                self.bad(index, name, "invalid", f"This must be {word}.")
        return self._encoded(index, texts)

    def _check_input(self, index: int, texts: dict[str, Any]) -> None:
        given = texts.get("input")
        if isinstance(given, str):
            texts["input"] = {"text": given}
        elif isinstance(given, dict) and given.keys() <= INPUT_PARTS.keys():
            for name, part in given.items():
                if not isinstance(part, INPUT_PARTS[name]):
                    self.bad(index, f"input.{name}", "invalid", "variables is an object, messages a list, text a text.")
            self._check_messages(index, given.get("messages"))
        elif given is not None:
            self.bad(index, "input", "invalid", "This must be a text, or an object of variables, messages and text.")

    def _check_messages(self, index: int, messages: Any) -> None:
        for place, message in enumerate(messages if isinstance(messages, list) else ()):
            if not isinstance(message, dict) or not isinstance(message.get("role"), str):
                self.bad(
                    index, f"input.messages.{place}", "invalid", 'A message is {"role": "user", "content": "..."}.'
                )

    def _encoded(self, index: int, texts: dict[str, Any]) -> bytes:
        """The texts as JSON in UTF-8, which holds neither NUL, half a surrogate pair nor an infinite number."""
        if _deeper([texts], MAX_DEPTH):
            self.bad(index, "", "too_deep", f"Its texts nest deeper than {MAX_DEPTH} levels.")
            return b"{}"
        try:
            blob = self.dumps(texts)
        except ValueError as exc:  # a lone surrogate (UnicodeEncodeError), or 1e999
            return self._refuse(index, texts, isinstance(exc, UnicodeEncodeError))
        if b"\\u0000" in blob and unstorable(texts):
            return self._refuse(index, texts, True)
        if len(blob) > MAX_TEXT:
            text = f"Its texts have {len(blob):,} bytes; {MAX_TEXT:,} are allowed."
            self.bad(index, "", "too_large", text)
        return blob

    def _refuse(self, index: int, texts: dict[str, Any], unwritable: bool) -> bytes:
        for name, value in texts.items():
            if unwritable and unstorable(value):
                self.bad(
                    index, name, "invalid_text", "This holds a NUL or half a surrogate pair, which cannot be stored."
                )
        if not unwritable:
            self.bad(index, "", "invalid", "A number in it is too large to be stored.")
        return b"{}"
