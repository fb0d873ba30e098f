"""Random rules and contexts in which numbers, texts, lists and holes meet every operator."""

import random
from collections.abc import Callable
from typing import Any

UNARY = ["!", "!!", "var", "missing", "-", "cat", "+"]
COMPARING = ["==", "!=", "===", "!==", "<", "<=", ">", ">="]
COUNTING = ["+", "*", "-", "/", "%", "min", "max"]
MANY = [*COMPARING, *COUNTING, *"in cat merge and or if ?: starts_with ends_with substr".split(" ")]  # noqa: SIM905
READING = ["missing", "missing_some", "var"]
NAMES = ["plan", "count", "list", "user.tags.1", "user", "user.age", "nope", "empty", "list.0", "plan.1", "plan.length"]
ODD_NAMES = ["", "targetingKey", "$flagd.flagKey", "float", "neg", "emoji", "emoji.0"]
PLAIN: list[Any] = [None, True, False, 0, 1, -1, 2.5, 3, -0.5, 1.5e300, 1e-7, 0.00001, 1e21, 123456789012]
TEXTS: list[Any] = ["", "a", "pro", "3", " 4 ", "0x1f", "1e3", "é", "🎉", "Infinity", "nan", "2.4.1"]
LISTS: list[Any] = [[], ["a", "b"], [1, 2], [[1], 2]]
VERSIONS: list[Any] = ["1.2.3-rc.1", "v1", "1.0.0+b", 3, 1.5, "x", "2.4", "2.4.1", "1.2.3-rc.10", "1.2.3"]
HASHES = ["murmur3-cbor", "murmur3-utf8", "murmur3-percent"]


class Maker:
    """Makes rules and contexts from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def one(self, *values: Any) -> Any:
        return self.random.choice(values)

    def expression(self, depth: int) -> Any:
        if depth <= 0 or self.random.random() < 0.2:
            return self.one({"var": self.one(*NAMES, *ODD_NAMES)}, self.one(*PLAIN, *TEXTS, *LISTS))
        kinds: list[Callable[[int], Any]] = [
            self.loop,
            self.fold,
            self.version,
            self.split,
            self.short,
            *[self.long] * 9,
        ]
        return self.one(*kinds)(depth)

    def loop(self, depth: int) -> Any:
        source = self.one({"var": "list"}, {"var": "user.tags"}, ["x", 1, None, True], self.expression(depth - 1))
        each = self.one({"var": ""}, {">": [{"var": ""}, 1]}, self.expression(depth - 1))
        return {self.one("map", "filter", "all", "some", "none"): [source, each]}

    def fold(self, depth: int) -> Any:
        both = [{"var": "current"}, {"var": "accumulator"}]
        return {"reduce": [{"var": "list"}, self.one({"+": both}, {"cat": both}), self.one(*PLAIN, *TEXTS)]}

    def version(self, depth: int) -> Any:
        operator = self.one("=", "!=", "<", "<=", ">", ">=", "^", "~", "?")
        return {"sem_ver": [self.one({"var": "version"}, *VERSIONS), operator, self.one(*VERSIONS)]}

    def split(self, depth: int) -> Any:
        weights = [1, 10, 50, 0, 90, {"var": "count"}, {"*": [0.5, 100]}, 33, 1_000_000]
        names = ["yes", "no", "maybe", True, self.expression(1)]
        shares = [[self.one(*names), self.one(*weights)] for _ in range(self.one(1, 2, 2, 3))]
        seeded = {"cat": ["seed", {"var": "targetingKey"}]}
        by = self.one({"var": "targetingKey"}, seeded, {"var": "user"}, {"var": "float"}, {"var": "list"})
        return {"fractional": self.one(shares, [by, *shares])}

    def short(self, depth: int) -> Any:
        return {self.one(*UNARY): self.expression(depth - 1)}

    def long(self, depth: int) -> Any:
        return {
            self.one(*MANY, *READING): [self.expression(depth - 1) for _ in range(self.one(0, 1, 2, 2, 2, 3, 3, 4))]
        }

    def context(self) -> dict[str, Any]:
        return {
            "plan": self.one("pro", "free", None, 3),
            "count": self.one(3, -5, 0, 100),
            "list": self.one([1, 2, 3], ["b", "a"], [], [True, None]),
            "user": {"tags": ["a", "b"], "age": self.one(7, 7.5, "8")},
            "empty": "",
            "version": self.one("2.4.1", "2.4.1-rc.1", "1"),
            "float": self.one(1.5, 0.1, 1e-9, 1.0, 65504.0, 1e40, 5e-8),
            "neg": -3,
            "emoji": self.one("🎉x", "é", "zz"),
            "targetingKey": self.one(f"user-{self.random.randrange(10**6)}", "", "é" * 300, "🎉", 5),
        }

    def document(self) -> dict[str, Any]:
        condition = {"if": [self.expression(3), "yes", "no"]}
        flag = {
            "state": "ENABLED",
            "variants": {"yes": 1, "no": 0, "maybe": 2, "true": 3},
            "defaultVariant": self.one("no", None),
            "targeting": self.one(condition, condition, self.split(2)),
            "metadata": {"hash": self.one(*HASHES)},
        }
        return {"flags": {"r": flag}}
