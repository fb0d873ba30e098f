"""Does an endpoint answer, and will it load adapters? Asked before anything depends on it."""

import json
import posixpath
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import httpx

from variorum.inference.loading import addresses
from variorum.inference.models import Provider
from variorum.inference.shapes import LOADED, ProviderError, Target
from variorum.inference.targets import models_dir, target_of
from variorum.inference.vllm import Vllm
from variorum.lib import crypto
from variorum.lib.errors import Problem
from variorum.lib.safe_http import fetch

PROBE: Final = "probe"  # a folder beside the adapters
TRY_S: Final = 15.0
MOST: Final = 500
# No server allows such a rank: it reads the configuration, says so, and loads nothing.
CONFIG: Final = {
    "peft_type": "LORA",
    "task_type": "CAUSAL_LM",
    "r": 1_000_000,
    "lora_alpha": 1,
    "target_modules": ["q_proj"],
    "base_model_name_or_path": PROBE,
}


@dataclass(frozen=True)
class Trial:
    """What one address said of adapters, in one sentence."""

    address: str
    ok: bool
    detail: str


def list_models(provider: Provider) -> list[str]:
    """Ask an endpoint, saved or not, for its models: their ids, adapters left out. Raises ProviderError."""
    target = _target(provider)
    url, headers = f"{target.base_url.rstrip('/')}/models", {}
    if target.key:
        headers["authorization"] = f"Bearer {target.key}"
    try:
        answer = fetch("GET", url, seconds=TRY_S, headers=headers)
    except Problem as problem:
        raise ProviderError(problem.stable_code, problem.detail) from None
    except httpx.TimeoutException:
        raise ProviderError("timed_out", f"{target.provider} did not answer in time.", retryable=True) from None
    except httpx.HTTPError as error:
        text = f"{target.provider} cannot be reached ({type(error).__name__})."
        raise ProviderError("unavailable", text, retryable=True) from None
    if answer.status_code >= 300:
        raise ProviderError("refused", f"{target.provider} answered {answer.status_code} when asked for its models.")
    try:
        names = [str(item["id"]) for item in answer.json()["data"]]
    except (ValueError, KeyError, TypeError):
        text = f"{target.provider} answered something that is no list of models."
        raise ProviderError("bad_answer", text) from None
    return [name for name in names if not name.startswith(LOADED)][:MOST]


def try_adapters(provider: Provider) -> list[Trial]:
    """Of every address at which adapters are to be loaded: does it, and does it see them? [] without a driver."""
    if not provider.driver:
        return []
    target, path = _target(provider), _probe(provider)
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda url: _try_at(target, url, path), addresses(target)))


def _try_at(target: Target, url: str, path: str) -> Trial:
    try:
        rank = Vllm(target.provider, url, target.key).try_folder(f"{LOADED}{PROBE}", path)
    except ProviderError as error:
        return Trial(url, ok=False, detail=error.detail)
    return Trial(url, ok=True, detail=f"It sees the folder and loads adapters{f' up to rank {rank}' if rank else ''}.")


def _target(provider: Provider) -> Target:
    try:
        return target_of(provider, "-", crypto.unseal(provider.sealed_key))
    except ValueError as error:
        raise ProviderError("not_configured", str(error)) from None


def _probe(provider: Provider) -> str:
    """Put the probe among our adapters; where that server should see it."""
    folder = models_dir() / "adapters" / PROBE
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "adapter_config.json").write_text(json.dumps(CONFIG))
    return posixpath.join(provider.adapters_root or str(folder.parent), PROBE)
