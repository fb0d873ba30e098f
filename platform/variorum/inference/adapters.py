"""An adapter of a commit, brought to where the model server finds it."""

import json
import os
import shutil
import tempfile
from pathlib import Path

from django.utils.crypto import salted_hmac

from variorum.inference.catalogue import adapter_name
from variorum.inference.shapes import LOADED, LOCAL, AdapterRef, ProviderError, Target
from variorum.inference.targets import models_dir
from variorum.lib import objects


def ensure(adapter: AdapterRef) -> str:
    """Put the adapter in `<models>/adapters/<name>/`, once and atomically; its name. Raises ProviderError."""
    config = json.dumps(adapter.config, sort_keys=True, indent=2).encode()
    name = adapter_name(adapter.sha256, config)
    target = models_dir() / "adapters" / name
    if target.is_dir():
        return name
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
    try:
        _place(objects.local_path(objects.content_key(adapter.sha256)), temporary / "adapter_model.safetensors")
        (temporary / "adapter_config.json").write_bytes(config)
        temporary.rename(target)
    except FileNotFoundError:
        raise ProviderError("unknown_adapter", "The adapter's weights are not in the object store.") from None
    except OSError:
        if not target.is_dir():  # another process was faster: its folder has the same content
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return name


def served_name(target: Target, adapter: AdapterRef) -> str:
    """The model id under which an adapter answers at an endpoint; its files are put in place. Raises ProviderError."""
    if target.provider == LOCAL:
        return f"{target.model}+{ensure(adapter)}"
    if not target.driver:
        text = f"The provider {target.provider!r} loads no adapters: choose vLLM in Settings → Models, or use {LOCAL}."
        raise ProviderError("adapter_unsupported", text)
    return f"{LOADED}{_bound(target, ensure(adapter))}"


def _bound(target: Target, name: str) -> str:
    """The project's own name for an adapter: nobody can guess it, and no other project asks for it.

    A vLLM server answers to a name whoever loaded it, and lists all of them to whoever has its key.
    """
    return salted_hmac("variorum.adapter", f"{target.project_id}/{name}", algorithm="sha256").hexdigest()


def _place(source: Path, target: Path) -> None:
    """A hard link where the file system allows one, else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
