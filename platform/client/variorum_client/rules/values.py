"""Values as JSONLogic sees them: JavaScript's truth, numbers, texts, equality and order.

Source: jsonlogic.com, whose reference is json-logic-js; the conversions are ECMAScript's (==, <, Number, String),
but that texts are ordered by code points where JavaScript takes UTF-16 units.
"""

import math
from typing import Any

from variorum_client.rules.meter import looked_through, read, weigh

Number = int | float


def truthy(value: Any) -> bool:
    """An empty list is false and an empty object true, the one place where JSONLogic leaves JavaScript."""
    if isinstance(value, float):
        return value != 0 and value == value
    if isinstance(value, dict):
        return True
    return bool(value)


def number(value: Any) -> Number:
    """JavaScript's Number(value); NaN for what is none."""
    if isinstance(value, (int, float)):
        return value if not isinstance(value, bool) else int(value)
    if value is None:
        return 0
    if isinstance(value, str):
        return _number_of(read(value).strip())
    if isinstance(value, list):
        return number(text(value)) if len(value) < 2 else math.nan
    return math.nan


def _number_of(digits: str) -> Number:
    if not digits:
        return 0
    if "_" in digits or digits.lower().lstrip("+-") in {"inf", "nan", "infinity"}:
        return {"Infinity": math.inf, "+Infinity": math.inf, "-Infinity": -math.inf}.get(digits, math.nan)
    try:
        if digits[:2].lower() in {"0x", "0o", "0b"}:
            return tidy(int(digits, 0)) if len(digits) < 40 else math.nan
        return tidy(int(digits)) if digits.isascii() and digits.isdigit() and len(digits) < 19 else float(digits)
    except ValueError:
        return math.nan


def tidy(value: Number) -> Number:
    """A number that stays small: beyond 64 bits it is a float, as in JavaScript, and may be infinite."""
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    return value


def text(value: Any) -> str:
    """JavaScript's String(value)."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return _text_of_float(value)
    if isinstance(value, list):
        weigh(value)
        return _text_of_list(value)
    return "[object Object]" if isinstance(value, dict) else str(value)


def _text_of_list(items: list[Any]) -> str:
    parts = ("" if one is None else _text_of_list(one) if isinstance(one, list) else text(one) for one in items)
    return ",".join(parts)


def _text_of_float(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    digits, _, power = repr(value).partition("e")
    if not power:
        return digits
    if -6 <= int(power) < 0:  # Python writes 1e-05 where JavaScript writes 0.00001
        return f"{value:.{len(digits.replace('-', '').replace('.', '')) - 1 - int(power)}f}"
    return f"{digits}e{int(power):+d}"


def _simple(value: Any) -> Any:
    """A list or an object as the text that JavaScript would compare it by."""
    return text(value) if isinstance(value, (list, dict)) else value


def loosely_equal(a: Any, b: Any) -> bool:
    """JavaScript's ==. Two lists or objects are never equal, as they are never the same one here."""
    if type(a) is type(b) and not isinstance(a, (list, dict)):
        return bool(a == b)
    if a is None or b is None:
        return a is None and b is None
    if isinstance(a, (list, dict)) and isinstance(b, (list, dict)):
        return False
    a, b = _simple(a), _simple(b)
    if isinstance(a, str) and isinstance(b, str):
        return a == b
    return number(a) == number(b)


def strictly_equal(a: Any, b: Any) -> bool:
    """JavaScript's ===: 1 and 1.0 are one number, true is none."""
    if isinstance(a, (list, dict)) or isinstance(a, bool) != isinstance(b, bool):
        return False
    both = isinstance(a, (int, float)) and isinstance(b, (int, float))
    return (both or type(a) is type(b)) and bool(a == b)


def less(a: Any, b: Any) -> bool | None:
    """JavaScript's a < b: texts by code points, all else as numbers. None where one is not a number."""
    a, b = _simple(a), _simple(b)
    if isinstance(a, str) and isinstance(b, str):
        return looked_through(a) < looked_through(b)
    left, right = number(a), number(b)
    return None if left != left or right != right else left < right
