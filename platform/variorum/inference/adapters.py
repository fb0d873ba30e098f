"""An adapter of a commit, brought to where the model server finds it."""

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from variorum.inference.endpoints import models_dir
from variorum.inference.errors import ProviderError
from variorum.lib import objects
from variorum_client.formats import parse_pointer


@dataclass(frozen=True)
class AdapterRef:
    """A LoRA adapter: the SHA-256 of its weights (an object of ours) and the bytes of its adapter_config.json."""

    sha256: str
    config: bytes

    @classmethod
    def of(cls, folder: str, read: Callable[[str], bytes | None]) -> "AdapterRef":
        """From an adapter's folder in a commit; `read` gives a file of that commit. Raises ProviderError."""
        config = read(f"{folder}/adapter_config.json")
        pointer = parse_pointer(read(f"{folder}/adapter_model.safetensors") or b"")
        if config is None or pointer is None:
            raise ProviderError(f"There is no adapter in {folder} in this commit.", code="adapter_missing")
        return cls(pointer.oid, config)


def materialise(adapter: AdapterRef) -> None:
    """Put both files in `<models>/adapters/<sha256>/`, once, atomically. Raises ProviderError."""
    target = models_dir() / "adapters" / adapter.sha256
    if target.is_dir():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
    try:
        _place(objects.local_path(objects.content_key(adapter.sha256)), temporary / "adapter_model.safetensors")
        (temporary / "adapter_config.json").write_bytes(adapter.config)
        temporary.rename(target)
    except FileNotFoundError:
        raise ProviderError("The adapter's weights are not in the object store.", code="adapter_missing") from None
    except OSError:
        if not target.is_dir():  # another process was faster: its folder has the same content
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _place(source: Path, target: Path) -> None:
    """A hard link where the file system allows one, else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
