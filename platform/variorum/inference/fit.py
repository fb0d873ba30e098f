"""Does an adapter fit the base model that is to load it? Asked before it is loaded, evaluated or deployed.

A mismatch is one sentence that names what was expected and what was found. What cannot be known here (a model of
another server, a card without a hash) is not asked.
"""

import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path

from variorum.inference.catalogue import NoSuchModel, list_models, source_gguf
from variorum.inference.gguf_lora import MODULES, BadAdapter, Base
from variorum.inference.shapes import LOCAL, AdapterRef
from variorum.inference.targets import models_dir
from variorum.inference.tensors import BadTensorFile
from variorum.lib.errors import Unprocessable
from variorum.lib.weights import tensors_of
from variorum_client.formats import FormatError, parse_adapter_config
from variorum_client.formats.adapter import weights_faults
from variorum_client.formats.safetensors import Lora, lora_of

_LAYER = re.compile(r"model\.layers\.(\d+)\.(.+)")


def check_use(adapter: AdapterRef, model: str) -> None:
    """Raise Unprocessable `adapter_mismatch` when a prompt's model (`provider/model`) cannot load its adapter."""
    provider, _, name = model.partition("/")
    if provider == LOCAL and (text := mismatch(adapter, name)):
        raise Unprocessable(text, code="adapter_mismatch")


def mismatch(adapter: AdapterRef, model: str) -> str | None:
    """What does not fit, as a sentence; None when nothing is known against it. `model` is one of our own server's."""
    try:
        gguf = source_gguf(models_dir(), model)
        lora = lora_of(tensors_of(adapter.sha256))
    except NoSuchModel:
        return None
    except FileNotFoundError:
        return "The adapter's weights are not in the object store: upload them again."
    except FormatError as error:
        return f"The adapter's weights cannot be read: {error.problems[0].message}"
    return _other_base(adapter, model) or _own_faults(adapter) or _other_shape(lora, gguf, model)


def _other_base(adapter: AdapterRef, model: str) -> str | None:
    """The adapter was made on another base model, by name or by hash."""
    named = str(adapter.config.get("base_model_name_or_path", ""))
    if named != model and named in list_models(models_dir()):
        return f"The adapter was made for the base model {named}; the prompt's model is {model}."
    here = manifest_sha256(model)
    if adapter.base_sha256 and here and adapter.base_sha256 != here:
        return (
            f"The adapter was made on another {model}: its card names the base with the hash "
            f"{adapter.base_sha256[:12]}…, the one here has {here[:12]}…."
        )
    return None


def manifest_sha256(model: str) -> str | None:
    """The hash by which cards name a base model: that of its manifest.json; None when it was never prepared here."""
    manifest = models_dir() / model / "manifest.json"
    return hashlib.sha256(manifest.read_bytes()).hexdigest() if manifest.is_file() else None


def _own_faults(adapter: AdapterRef) -> str | None:
    """The configuration says one rank or set of modules, the weights another."""
    config = parse_adapter_config(_json(adapter), "adapter_config.json")
    faults = weights_faults(config, tensors_of(adapter.sha256))
    return faults[0][1] if faults else None


def _json(adapter: AdapterRef) -> bytes:
    return json.dumps(dict(adapter.config)).encode()


def _other_shape(lora: Lora, gguf: Path, model: str) -> str | None:
    """A module that the base model does not have, or has in another size."""
    try:
        base = _base(gguf, gguf.stat().st_mtime)
    except (BadAdapter, BadTensorFile, OSError, KeyError) as error:
        return f"The base model {model} takes no adapters: {error}."
    for path in lora.inputs:
        found = _LAYER.fullmatch(path)
        module = MODULES.get(found[2]) if found else None
        if found is None or module is None:
            return f"The adapter changes {path}, which {model} has not or cannot load."
        if int(found[1]) >= base.layers:
            return f"The adapter changes layer {int(found[1])}; {model} has the layers 0 to {base.layers - 1}."
        have, expected = (lora.outputs[path], lora.inputs[path]), base.shape(module)
        if have != expected:
            return (
                f"{path} of {model} has {expected[1]} inputs and {expected[0]} outputs; "
                f"the adapter was made for {have[1]} and {have[0]}."
            )
    return None


@lru_cache(maxsize=16)
def _base(gguf: Path, modified: float) -> Base:
    return Base.of(gguf)
