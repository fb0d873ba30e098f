"""A Llama decoder for training: frozen weights, LoRA on top, and no padding.

The examples of a batch stand one after the other in a single row of tokens, so that every linear layer works on real
tokens only; attention alone is done example by example. What all examples begin with (a prompt's instructions) stands
in the row once: under causal attention its values are the same for all. q, k and v (and gate and up) share one matrix
product, and the end of the last layer and the output layer see label positions only.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import safe_open
from torch import Tensor, nn
from torch.nn import functional

from variorum.training.recipes.config import LoraConfig

# The projections that share their input are one matrix here.
GROUPS: Final = (
    ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    ("self_attn.o_proj",),
    ("mlp.gate_proj", "mlp.up_proj"),
    ("mlp.down_proj",),
)


Attend = Callable[[Tensor, Tensor, Tensor], Tensor]  # q, k, v, each [T, heads, d] -> [T, heads, d]


class UnfitModel(ValueError):
    """The folder holds no model that this recipe can train; the message is fit for a person."""


@dataclass(frozen=True)
class Shape:
    """The numbers of config.json that the forward pass needs."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    head_width: int
    epsilon: float
    theta: float

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Shape":
        """Refuses what the forward pass below would silently compute wrongly."""
        rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
        if config.get("model_type") != "llama" or config.get("attention_bias") or config.get("mlp_bias"):
            raise UnfitModel("this recipe trains Llama models without biases")
        if rope.get("rope_type", "default") != "default" or config.get("hidden_act", "silu") != "silu":
            raise UnfitModel("this recipe knows plain rotary positions and the SiLU activation only")
        heads, width = int(config["num_attention_heads"]), int(config["hidden_size"])
        return cls(
            layers=int(config["num_hidden_layers"]),
            width=width,
            heads=heads,
            kv_heads=int(config.get("num_key_value_heads") or heads),
            head_width=int(config.get("head_dim") or width // heads),
            epsilon=float(config["rms_norm_eps"]),
            theta=float(rope.get("rope_theta") or config.get("rope_theta") or 10000.0),
        )


@dataclass(frozen=True)
class Packed:
    """Several examples in one row: T tokens, of which N predict a label token."""

    ids: Tensor  # [T]: the shared beginning once, then each example's own tokens
    positions: Tensor  # [T], as each example would count them alone
    shared: int  # tokens of the shared beginning
    lengths: list[int]  # own tokens per example; with the shared ones their sum is T
    predicting: Tensor  # [N] places in the row whose next token is a label
    labels: Tensor  # [N] those next tokens
    label_counts: list[int]  # label tokens per example; their sum is N


def _apply(function: type[torch.autograd.Function], *arguments: object) -> Tensor:
    product: Tensor = function.apply(*arguments)  # type: ignore[no-untyped-call]
    return product


class _LoraProduct(torch.autograd.Function):
    """y = x Wᵀ + s · drop(x) Aᵀ Bᵀ for one W whose rows belong to several modules, with W frozen.

    Keeps x, the dropout mask and the rank-r products, and nothing else. B comes transposed, and the products with it
    have their short side first: BLAS is four to eight times quicker on those shapes.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        a: Tensor,
        rows: list[slice],
        scale: float,
        mask: Tensor | None,
        *bt: Tensor,
    ) -> Tensor:
        y = x @ weight.T
        z = (x if mask is None else x * mask) @ a.to(x.dtype).T
        for place, part, matrix in zip(rows, z.chunk(len(bt), dim=1), bt, strict=True):
            y[:, place].addmm_(part, matrix.to(x.dtype), alpha=scale)
        ctx.save_for_backward(x, weight, a, z, *bt, *([] if mask is None else [mask]))
        ctx.rows, ctx.scale, ctx.count = rows, scale, len(bt)
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, a, z, *rest = ctx.saved_tensors
        bt, mask = rest[: ctx.count], (rest[ctx.count] if len(rest) > ctx.count else None)
        parts = [grad[:, place] for place in ctx.rows]
        dz_t = torch.cat([m.to(grad.dtype) @ part.T for part, m in zip(parts, bt, strict=True)]).mul_(ctx.scale)
        da = (dz_t @ (x if mask is None else x * mask)).to(a.dtype)
        columns = z.chunk(len(bt), dim=1)
        dbt = [(part.T @ p).mul_(ctx.scale).to(a.dtype) for p, part in zip(parts, columns, strict=True)]
        dx = None
        if ctx.needs_input_grad[0]:
            low = dz_t.T @ a.to(grad.dtype)
            dx = torch.addmm(low if mask is None else low * mask, grad, weight)
        return dx, None, da, None, None, None, *dbt


class Projection(nn.Module):
    """One or more of a layer's linear modules that read the same input: [T, inputs] -> [T, sum of outputs]."""

    def __init__(self, names: Sequence[str], weights: Sequence[Tensor]) -> None:
        super().__init__()
        self.names = list(names)
        self.sizes = [weight.shape[0] for weight in weights]
        self.weight = torch.cat(list(weights)) if len(weights) > 1 else weights[0]
        self.adapted: list[str] = []
        self.rows: list[slice] = []
        self.scale = self.dropout = 0.0
        self.a: nn.Parameter | None = None  # [modules * rank, inputs]
        self.bt = nn.ParameterList()  # each [rank, outputs of the module]: B transposed

    def adapt(self, config: LoraConfig) -> None:
        """Add LoRA to those modules that the config names. B starts at zero: at first the model answers as before."""
        self.adapted = [name for name in self.names if name.split(".")[1] in config.targets]
        if not self.adapted:
            return
        self.scale, self.dropout = config.alpha / config.rank, config.dropout
        starts = [sum(self.sizes[: self.names.index(name)]) for name in self.adapted]
        sizes = [self.sizes[self.names.index(name)] for name in self.adapted]
        self.rows = [slice(start, start + size) for start, size in zip(starts, sizes, strict=True)]
        inputs, device = self.weight.shape[1], self.weight.device
        bound = 1 / math.sqrt(inputs)  # as torch initialises a linear layer, and peft its A
        self.a = nn.Parameter(torch.empty(config.rank * len(sizes), inputs).uniform_(-bound, bound).to(device))
        self.bt = nn.ParameterList([nn.Parameter(torch.zeros(config.rank, size, device=device)) for size in sizes])

    def __call__(self, x: Tensor) -> Tensor:
        if self.a is None:
            return x @ self.weight.T
        mask = None
        if self.training and self.dropout:
            mask = torch.empty_like(x).bernoulli_(1 - self.dropout).div_(1 - self.dropout)
        return _apply(_LoraProduct, x, self.weight, self.a, self.rows, self.scale, mask, *self.bt)


class _SwiGlu(torch.autograd.Function):
    """silu(gate) · up from [T, 2h] to [T, h]; keeps its input alone."""

    @staticmethod
    def forward(ctx: Any, both: Tensor) -> Tensor:
        ctx.save_for_backward(both)
        gate, up = both.chunk(2, dim=1)
        return functional.silu(gate).mul_(up)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (both,) = ctx.saved_tensors
        gate, up = both.chunk(2, dim=1)
        sigmoid = torch.sigmoid(gate)
        silu = gate * sigmoid
        d_gate = (sigmoid + silu * (1 - sigmoid)).mul_(up).mul_(grad)
        return torch.cat([d_gate, silu.mul_(grad)], dim=1)


class Layer(nn.Module):
    """One decoder layer. The frozen weights are plain tensors, not parameters: nothing but LoRA is trained or saved."""

    def __init__(self, shape: Shape, tensors: Mapping[str, Tensor], prefix: str) -> None:
        super().__init__()
        self.shape = shape
        groups = [Projection(names, [tensors[f"{prefix}{name}.weight"] for name in names]) for names in GROUPS]
        self.qkv, self.out, self.gate_up, self.down = groups
        self.norm_in = tensors[f"{prefix}input_layernorm.weight"]
        self.norm_out = tensors[f"{prefix}post_attention_layernorm.weight"]

    def projections(self) -> tuple[Projection, ...]:
        return self.qkv, self.out, self.gate_up, self.down

    def forward(self, x: Tensor, rotary: tuple[Tensor, Tensor], attend: Attend, keep: Tensor | None) -> Tensor:
        """[T, width], or only the rows `keep` of it: nobody looks at the last layer's other rows."""
        s = self.shape
        both, split = s.heads + s.kv_heads, s.heads
        heads = self.qkv(_norm(x, self.norm_in, s.epsilon)).view(len(x), both + s.kv_heads, s.head_width)
        turned = _rotate(heads[:, :both], *rotary)
        attention = attend(turned[:, :split], turned[:, split:], heads[:, both:])
        attention = attention.reshape(len(x), -1)
        if keep is not None:
            x, attention = x.index_select(0, keep), attention.index_select(0, keep)
        x = x + self.out(attention)
        return x + self.down(_apply(_SwiGlu, self.gate_up(_norm(x, self.norm_out, s.epsilon))))


def _norm(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    return functional.rms_norm(x, (x.shape[-1],), weight, epsilon)


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary positions on [T, heads, d]: the two halves of a head are a pair's two coordinates."""
    left, right = x.chunk(2, dim=-1)
    return torch.cat([left * cos - right * sin, right * cos + left * sin], dim=-1)


def attend_each(shared: int, lengths: Sequence[int]) -> Attend:
    """Causal attention, one example after the other: the quickest on a CPU."""
    masks = [_causal(length, shared, torch.device("cpu")) if shared else None for length in lengths]

    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        (q0, *qs), (k0, *ks), (v0, *vs) = (torch.split(x, [shared, *lengths]) for x in (q, k, v))
        found = [_sdpa(q0[None], k0[None], v0[None], None)[0]] if shared else []
        for one_q, one_k, one_v, mask in zip(qs, ks, vs, masks, strict=True):
            all_k, all_v = (torch.cat([k0, one_k]), torch.cat([v0, one_v])) if shared else (one_k, one_v)
            found.append(_sdpa(one_q[None], all_k[None], all_v[None], mask)[0])
        return torch.cat(found)

    return attend


def attend_padded(shared: int, lengths: Sequence[int], device: torch.device) -> Attend:
    """The same in one call, padded on the right for attention alone: the quickest on a GPU."""
    longest, count = max(lengths), len(lengths)
    real = torch.arange(longest, device=device) < torch.tensor(list(lengths), device=device)[:, None]
    places = torch.zeros_like(real, dtype=torch.long)
    places[real] = torch.arange(shared, shared + sum(lengths), device=device)
    mask = _causal(longest, shared, device) if shared else None

    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        all_k, all_v = (torch.cat([x[:shared].expand(count, -1, -1, -1), x[places]], dim=1) for x in (k, v))
        own = _sdpa(q[places], all_k, all_v, mask)[real]
        if not shared:
            return own
        return torch.cat([_sdpa(q[None, :shared], k[None, :shared], v[None, :shared], None)[0], own])

    return attend


def _causal(length: int, before: int, device: torch.device) -> Tensor:
    """[length, before + length]: each token sees all that came before its example, and its example up to itself."""
    return torch.ones(length, before + length, dtype=torch.bool, device=device).tril(diagonal=before)


def _sdpa(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """On [B, tokens, heads, d]; without a mask plain causal."""
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    return functional.scaled_dot_product_attention(
        q, k, v, attn_mask=mask, is_causal=mask is None, enable_gqa=True
    ).transpose(1, 2)


class Llama(nn.Module):
    """The whole decoder."""

    def __init__(self, shape: Shape, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = tensors["model.embed_tokens.weight"]
        self.head = tensors.get("lm_head.weight", self.embedding)
        self.norm = tensors["model.norm.weight"]
        self.layers = [Layer(shape, tensors, f"model.layers.{number}.") for number in range(shape.layers)]
        self.adapted = nn.ModuleList()
        self.first_adapted = shape.layers

    @classmethod
    def load(cls, folder: Path, device: torch.device) -> "Llama":
        """From a transformers folder: float32 on a CPU, bfloat16 on a GPU."""
        dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
        tensors: dict[str, Tensor] = {}
        for path in sorted(folder.glob("*.safetensors")):
            with safe_open(path, framework="pt", device=str(device)) as file:
                names: list[str] = file.keys()
                tensors.update({name: file.get_tensor(name).to(dtype) for name in names})
        try:
            return cls(Shape.of(json.loads((folder / "config.json").read_text())), tensors)
        except (OSError, KeyError) as error:
            raise UnfitModel(f"{folder.name} is not a complete Llama folder: {error}") from error

    def adapt(self, config: LoraConfig) -> None:
        """Add LoRA to the top layers, initialised from the seed."""
        self.first_adapted = max(0, self.shape.layers - config.top_layers) if config.top_layers else 0
        torch.manual_seed(config.seed)
        self.adapted = nn.ModuleList(self.layers[self.first_adapted :])
        for layer in self.layers[self.first_adapted :]:
            for projection in layer.projections():
                projection.adapt(config)

    def embed(self, batch: Packed) -> Tensor:
        """[T, width]."""
        return functional.embedding(batch.ids, self.embedding)

    def run(self, x: Tensor, batch: Packed, start: int, stop: int) -> Tensor:
        """Layers start..stop-1 on [T, width]; after the last layer only the N predicting rows are left."""
        rotary = self._rotary(batch.positions, x.dtype)
        on_cpu, parts = x.device.type == "cpu", (batch.shared, batch.lengths)
        attend = attend_each(*parts) if on_cpu else attend_padded(*parts, x.device)
        for number, layer in enumerate(self.layers[start:stop], start):
            keep = batch.predicting if number == self.shape.layers - 1 else None
            x = layer.forward(x, rotary, attend, keep)
        return x

    def predict(self, x: Tensor) -> Tensor:
        """Logits [N, vocabulary] in float32 for the label tokens, from the output of the last layer."""
        return (_norm(x, self.norm, self.shape.epsilon) @ self.head.T).float()

    def _rotary(self, positions: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """cos and sin, each [T, 1, d/2]."""
        steps = torch.arange(0, self.shape.head_width, 2, device=positions.device, dtype=torch.float32)
        angles = positions[:, None, None].float() * self.shape.theta ** (-steps / self.shape.head_width)
        return angles.cos().to(dtype), angles.sin().to(dtype)
