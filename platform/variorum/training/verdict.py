"""What a loss curve says, in words that need no training in reading curves."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypedDict

State = Literal["early", "learning", "flat", "overfitting", "better", "same"]
NOTICEABLE: Final = 0.02  # a smaller relative change of the held-out loss is called none


class Verdict(TypedDict):
    """A state for the eye, a sentence for the reader."""

    state: State
    text: str


class Point(TypedDict):
    """One measurement on the held-out examples."""

    step: int
    val_loss: float
    val_exact: float


def of_running(points: Sequence[Point]) -> Verdict:
    """While it runs, from the measurements so far (the first one, at step 0, is the base model)."""
    if len(points) < 2:
        return {"state": "early", "text": "Too early to tell: the held-out examples have not been measured yet."}
    base, best, last = points[0], min(points[1:], key=lambda p: p["val_loss"]), points[-1]
    worse = [p for p in points if p["step"] > best["step"]]
    gain = 1 - best["val_loss"] / base["val_loss"]
    if len(worse) >= 2 and last["val_loss"] > best["val_loss"] * (1 + NOTICEABLE):
        text = f"Over-fitting: the loss on held-out examples has risen since step {best['step']:,}. "
        return {"state": "overfitting", "text": text + "The adapter keeps the weights of that step."}
    if gain < NOTICEABLE:
        return {"state": "flat", "text": "Not learning yet: the loss on held-out examples is that of the base model."}
    return {"state": "learning", "text": f"Learning: the loss on held-out examples is down by {100 * gain:.0f} %."}


def of_ended(result: Mapping[str, Any]) -> Verdict:
    """When it has ended, from result.json."""
    before, best, n = result.get("held_out_before"), result.get("held_out_best"), result["examples"]["held_out"]
    if not before or not best or not n:
        return {"state": "early", "text": "Nothing was held out, so nothing says whether the adapter is better."}
    gain = 1 - best["val_loss"] / before["val_loss"]
    exact = (
        f"{round(before['val_exact'] * n)} of {n} held-out answers exact before, {round(best['val_exact'] * n)} after"
    )
    if gain < NOTICEABLE:
        return {"state": "same", "text": f"No better than the base model on held-out examples ({exact})."}
    text = f"Better than the base model: held-out loss down by {100 * gain:.0f} % ({before['val_loss']:.2f} to "
    return {"state": "better", "text": f"{text}{best['val_loss']:.2f}), {exact}."}


def in_words(result: Mapping[str, Any], *, n: int) -> str:
    """The sentence for a draft, with a warning where the held-out part is small."""
    text = of_ended(result)["text"]
    return f"{text} {n} held-out examples are few: evaluate the draft before you merge it." if 0 < n < 100 else text
