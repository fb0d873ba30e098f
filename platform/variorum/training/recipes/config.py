"""What a LoRA fine-tune may be told, checked before it starts. No torch here: the web process imports this."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

MODULES: Final = (
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.o_proj",
    "mlp.gate_proj",
    "mlp.up_proj",
    "mlp.down_proj",
)
TARGETS: Final = tuple(name.split(".")[1] for name in MODULES)


class ConfigError(ValueError):
    """Parameters that cannot be trained with; `problems` maps a parameter to plain words."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, text in problems.items()))
        self.problems = problems


@dataclass(frozen=True, kw_only=True)
class LoraConfig:
    """The parameters of one run. Raises ConfigError when they cannot be right."""

    rank: int = 8
    alpha: float = 16.0
    dropout: float = 0.0
    top_layers: int = 10  # adapters on this many layers, counted from the output; 0 = on all
    targets: tuple[str, ...] = TARGETS
    learning_rate: float = 1e-3
    warmup: float = 0.1  # part of all steps
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    epochs: int = 2
    batch_size: int = 16  # examples per step
    max_tokens: int = 1024  # longer examples are left out, and counted
    validation: float = 0.1  # part of the examples that is held out
    evaluations: int = 8  # how often the held-out part is measured on the way
    patience: int = 0  # stop after this many evaluations without a better one; 0 = never
    seed: int = 0

    def __post_init__(self) -> None:
        if problems := _problems(vars(self)):
            raise ConfigError(problems)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "LoraConfig":
        """From JSON: unknown names and wrong types are refused, whole numbers pass as floats."""
        fields = {field.name: field for field in dataclasses.fields(cls)}
        unknown = {name: "is not a parameter of this recipe" for name in values if name not in fields}
        known = {name: _coerce(fields[name].default, value) for name, value in values.items() if name in fields}
        if problems := unknown | _problems(known):
            raise ConfigError(problems)
        return cls(**known)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {**dataclasses.asdict(self), "targets": list(self.targets)}


def _problems(values: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong, by parameter."""
    return {name: _RULES[name][1] for name, value in values.items() if value is None or not _RULES[name][0](value)}


def _coerce(default: Any, value: Any) -> Any:
    """The value in the type of the field's default, or None."""
    if isinstance(default, tuple):
        names = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
        return tuple(value) if names else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(default, float):
        return float(value) if abs(value) < 1e30 else None
    return int(value) if float(value).is_integer() else None


def _between(low: float, high: float) -> Callable[[float], bool]:
    return lambda value: math.isfinite(value) and low <= value <= high


_RULES: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "rank": (_between(1, 256), "must be a whole number from 1 to 256"),
    "alpha": (_between(0.01, 4096), "must be a number from 0.01 to 4096"),
    "dropout": (_between(0, 0.9), "must be a number from 0 to 0.9"),
    "top_layers": (_between(0, 1000), "must be a whole number from 0 (all layers) to 1000"),
    "targets": (
        lambda names: len(names) > 0 and len(set(names)) == len(names) and set(names) <= set(TARGETS),
        f"must name one or more of {', '.join(TARGETS)}, each once",
    ),
    "learning_rate": (_between(1e-7, 0.1), "must be a number from 0.0000001 to 0.1"),
    "warmup": (_between(0, 0.9), "must be a number from 0 to 0.9"),
    "weight_decay": (_between(0, 1), "must be a number from 0 to 1"),
    "max_grad_norm": (_between(1e-6, 1e6), "must be a number above 0"),
    "epochs": (_between(1, 1000), "must be a whole number from 1 to 1000"),
    "batch_size": (_between(1, 4096), "must be a whole number from 1 to 4096"),
    "max_tokens": (_between(8, 131072), "must be a whole number from 8 to 131072"),
    "validation": (_between(0, 0.5), "must be a number from 0 (nothing held out) to 0.5"),
    "evaluations": (_between(1, 1000), "must be a whole number from 1 to 1000"),
    "patience": (_between(0, 1000), "must be a whole number from 0 (never stop early) to 1000"),
    "seed": (_between(0, 2**31 - 1), "must be a whole number from 0 to 2147483647"),
}
