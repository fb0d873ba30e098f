"""What the frozen layers below the adapters make of an example never changes: compute it once, not in each epoch.

The values lie in a memory-mapped file of the run's folder, float32, width times 4 bytes a token. A resumed run computes
them in the same batches as an uninterrupted one, so that both train on the same bits.
"""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from variorum.training.recipes.examples import Example, pack
from variorum.training.recipes.llama import Llama, Packed


class PrefixCache:
    """Hidden states below the first adapted layer: of the shared beginning once, then of each example's own tokens."""

    def __init__(self, path: Path, model: Llama, examples: Sequence[Example], budget_mb: int, shared: int = 0) -> None:
        self.model, self.examples, self.shared = model, examples, shared
        self.starts = [*accumulate((len(example.tokens) - shared for example in examples), initial=shared)]
        shape = (self.starts[-1], model.shape.width)
        self.on = model.first_adapted > 0 and shape[0] * shape[1] * 4 <= budget_mb * 2**20
        self.filled: set[int] = set()
        if self.on:
            whole = path.is_file() and path.stat().st_size == shape[0] * shape[1] * 4
            self._values = np.memmap(path, np.float32, "r+" if whole else "w+", shape=shape)

    def __call__(self, chosen: Sequence[int], batch: Packed) -> Tensor:
        """[T, width]: the input of the first adapted layer for these examples."""
        if self.on and self.filled.issuperset(chosen):
            parts = [self._values[: self.shared], *(self._values[self._place(index)] for index in chosen)]
            return torch.from_numpy(np.concatenate(parts)).to(batch.ids.device, self.model.embedding.dtype)
        with torch.no_grad():
            x = self.model.run(self.model.embed(batch), batch, 0, self.model.first_adapted)
        if self.on:
            self._keep(chosen, x)
        return x

    def _keep(self, chosen: Sequence[int], x: Tensor) -> None:
        values = x.float().cpu().numpy()
        if not self.filled:
            self._values[: self.shared] = values[: self.shared]
        start = self.shared
        for index in chosen:
            place = self._place(index)
            self._values[place] = values[start : start + place.stop - place.start]
            start += place.stop - place.start
        self.filled.update(chosen)

    def _place(self, index: int) -> slice:
        return slice(self.starts[index], self.starts[index + 1])

    def flush(self) -> list[int]:
        """Bring the values to disk and say which examples they cover; part of a checkpoint."""
        if self.on:
            self._values.flush()
        return sorted(self.filled)


def forward(model: Llama, cache: PrefixCache, chosen: Sequence[int], device: torch.device) -> tuple[Tensor, Packed]:
    """Logits for the labels of these examples, and the batch they belong to."""
    batch = pack([cache.examples[index] for index in chosen], device, cache.shared)
    x = model.run(cache(chosen, batch), batch, model.first_adapted, model.shape.layers)
    return model.predict(x), batch
