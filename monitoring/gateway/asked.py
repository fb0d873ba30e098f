"""What a caller asks: the OpenAI request as it came, and what it says to us alone in `variorum` or in headers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from monitoring.gateway.refusals import Refused, of_problem
from variorum.deployments.rule_trial import MAX_CONTEXT_BYTES, MAX_CONTEXT_DEPTH, checked_context
from variorum.lib.errors import Invalid, Problem
from variorum.lib.parsers import parse_json

CHAT, RESPONSES, EMBEDDINGS = "chat/completions", "responses", "embeddings"
OURS = "variorum"
MEMBERS = {"variables": dict, "context": dict, "environment": str, "session": str, "tags": list, "cache": int}
HEADERS = {name: f"x-variorum-{name}".encode() for name in ("variables", "context", "environment", "session", "cache")}
TO_UPSTREAM = ("openai-beta", "idempotency-key")  # headers that go upstream as they came
LONGEST_CACHE = 30 * 86_400


@dataclass(frozen=True)
class Asked:
    """A request. `body` is the caller's, less `variorum`; `cache` the seconds asked for, 0 for never, None for unsaid.

    `passed` are the headers that go upstream. `context` has `targetingKey` from the request's own `user` when it names
    none.
    """

    endpoint: str
    body: dict[str, Any]
    size: int
    variables: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    environment: str = ""
    session: str = ""
    tags: tuple[str, ...] = ()
    cache: int | None = None
    passed: Mapping[str, str] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """As the caller names it."""
        return str(self.body["model"])

    @property
    def stream(self) -> bool:
        """Whether the answer is wanted piece by piece."""
        return self.body.get("stream") is True

    @property
    def wants_usage(self) -> bool:
        """Whether a stream shall end with what it used."""
        options = self.body.get("stream_options")
        return isinstance(options, dict) and options.get("include_usage") is True

    @property
    def user(self) -> str:
        """Whom the app asks for."""
        found = self.body.get("user") or self.body.get("safety_identifier") or self.context.get("targetingKey")
        return found if isinstance(found, str) else ""

    @property
    def told_context(self) -> dict[str, Any] | None:
        """What rules look at, as the log tells it; None where a `user` longer than a context was taken for the key."""
        key = self.context.get("targetingKey")
        return None if isinstance(key, str) and len(key) > MAX_CONTEXT_BYTES else self.context


def read(endpoint: str, raw: bytes, headers: Mapping[bytes, bytes]) -> Asked:
    """Raises Refused, which names the member at fault."""
    try:
        body = parse_json(raw, check_texts=False)
    except Problem as problem:
        raise of_problem(problem) from None
    if not isinstance(body, dict):
        raise Refused(400, "The body must be a JSON object.", "invalid_json")
    model = body.get("model")
    if not isinstance(model, str) or not model or len(model) > 263:
        raise Refused(400, "you must provide a model parameter", "missing_required_parameter", param="model")
    if not model.isprintable():
        raise Refused(400, "The model's name must be one line of plain letters.", "invalid_value", param="model")
    given = _ours(body.pop(OURS, None), headers)
    context = given.pop("context", {})
    asked = Asked(endpoint, body, len(raw), context=context, passed=_passed(headers), **given)
    if asked.user and "targetingKey" not in context:
        context["targetingKey"] = asked.user
    return asked


def _ours(member: Any, headers: Mapping[bytes, bytes]) -> dict[str, Any]:
    """What is said to us: headers first, then the body's member, which wins."""
    if member is not None and not isinstance(member, dict):
        raise _wrong("", "an object")
    found = {**_of_headers(headers), **(member or {})}
    for name, value in found.items():
        kind = MEMBERS.get(name)
        if kind is None:
            raise Refused(400, f"There is no variorum.{name[:60]}.", "unknown_parameter", param=f"{OURS}.{name[:60]}")
        if not isinstance(value, kind) or isinstance(value, bool):
            words = {dict: "an object", list: "a list of texts", int: "a whole number of seconds", str: "a text"}
            raise _wrong(name, words[kind])
    if "tags" in found:
        if len(found["tags"]) > 20 or not all(isinstance(tag, str) and 1 <= len(tag) <= 100 for tag in found["tags"]):
            raise _wrong("tags", "a list of at most 20 texts")
        found["tags"] = tuple(found["tags"])
    if "cache" in found:
        found["cache"] = min(max(found["cache"], 0), LONGEST_CACHE)
    _check_context(found.get("context", {}))
    return found


def _of_headers(headers: Mapping[bytes, bytes]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, header in HEADERS.items():
        if (raw := headers.get(header)) is None:
            continue
        if MEMBERS[name] is str:
            found[name] = _plain(header.decode(), raw.decode("utf-8", "replace"))
            continue
        try:
            found[name] = parse_json(raw)
        except Problem:
            raise _wrong(name, "JSON") from None
    return found


def _passed(headers: Mapping[bytes, bytes]) -> dict[str, str]:
    """The headers that go upstream. Raises Refused."""
    return {
        name: _plain(name, headers[name.encode()].decode("latin-1")) for name in TO_UPSTREAM if name.encode() in headers
    }


def _plain(name: str, value: str) -> str:
    """Raises Refused for a header with anything but plain letters."""
    if not value.isprintable():
        raise Refused(400, f"The header {name} must be one line of plain letters.", "invalid_value", param=name)
    return value


def _check_context(context: dict[str, Any]) -> None:
    try:
        checked_context(context)
    except Invalid:
        size, depth = MAX_CONTEXT_BYTES // 1000, MAX_CONTEXT_DEPTH
        raise _wrong("context", f"an object of at most {size} KB and {depth} levels") from None


def _wrong(name: str, words: str) -> Refused:
    where = f"{OURS}.{name}" if name else OURS
    return Refused(400, f"{where} must be {words}.", "invalid_type", param=where)
