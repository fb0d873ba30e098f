"""What the head of a stored safetensors file says."""

from functools import lru_cache

from variorum.lib import objects
from variorum_client.formats.safetensors import Tensor, header_size, parse_header


@lru_cache(maxsize=64)
def tensors_of(digest: str) -> dict[str, Tensor]:
    """Name -> type and shape of an object's tensors, from its head alone. Raises FileNotFoundError, FormatError."""
    store, key = objects.store(), objects.content_key(digest)
    size = store.size(key)
    head = store.get_range(key, 0, min(size, 16))
    return parse_header(store.get_range(key, 0, header_size(head, size)), size)
