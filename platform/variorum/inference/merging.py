"""An adapter leaves for where no adapter can be loaded: merged into its base model's weights, or as GGUF.

    python -m variorum.inference.merging --models-dir DIR --model ID --adapter FOLDER --out DIR merged|gguf|gguf-lora

`merged` is a folder that transformers loads (float32), `gguf` one GGUF file with the adapter in it (Q8_0 where the base
is quantised), `gguf-lora` the adapter alone for llama.cpp's --lora. W' = W + s * B A with s = alpha / r, or alpha over
the root of r for rank-stabilised LoRA. Progress is a line of JSON on standard output: {"done": n, "total": n}.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from variorum.inference import base_model, gguf_lora
from variorum.inference.catalogue import NoSuchModel, source_gguf
from variorum.inference.gguf_lora import MODULES, BadAdapter, Base
from variorum.inference.tensors import BadTensorFile, read_safetensors, safetensors_tensors

FORMATS: Final = ("merged", "gguf", "gguf-lora")
COPIED: Final = ("config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
Told = Callable[[int, int], None]


@dataclass(frozen=True)
class Deltas:
    """What an adapter adds to each weight that it changes, by transformers' name of the module."""

    pairs: Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]]
    scale: float

    @classmethod
    def of(cls, folder: Path) -> "Deltas":
        """Read a PEFT folder. Raises BadAdapter."""
        config = gguf_lora.read_config(folder / "adapter_config.json")
        try:
            tensors = read_safetensors(folder / "adapter_model.safetensors")
        except BadTensorFile as error:
            raise BadAdapter(f"adapter_model.safetensors: {error}") from error
        names = [name.removesuffix(".lora_A.weight") for name in tensors if name.endswith(".lora_A.weight")]
        pairs = {
            name.removeprefix("base_model.model."): (tensors[f"{name}.lora_A.weight"], tensors[f"{name}.lora_B.weight"])
            for name in names
        }
        return cls(pairs, gguf_lora.alpha_of(config) / float(config["r"]))

    def get(self, module: str) -> NDArray[np.float32] | None:
        """(outputs, inputs) in float32, None for a module that stays as it is."""
        pair = self.pairs.get(module)
        return None if pair is None else (np.float32(self.scale) * (pair[1] @ pair[0])).astype(np.float32)


def merge(models_dir: Path, model: str, adapter: Path, out: Path, told: Told) -> None:
    """Write the merged folder. Raises BadAdapter, NoSuchModel."""
    base, deltas = base_model.ensure_training(models_dir, model), Deltas.of(adapter)
    gguf_lora.export(adapter, source_gguf(models_dir, model), out / "check.gguf")  # names, shapes and ranks fit
    (out / "check.gguf").unlink()
    source = safetensors_tensors(base / "model.safetensors")
    with (out / "model.safetensors").open("wb") as file:
        file.write(base_model.safetensors_header([(name, list(value.shape)) for name, value in source.items()]))
        for done, (name, value) in enumerate(source.items(), 1):
            delta = deltas.get(name.removesuffix(".weight"))
            file.write(np.ascontiguousarray(value if delta is None else value + delta, np.float32).tobytes())
            told(done, len(source))
    for name in COPIED:
        shutil.copyfile(base / name, out / name)


def merge_gguf(models_dir: Path, model: str, adapter: Path, target: Path, told: Told) -> None:
    """Write the base model's GGUF file with the adapter in it. Raises BadAdapter, NoSuchModel."""
    from gguf import GGUFReader, GGUFWriter  # noqa: PLC0415 - half a second that only this needs

    source = source_gguf(models_dir, model)
    base, deltas, reader = Base.of(source), Deltas.of(adapter), GGUFReader(source)
    gguf_lora.export(adapter, source, target)  # names, shapes and ranks fit
    writer = GGUFWriter(target, base.architecture)
    base_model.copy_metadata(reader, writer)
    for done, tensor in enumerate(reader.tensors, 1):
        _add(writer, tensor, _rotated(base, tensor.name, deltas))
        told(done, len(reader.tensors))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _rotated(base: Base, name: str, deltas: Deltas) -> NDArray[np.float32] | None:
    """The change of a tensor of the GGUF file, its rows in llama.cpp's order."""
    found = base_model.hf_name(name).removesuffix(".weight") if name.startswith("blk.") else ""
    delta = deltas.get(found)
    module = MODULES.get(found.split(".", 3)[-1], "") if found else ""
    if delta is None or module not in ("attn_q", "attn_k"):
        return delta
    return gguf_lora.rotary_order(delta, base.heads if module == "attn_q" else base.kv_heads)


def _add(writer: Any, tensor: Any, delta: NDArray[np.float32] | None) -> None:
    """A tensor as it is, or changed: quantised ones become Q8_0, the others keep their type."""
    from gguf import GGMLQuantizationType as Kind  # noqa: PLC0415 - as above
    from gguf.quants import dequantize, quantize  # noqa: PLC0415 - as above

    kind = tensor.tensor_type
    if delta is None and kind != Kind.Q4_1:
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=kind)
        return
    values = dequantize(tensor.data, kind).astype(np.float32).reshape(tensor.shape[::-1])
    wanted = kind if kind in (Kind.F32, Kind.F16) else Kind.Q8_0
    changed = values if delta is None else values + delta
    writer.add_tensor(tensor.name, quantize(changed, wanted), raw_dtype=wanted)


def _tell(done: int, total: int) -> None:
    sys.stdout.write(json.dumps({"done": done, "total": total}) + "\n")
    sys.stdout.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="variorum.inference.merging", description=__doc__)
    parser.add_argument("--models-dir", type=Path, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--adapter", type=Path, required=True, help="a folder in PEFT's layout")
    parser.add_argument("--out", type=Path, required=True, help="an empty folder")
    parser.add_argument("format", choices=FORMATS)
    args = parser.parse_args(argv)
    try:
        if args.format == "merged":
            merge(args.models_dir, args.model, args.adapter, args.out, _tell)
        elif args.format == "gguf":
            merge_gguf(args.models_dir, args.model, args.adapter, args.out / "model.gguf", _tell)
        else:
            gguf_lora.export(args.adapter, source_gguf(args.models_dir, args.model), args.out / "adapter.gguf")
    except (BadAdapter, NoSuchModel) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
