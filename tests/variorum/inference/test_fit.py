"""Does an adapter fit its base: each way in which it may not, named with what was expected and found."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.weights import lora
from variorum.inference import fit
from variorum.inference.shapes import AdapterRef
from variorum.lib import objects
from variorum.lib.errors import Unprocessable

pytestmark = pytest.mark.usefixtures("models_here")


@pytest.fixture
def models_here(settings: Any, tiny_model: Any) -> None:
    settings.DATA_DIR = tiny_model.models_dir.parent
    Path(settings.DATA_DIR / "models").exists() or (settings.DATA_DIR / "models").symlink_to(tiny_model.models_dir)


@pytest.fixture
def ref(make_adapter: Callable[..., Path]) -> Callable[..., AdapterRef]:
    """ref(r=8) -> a sound adapter of the tiny model, its configuration changed so; weights=b"..." other weights."""
    folder = make_adapter()

    def make(weights: bytes | None = None, base: str = "", **changes: Any) -> AdapterRef:
        data = weights or (folder / "adapter_model.safetensors").read_bytes()
        config = json.loads((folder / "adapter_config.json").read_text())
        return AdapterRef(objects.put_content(data), {**config, **changes}, base)

    return make


def test_what_fits_is_let_through(ref: Callable[..., AdapterRef]) -> None:
    assert fit.mismatch(ref(base=fit.manifest_sha256("tiny")), "tiny") is None
    fit.check_use(ref(r=99), "openai/gpt")  # another server's: nothing is known
    assert fit.mismatch(ref(), "not-installed") is None


def test_each_mismatch_is_named(ref: Callable[..., AdapterRef]) -> None:
    here = str(fit.manifest_sha256("tiny"))
    module = {"target_modules": ["q_proj"]}
    wide, deep = lora(4, width=32), lora(4, width=64).replace(b"layers.0", b"layers.9")
    odd = lora(4, width=64, module="self_attn.x_proj")
    found = [
        fit.mismatch(ref(base="a" * 64), "tiny"),
        fit.mismatch(ref(r=8), "tiny"),
        fit.mismatch(ref(target_modules=["q_proj", "v_proj"]), "tiny"),
        fit.mismatch(ref(wide, **module), "tiny"),
        fit.mismatch(ref(deep, **module), "tiny"),
        fit.mismatch(ref(odd, target_modules=["x_proj"]), "tiny"),
        fit.mismatch(ref(base_model_name_or_path="tiny"), "smollm2-135m"),
        fit.mismatch(AdapterRef("0" * 64, ref().config), "tiny"),
    ]
    assert found == [
        f"The adapter was made on another tiny: its card names the base with the hash aaaaaaaaaaaa…, "
        f"the one here has {here[:12]}….",
        "'r' is 8, but the weights have rank 4 (model.layers.1.mlp.down_proj).",
        "'target_modules' names q_proj, v_proj, but the weights change down_proj, k_proj, q_proj.",
        "model.layers.0.self_attn.q_proj of tiny has 64 inputs and 64 outputs; the adapter was made for 32 and 32.",
        "The adapter changes layer 9; tiny has the layers 0 to 2.",
        "The adapter changes model.layers.0.self_attn.x_proj, which tiny has not or cannot load.",
        "The adapter was made for the base model tiny; the prompt's model is smollm2-135m.",
        "The adapter's weights are not in the object store: upload them again.",
    ]
    with pytest.raises(Unprocessable) as caught:
        fit.check_use(ref(r=8), "local/tiny")
    assert caught.value.stable_code == "adapter_mismatch"
