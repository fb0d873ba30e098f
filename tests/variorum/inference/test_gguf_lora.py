"""PEFT -> GGUF: the same adapter says the same in llama.cpp as in torch with peft."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from variorum.inference.gguf_lora import BadAdapter, export

MESSAGES = [{"role": "system", "content": "Name the colour."}, {"role": "user", "content": "the 3 tooth paths"}]

# 2026-11: peft 0.21 asks transformers 5.23 for an attribute by its old name.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")


def test_llama_cpp_computes_what_peft_computes(
    tiny_model: Any, make_adapter: Callable[..., Path], tmp_path: Path
) -> None:
    import torch
    import xllamacpp
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    adapter = make_adapter()
    export(adapter, tiny_model.gguf, tmp_path / "adapter.gguf")
    base = AutoModelForCausalLM.from_pretrained(tiny_model.folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(tiny_model.folder)
    tokens = tokenizer.apply_chat_template(MESSAGES, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    with torch.no_grad():
        plain = base(**tokens).logits[0, -1].log_softmax(-1)
        adapted = PeftModel.from_pretrained(base, adapter)(**tokens).logits[0, -1].log_softmax(-1)
    assert (plain - adapted).abs().max() > 0.5  # the adapter matters

    params = xllamacpp.CommonParams()
    params.model.path, params.n_ctx, params.verbosity, params.warmup = str(tiny_model.gguf), 256, 0, False
    params.cpuparams.n_threads = 1
    params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(tmp_path / "adapter.gguf"), 0.0)]
    server = xllamacpp.Server(params)
    for scale, expected in ((0.0, plain), (1.0, adapted)):
        body = {"messages": MESSAGES, "max_tokens": 1, "temperature": 0, "logprobs": True, "top_logprobs": 20}
        answer = server.handle_chat_completions({**body, "lora": [{"id": 0, "scale": scale}]})
        for entry in answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]:
            assert math.isclose(entry["logprob"], expected[entry["id"]].item(), abs_tol=0.01)


def _drop_half(folder: Path) -> None:
    tensors = load_file(folder / "adapter_model.safetensors")
    save_file({k: v for k, v in tensors.items() if "lora_A" in k}, folder / "adapter_model.safetensors")


def _rename(folder: Path) -> None:
    tensors = load_file(folder / "adapter_model.safetensors")
    save_file({k.replace("q_proj", "x_proj"): v for k, v in tensors.items()}, folder / "adapter_model.safetensors")


def _layer_9(folder: Path) -> None:
    tensors = load_file(folder / "adapter_model.safetensors")
    save_file({k.replace(".2.", ".9."): v for k, v in tensors.items()}, folder / "adapter_model.safetensors")


def _narrow(folder: Path) -> None:
    tensors = load_file(folder / "adapter_model.safetensors")
    save_file({k: v[:, :5].contiguous() for k, v in tensors.items()}, folder / "adapter_model.safetensors")


def _config(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "adapter_config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return change


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "adapter_config.json").write_text("{"), "not JSON"),
        (lambda folder: (folder / "adapter_config.json").write_text("[]"), "only peft_type LORA"),
        (lambda folder: (folder / "adapter_model.safetensors").write_bytes(b"x"), "not a safetensors file"),
        (lambda folder: save_file({}, folder / "adapter_model.safetensors"), "no LoRA tensor"),
        (_config(peft_type="IA3"), "only peft_type LORA"),
        (_config(use_dora=True), "use_dora"),
        (_config(r="eight"), "must be numbers"),
        (_drop_half, "no partner"),
        (_rename, "belongs to no layer"),
        (_layer_9, "does not fit the base model"),
        (_narrow, "does not fit the base model"),
    ],
)
def test_what_cannot_be_served_is_named(
    tiny_model: Any, make_adapter: Callable[..., Path], tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    adapter = make_adapter()
    spoil(adapter)
    with pytest.raises(BadAdapter, match=words):
        export(adapter, tiny_model.gguf, tmp_path / "out.gguf")
    assert not list(tmp_path.glob("*.gguf"))
