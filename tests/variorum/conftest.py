"""A Llama of three layers with random weights and a byte-level vocabulary: built in no time, in both of our layouts."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFWriter, TokenType

from variorum.inference.base_model import ensure_training

LAYERS, WIDTH, HIDDEN, HEADS, KV_HEADS = 3, 64, 96, 4, 2
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@dataclass(frozen=True)
class TinyModel:
    """`models_dir/tiny/` holds model.gguf for serving and the folder for training."""

    id: str
    models_dir: Path

    @property
    def folder(self) -> Path:
        return self.models_dir / self.id

    @property
    def gguf(self) -> Path:
        return self.folder / "model.gguf"


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> TinyModel:
    model = TinyModel("tiny", tmp_path_factory.mktemp("models"))
    model.folder.mkdir()
    _write_gguf(model.gguf)
    ensure_training(model.models_dir, model.id)
    return model


def _write_gguf(path: Path) -> None:
    writer = GGUFWriter(path, "llama")
    writer.add_block_count(LAYERS)
    writer.add_context_length(1024)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    vocabulary = _vocabulary(writer)
    _weights(writer, vocabulary)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _vocabulary(writer: GGUFWriter) -> int:
    """Three control tokens, the 256 bytes, one merge; the number of tokens."""
    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *_byte_characters(), "th"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([TokenType.CONTROL] * 3 + [TokenType.NORMAL] * 257)
    writer.add_token_merges(["t h"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    return len(tokens)


def _byte_characters() -> list[str]:
    """GPT-2's printable stand-in for every byte, in the order of the bytes."""
    plain = {*range(33, 127), *range(161, 173), *range(174, 256)}
    spare = iter(range(256, 512))
    return [chr(byte) if byte in plain else chr(next(spare)) for byte in range(256)]


def _weights(writer: GGUFWriter, vocabulary: int) -> None:
    random = np.random.default_rng(7)

    def add(name: str, *shape: int) -> None:
        values = random.normal(0, 0.15, shape) if len(shape) == 2 else np.ones(shape)
        if name == "token_embd":  # tied to the output: what is not printable is never the likeliest
            values[[*range(3, 3 + 32), *range(3 + 127, 3 + 256)]] = 0
        writer.add_tensor(f"{name}.weight", values.astype(np.float32))

    add("token_embd", vocabulary, WIDTH)
    add("output_norm", WIDTH)
    cross = WIDTH // HEADS * KV_HEADS
    for layer in range(LAYERS):
        for module, rows, columns in (
            ("attn_q", WIDTH, WIDTH),
            ("attn_k", cross, WIDTH),
            ("attn_v", cross, WIDTH),
            ("attn_output", WIDTH, WIDTH),
            ("ffn_gate", HIDDEN, WIDTH),
            ("ffn_up", HIDDEN, WIDTH),
            ("ffn_down", WIDTH, HIDDEN),
        ):
            add(f"blk.{layer}.{module}", rows, columns)
        add(f"blk.{layer}.attn_norm", WIDTH)
        add(f"blk.{layer}.ffn_norm", WIDTH)


@pytest.fixture
def make_adapter(tiny_model: TinyModel, tmp_path: Path) -> Callable[..., Path]:
    """make_adapter(seed=1) -> a PEFT folder of random LoRA weights on the tiny model's top two layers."""
    import torch
    from safetensors.torch import save_file

    cross = WIDTH // HEADS * KV_HEADS
    shapes = {"self_attn.q_proj": (WIDTH, WIDTH), "self_attn.k_proj": (cross, WIDTH), "mlp.down_proj": (WIDTH, HIDDEN)}

    def make(seed: int = 1) -> Path:
        generator = torch.Generator().manual_seed(seed)
        folder = tmp_path / f"adapter-{seed}"
        folder.mkdir()
        tensors = {}
        for layer in (1, 2):
            for module, (outputs, inputs) in shapes.items():
                name = f"base_model.model.model.layers.{layer}.{module}"
                tensors[f"{name}.lora_A.weight"] = torch.randn(4, inputs, generator=generator) * 0.2
                tensors[f"{name}.lora_B.weight"] = torch.randn(outputs, 4, generator=generator) * 0.2
        save_file(tensors, folder / "adapter_model.safetensors")
        modules = [module.split(".")[1] for module in shapes]
        config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 4, "lora_alpha": 8, "target_modules": modules}
        extra = {"base_model_name_or_path": "tiny", "layers_to_transform": [1, 2], "layers_pattern": "layers"}
        (folder / "adapter_config.json").write_text(json.dumps({**config, **extra}))
        return folder

    return make
