"""From what was asked to what is sent: one request for each model that may answer, in their order."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from monitoring.gateway import facts, serving
from monitoring.gateway.admission import Caller
from monitoring.gateway.asked import CHAT, EMBEDDINGS, RESPONSES, Asked
from monitoring.gateway.facts import Facts, Patience
from monitoring.gateway.refusals import Refused, of_problem, of_provider
from monitoring.gateway.serving import PREFIX, Served
from variorum.inference import calls
from variorum.inference.shapes import AdapterRef, ProviderError, Target
from variorum.lib.errors import Problem
from variorum_client.formats import RenderError

UNSAID_TOKENS = 500  # of an answer whose length nobody bounded, as an estimate
LENGTHS = ("max_completion_tokens", "max_output_tokens", "max_tokens")
PLACE = "\x02variorum: the conversation goes here\x03"


@dataclass(frozen=True)
class Attempt:
    """One request that may be sent. `body` is JSON."""

    name: str
    target: Target
    endpoint: str
    headers: Mapping[str, str]
    body: bytes
    adapter: AdapterRef | None = None
    project_id: int = 0  # who asks; the target may be shared

    @property
    def url(self) -> str:
        """Where it goes."""
        return f"{self.target.base_url.rstrip('/')}/{self.endpoint}"


@dataclass(frozen=True)
class Plan:
    """What a call does, and what its log says."""

    attempts: list[Attempt]
    patience: Patience
    environment: str
    cache_seconds: int
    log: dict[str, Any]
    served: Served | None = None
    overridden: list[str] = field(default_factory=list)
    given: int = 0  # tokens that are sent, as an estimate
    tokens: int = 0
    cost: Decimal | None = None


def make(caller: Caller, asked: Asked) -> Plan:
    """Raises Refused."""
    known = facts.of(caller.project)
    place = serving.environment(caller.key, known.environments, asked.environment)
    route = known.routes.get(asked.model)
    served, first, overridden, log = None, asked.model, list[str](), dict[str, Any]()
    body = asked.body
    try:
        if asked.model.startswith(PREFIX):
            served = serving.choose(known, place, asked.model.removeprefix(PREFIX), asked.context)
            first = served.prompt.model or ""
            if not first:
                raise Refused(400, "The prompt names no model.", "no_model", param="model")
            body, overridden, log = _filled(asked, served)
        names = [first, *(route.fallbacks if route else [])]
        attempts = [_attempt(known, name, asked, body, served if name == first else None) for name in names]
    except ProviderError as error:
        raise of_provider(error) from None
    except Problem as problem:
        raise of_problem(problem) from None
    cache = asked.cache if asked.cache is not None else route.cache_seconds if route else 0
    given, tokens, cost = _estimate(asked, body, attempts)
    return Plan(attempts, known.patience, place.slug, cache, log, served, overridden, given, tokens, cost)


def _attempt(known: Facts, name: str, asked: Asked, body: dict[str, Any], served: Served | None) -> Attempt:
    target = known.target(name)
    request = calls.Request(target, [], {}, served.adapter if served else None)
    sent = {**body, "model": request.body["model"]}
    if asked.stream and asked.endpoint == CHAT:
        given = sent.get("stream_options")
        sent["stream_options"] = {**(given if isinstance(given, dict) else {}), "include_usage": True}
    return Attempt(name, target, asked.endpoint, request.headers, dump(sent), request.adapter, known.project.pk)


def dump(value: Any) -> bytes:
    """JSON as compact bytes; half surrogates stay escaped, as they came."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def _filled(asked: Asked, served: Served) -> tuple[dict[str, Any], list[str], dict[str, Any]]:
    """The body with the prompt's messages and settings, which of those the request overrode, and the log's input."""
    if asked.endpoint == EMBEDDINGS:
        raise Refused(400, "A prompt has no embedding; name a provider's model.", "wrong_model", param="model")
    messages = _messages(asked, served)
    settings = calls.Request(Target("", served.prompt.model or "", ""), [], served.prompt.config, None).body
    own = {name: value for name, value in settings.items() if name not in {"model", "messages", "stream"}}
    explicit = {name: value for name, value in asked.body.items() if name not in {"model", "messages", "input"}}
    overridden = sorted(own.keys() & explicit.keys())
    if any(name in explicit for name in LENGTHS):
        own = {name: value for name, value in own.items() if name not in LENGTHS}
    if asked.endpoint == RESPONSES:
        own = {("max_output_tokens" if name in LENGTHS else name): value for name, value in own.items()}
        filled = {"input": [_as_item(message) for message in messages]}
    else:
        filled = {"messages": messages}
    return {**own, **explicit, **filled}, overridden, {"variables": asked.variables}


def _messages(asked: Asked, served: Served) -> list[Any]:
    """The prompt's messages with the caller's own where the conversation belongs."""
    given = asked.body.get("messages" if asked.endpoint == CHAT else "input") or []
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    if not isinstance(given, list):
        raise Refused(400, "The messages must be a list.", "invalid_type", param="messages")
    history = [{"role": "user", "content": PLACE}] if given else []
    try:
        made: list[Any] = served.prompt.messages(asked.variables, history=history)
    except RenderError as error:
        where = f"variorum.variables.{error.variable}" if error.variable else "variorum.variables"
        raise Refused(400, str(error)[:1000], error.code, param=where) from None
    at = next((at for at, message in enumerate(made) if message.get("content") == PLACE), len(made))
    return [*made[:at], *given, *made[at + 1 :]]


def _as_item(message: Any) -> Any:
    """A chat message as an item of the Responses API; items of that API stay as they are."""
    if not isinstance(message, dict) or "role" not in message or not isinstance(message.get("content"), list):
        return message
    return {**message, "content": [_as_part(part, message["role"]) for part in message["content"]]}


def _as_part(part: Any, role: str) -> Any:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "text":
        return {"type": "output_text" if role == "assistant" else "input_text", "text": part["text"]}
    if kind == "image_url" and isinstance(part["image_url"], dict):
        return {"type": "input_image", "image_url": part["image_url"]["url"]}
    return part


def _estimate(asked: Asked, body: dict[str, Any], attempts: list[Attempt]) -> tuple[int, int, Decimal | None]:
    """Tokens that are sent, and tokens and dollars that a call may use.

    Four bytes a token, the longest answer allowed, the dearest model.
    """
    given = len(attempts[0].body) // 4
    lengths = [body[name] for name in LENGTHS if isinstance(body.get(name), int | float) and body[name] > 0]
    asked_for = int(min(max(lengths, default=UNSAID_TOKENS), 10**9))  # the longest: endpoints differ in which they obey
    copies = body.get("n") if isinstance(body.get("n"), int) else 1
    answer = 0 if asked.endpoint == EMBEDDINGS else asked_for * max(1, min(copies or 1, 128))
    costs = [cost_of(attempt.target, given, answer) for attempt in attempts]
    known = [cost for cost in costs if cost is not None]
    return given, min(given + answer, 10**9), max(known) if len(known) == len(costs) else None


def cost_of(target: Target, given: int | None, made: int | None) -> Decimal | None:
    """US dollars, None when unknown. An embedding makes no tokens, so its price of output need not be known."""
    if made == 0 and target.output_price is None and target.input_price is not None:
        return calls.cost_of(Target("", "", "", "", target.input_price, Decimal(0)), given, 0)
    return calls.cost_of(target, given, made)
