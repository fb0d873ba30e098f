"""LoRA adapters as PEFT writes them: adapter_config.json, the weights as an LFS pointer, and the card."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from variorum_client.formats.config import find_key, parse_json
from variorum_client.formats.lfs import Pointer, parse_pointer
from variorum_client.formats.paths import ADAPTER_FILES
from variorum_client.formats.problems import FormatError, Problem, refuse
from variorum_client.formats.safetensors import Lora, Tensor, lora_of
from variorum_client.formats.texts import decode
from variorum_client.formats.yamls import Node, load_yaml

CONFIG_FILE, WEIGHTS_FILE, CARD_FILE = ADAPTER_FILES
MAX_RANK = 4096


@dataclass(frozen=True, slots=True)
class AdapterConfig:
    """adapter_config.json: rank, the modules it changes, the base model, and the whole file as `data`."""

    rank: int
    target_modules: tuple[str, ...]
    base_model: str
    data: dict[str, Any]


def parse_adapter_config(content: bytes, path: str = "") -> AdapterConfig:
    """Read adapter_config.json. Raises FormatError with every fault."""
    text = decode(path, content)
    data = parse_json(text, path)
    if not isinstance(data, dict):
        raise refuse(path, "adapter_config", "adapter_config.json must be a JSON object.")
    problems = [
        Problem(path, *find_key(text, [key] if key in data else []), "adapter_config", message)
        for key, message in _config_faults(data)
    ]
    if problems:
        raise FormatError(problems)
    modules: Any = data["target_modules"]
    names = (modules,) if isinstance(modules, str) else tuple(modules)
    return AdapterConfig(int(str(data["r"])), names, str(data["base_model_name_or_path"]), data)


def _config_faults(data: dict[str, Any]) -> list[tuple[str, str]]:
    faults = []
    if data.get("peft_type") != "LORA":
        faults.append(("peft_type", "'peft_type' must be \"LORA\": other adapters cannot be served."))
    rank = data.get("r")
    if type(rank) is not int or not 1 <= rank <= MAX_RANK:
        faults.append(("r", f"'r' must be a whole number from 1 to {MAX_RANK}."))
    if not _module_names(data.get("target_modules")):
        faults.append(("target_modules", "'target_modules' must be a list of module names, such as [\"q_proj\"]."))
    base = data.get("base_model_name_or_path")
    if not isinstance(base, str) or not base.strip():
        faults.append(("base_model_name_or_path", "'base_model_name_or_path' must name the base model."))
    return faults


def _module_names(value: object) -> bool:
    if isinstance(value, str):
        return bool(value)
    return isinstance(value, list) and bool(value) and all(isinstance(name, str) and name for name in value)


def weights_faults(config: AdapterConfig, tensors: Mapping[str, Tensor]) -> list[tuple[str, str]]:
    """(key of adapter_config.json, what the weights say otherwise): rank and modules, each at most once."""
    lora = lora_of(tensors)
    if not lora.ranks:
        few = not any("lora_" in name for name in tensors)
        return [("peft_type", "The weights hold no LoRA tensors at all.")] if few else []
    return [*_rank_faults(config, lora), *_module_faults(config, lora)]


def _rank_faults(config: AdapterConfig, lora: Lora) -> list[tuple[str, str]]:
    if config.data.get("rank_pattern"):
        return []
    other = next((module for module, rank in lora.ranks.items() if rank != config.rank), None)
    text = f"'r' is {config.rank}, but the weights have rank {lora.ranks[other]} ({other})." if other else ""
    return [("r", text)] if other else []


def _module_faults(config: AdapterConfig, lora: Lora) -> list[tuple[str, str]]:
    """A list of names is compared; a pattern is PEFT's to match."""
    if not isinstance(config.data["target_modules"], list):
        return []
    named = config.target_modules
    extra = next((path for path in lora.ranks if not any(_is(path, name) for name in named)), None)
    absent = next((name for name in named if not any(_is(path, name) for path in lora.ranks)), None)
    found = ", ".join(sorted({path.rpartition(".")[2] for path in lora.ranks}))
    if extra is None and absent is None:
        return []
    return [("target_modules", f"'target_modules' names {', '.join(named)}, but the weights change {found}.")]


def _is(path: str, name: str) -> bool:
    return path == name or path.endswith(f".{name}")


def parse_weights(content: bytes, path: str = "") -> Pointer:
    """Read adapter_model.safetensors, which must be an LFS pointer in Git. Raises FormatError."""
    pointer = parse_pointer(content)
    if pointer is None:
        raise refuse(path, "not_lfs", "The weights must be an LFS pointer: upload the file, or track it with Git LFS.")
    return pointer


def parse_card(content: bytes, path: str = "") -> Node:
    """Read card.yaml: a mapping that says how the adapter was made. Raises FormatError."""
    node = load_yaml(decode(path, content), path)
    if not isinstance(node.value, dict):
        raise refuse(path, "card", "The card must be a mapping: write lines such as `rank: 8`.")
    return node
