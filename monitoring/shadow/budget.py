"""What a model call may cost at most, before it is made: the limits of a shadow are hard because of it.

No tokenizer in use makes more tokens of a text than it has bytes in UTF-8, plus some for each message's frame; what
comes back is bounded by the limit that is sent along.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from variorum.inference.calls import cost_of
from variorum.inference.shapes import Completion, Target

OUTPUT = 4096  # tokens that an answer may have when the prompt sets no limit
FRAME = 16  # tokens around a message
MEDIA = 4000  # tokens of a picture that is only named by its address
LIMITS = ("max_output_tokens", "maxOutputTokens", "max_tokens", "max_completion_tokens")


@dataclass(frozen=True)
class Bound:
    """Tokens and US dollars; they add up."""

    tokens: int = 0
    cost: Decimal = Decimal(0)

    def __add__(self, other: "Bound") -> "Bound":
        return Bound(self.tokens + other.tokens, self.cost + other.cost)


def output_limit(config: Mapping[str, Any]) -> int | None:
    """The tokens that a model's settings allow for an answer; None: no limit is set."""
    found = [config[name] for name in LIMITS if name in config]
    good = [value for value in found if isinstance(value, int) and not isinstance(value, bool) and value > 0]
    return max(good) if good else None


def limited(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with a limit for the answer, so that its costs are bounded."""
    return dict(config) if output_limit(config) else {**config, "max_output_tokens": OUTPUT}


def bound(target: Target, messages: Sequence[Mapping[str, Any]], config: Mapping[str, Any]) -> Bound:
    """What one call may cost at most. A model without a price counts as free here."""
    asked = FRAME + sum(FRAME + _tokens(message) for message in messages)
    answered = output_limit(config) or OUTPUT
    return Bound(asked + answered, cost_of(priced(target), asked, answered) or Decimal(0))


def spent(target: Target, done: Completion, most: Bound) -> Bound:
    """What a call did cost; what the endpoint did not count is taken for the most that it may have been."""
    if done.input_tokens is None or done.output_tokens is None:
        return most
    cost = cost_of(priced(target), done.input_tokens, done.output_tokens)
    return Bound(done.input_tokens + done.output_tokens, cost or Decimal(0))


def has_price(target: Target) -> bool:
    """Whether dollars can be counted for a model."""
    return target.input_price is not None and target.output_price is not None


def priced(target: Target) -> Target:
    """A target whose unknown prices are zero."""
    zero = Decimal(0)
    return replace(target, input_price=target.input_price or zero, output_price=target.output_price or zero)


def _tokens(message: Mapping[str, Any]) -> int:
    text = json.dumps(dict(message), ensure_ascii=False, default=str)
    parts = message.get("content")
    listed = parts if isinstance(parts, list) else []
    media = sum(1 for part in listed if isinstance(part, dict) and part.get("type") != "text")
    return len(text.encode(errors="surrogatepass")) + MEDIA * media
