"""Several adapters at once on our own model server: beside one adapter, one after the other, and torch's true batch.

    .venv/bin/python benchmarks/adapters_live.py --models-dir var/models [--adapters 4] [--tokens 48] [--torch]

The real small model with adapters of random weights (rank 8, top ten layers), greedy, each adapter asked once at the
same time over HTTP; engines as the server starts them, one thread each. Ratios are of tokens a CPU-second (and of wall
time, which on a busy machine says less). `--torch` adds a true batch, a row for each adapter, by stacked A and B
and by peft's `adapter_names` (needs the training packages; the prompt's reading is not counted: in their favour).
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", OMP_WAIT_POLICY="PASSIVE")
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "platform"), str(ROOT / "platform" / "client")]

import numpy as np  # noqa: E402
from safetensors.numpy import save_file  # noqa: E402

from variorum.inference.base_model import ensure_serving, ensure_training  # noqa: E402
from variorum.inference.catalogue import adapter_name  # noqa: E402
from variorum.inference.engine import Engine, Engines, Options  # noqa: E402
from variorum.inference.gguf_lora import MODULES, Base  # noqa: E402

MODEL = "smollm2-135m"
PROMPT = [{"role": "user", "content": "Tell me a story about the sea and a lighthouse."}]


def make_adapter(base: Base, seed: int, place: Path) -> str:
    """A folder in PEFT's layout under its name."""
    random, tensors, rank = np.random.default_rng(seed), {}, 8
    for layer in range(base.layers - 10, base.layers):
        for module, short in MODULES.items():
            outputs, inputs = base.shape(short)
            name = f"base_model.model.model.layers.{layer}.{module}"
            tensors[f"{name}.lora_A.weight"] = (random.standard_normal((rank, inputs)) / inputs**0.5).astype("f4")
            tensors[f"{name}.lora_B.weight"] = (random.standard_normal((outputs, rank)) * 0.05).astype("f4")
    folder = place / "new"
    folder.mkdir()
    save_file(tensors, folder / "adapter_model.safetensors")
    config = json.dumps({"peft_type": "LORA", "r": rank, "lora_alpha": 16, "base_model_name_or_path": MODEL}).encode()
    (folder / "adapter_config.json").write_bytes(config)
    weights = hashlib.sha256((folder / "adapter_model.safetensors").read_bytes()).hexdigest()
    name = adapter_name(weights, config)
    folder.rename(place / name)
    return name


def ask(engine: Engine, tokens: int) -> str:
    body = {"messages": PROMPT, "max_tokens": tokens, "temperature": 0, "ignore_eos": True, **engine.request_fields()}
    connection = engine.connect(600)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {engine.key}"}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return str(answer["choices"][0]["message"]["content"])


def answered(engines: Engines, adapter: str | None, tokens: int) -> str:
    with engines.use(adapter) as engine:
        return ask(engine, tokens)


def measure(engines: Engines, adapters: list[str | None], tokens: int, at_once: int) -> tuple[float, float, list[str]]:
    """Tokens a CPU-second, tokens a second, the answers."""
    wall, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(at_once) as pool:
        texts = list(pool.map(lambda name: answered(engines, name, tokens), adapters))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return len(adapters) * tokens / cpu, len(adapters) * tokens / wall, texts


def torch_batch(models_dir: Path, folders: list[Path], tokens: int) -> float:
    """Tokens a CPU-second of one batch, a row for each adapter, their A and B stacked."""
    import torch
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(1)
    model = AutoModelForCausalLM.from_pretrained(ensure_training(models_dir, MODEL)).eval()
    weights = [load_file(folder / "adapter_model.safetensors") for folder in folders]

    def add(module: Any, key: str) -> None:
        first = torch.stack([one[f"{key}.lora_A.weight"].T for one in weights]).contiguous()
        second = torch.stack([one[f"{key}.lora_B.weight"].T for one in weights]).contiguous()
        module.register_forward_hook(lambda _m, given, out: out + 2.0 * torch.bmm(torch.bmm(given[0], first), second))

    for name, module in model.named_modules():
        if f"base_model.model.{name}.lora_A.weight" in weights[0]:
            add(module, f"base_model.model.{name}")
    return greedy(model, len(folders), tokens)


def peft_batch(models_dir: Path, folders: list[Path], tokens: int) -> float:
    """The same by peft's own mixed batch."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(1)
    base = AutoModelForCausalLM.from_pretrained(ensure_training(models_dir, MODEL))
    layers = list(range(len(base.model.layers) - 10, len(base.model.layers)))
    modules = [name.rpartition(".")[2] for name in MODULES]
    config = LoraConfig(r=8, lora_alpha=16, target_modules=modules, layers_to_transform=layers)
    names = [str(number) for number in range(len(folders))]
    model = get_peft_model(base, config, adapter_name=names[0])
    for name in names[1:]:  # their weights do not change how long it takes
        model.add_adapter(name, config)
    return greedy(model.eval(), len(names), tokens, adapter_names=names)


def greedy(model: Any, rows: int, tokens: int, **extra: Any) -> float:
    """Tokens a CPU-second of `rows` answers in one batch, after their prompts."""
    import torch

    ids = torch.randint(100, 40000, (rows, 30), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        out = model(input_ids=ids, use_cache=True, **extra)
        began = time.process_time()
        for _ in range(tokens):
            last = out.logits[:, -1:].argmax(-1)
            out = model(input_ids=last, past_key_values=out.past_key_values, use_cache=True, **extra)
    return rows * tokens / (time.process_time() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models-dir", type=Path, required=True)
    parser.add_argument("--adapters", type=int, default=4)
    parser.add_argument("--tokens", type=int, default=48)
    parser.add_argument("--torch", action="store_true")
    args = parser.parse_args()
    gguf, place = ensure_serving(args.models_dir, MODEL), Path(tempfile.mkdtemp(prefix="variorum-bench-"))
    try:
        names: list[str | None] = [make_adapter(Base.of(gguf), seed, place) for seed in range(args.adapters)]
        engines = Engines(MODEL, gguf, place, Options(context=4096, memory=2**35))
        engines.start()
        loads = []
        for name in names:
            began = time.perf_counter()
            answered(engines, name, 1)
            loads.append(time.perf_counter() - began)
        alone = [answered(engines, name, args.tokens) for name in names]
        after = measure(engines, names, args.tokens, 1)
        mixed = measure(engines, names, args.tokens, len(names))
        same = measure(engines, names[:1] * len(names), args.tokens, len(names))
        began = time.perf_counter()
        answered(engines, names[0], 1)
        loaded = time.perf_counter() - began
        print(f"{len(names)} adapters, {args.tokens} tokens each; load average {os.getloadavg()[0]:.1f}")
        print(f"one after the other          1.00 per CPU-s ({after[0]:.0f} tokens), 1.00 per s")
        print(f"all adapters at once         {mixed[0] / after[0]:.2f} per CPU-s, {mixed[1] / after[1]:.2f} per s")
        print(f"one adapter, as many at once {same[0] / after[0]:.2f} per CPU-s, {same[1] / after[1]:.2f} per s")
        if args.torch:
            folders = [place / str(name) for name in names]
            rate = torch_batch(args.models_dir, folders, args.tokens)
            print(f"torch, stacked A and B       {rate / after[0]:.2f} per CPU-s")
            rate = peft_batch(args.models_dir, folders, args.tokens)
            print(f"peft, adapter_names          {rate / after[0]:.2f} per CPU-s")
        equal = sum(a == b for a, b in zip(alone, mixed[2], strict=True))
        print(f"answers at once equal to those alone, token for token: {equal} of {len(names)}")
        swap = sorted(loads)[len(loads) // 2]
        print(f"first answer of an adapter that is not loaded: {swap / loaded:.0f}x one that is ({swap:.2f} s)")
    finally:
        shutil.rmtree(place, ignore_errors=True)
    sys.stdout.flush()
    os._exit(0)  # the engines' threads are not waited for


if __name__ == "__main__":
    main()
