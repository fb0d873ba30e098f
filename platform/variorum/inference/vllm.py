"""vLLM's runtime LoRA API at one address: load, unload, list; its refusals in words.

The server has to be started with `--enable-lora` and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True, and must see the folder in
which we put adapters. Our own model server speaks the same two calls. What vLLM answers to what, by version, is the
table at the head of tests/fakes/vllm_server.py.
"""

import json
import re
from typing import Any, Final

import httpx

from variorum.inference.shapes import LOCAL, ProviderError
from variorum.lib.errors import Problem
from variorum.lib.safe_http import fetch

LOAD_S: Final = 60.0
LOCAL_LOAD_S: Final = 15.0  # ours loads by the first request, too
LIST_S: Final = 5.0
MAX_ANSWER: Final = 1_000_000
_MAX_RANK: Final = re.compile(r"max_lora_rank (\d{1,6})")


class Vllm:
    """One server: `url` ends in /v1."""

    def __init__(self, provider: str, url: str, key: str = "") -> None:
        self.provider, self.url, self.key = provider, url.rstrip("/"), key

    def load(self, name: str, path: str, *, again: bool = False) -> None:
        """Load the adapter that lies at `path` on that machine; done already is done. Raises ProviderError.

        `again`: read it anew though it is loaded, if that vLLM can (since 2026); an older one keeps what it has.
        """
        seconds = LOCAL_LOAD_S if self.provider == LOCAL else LOAD_S
        body = {"lora_name": name, "lora_path": path, **({"load_inplace": True} if again else {})}
        answer = self._send("POST", "load_lora_adapter", seconds, body)
        if answer.status_code == 200 or (answer.status_code == 400 and "already been loaded" in _message(answer)):
            return
        raise self._refusal(answer, path)

    def unload(self, name: str) -> None:
        """Forget the adapter; requests in progress end with it. Raises ProviderError."""
        answer = self._send("POST", "unload_lora_adapter", LIST_S, {"lora_name": name})
        if answer.status_code == 500 and "Failed to remove" in _message(answer) and (path := self.models().get(name)):
            # Memory for adapters was short and vLLM let this one go, but not its name: it removes only what is there.
            self.load(name, path, again=True)
            answer = self._send("POST", "unload_lora_adapter", LIST_S, {"lora_name": name})
        if answer.status_code not in (200, 404):
            raise self._refusal(answer, "")

    def try_folder(self, name: str, path: str) -> int | None:
        """Let it read an adapter that is never loaded for its rank; the highest rank that it takes, None when it does
        not say. Raises ProviderError when it loads none, or does not see `path`."""
        answer = self._send("POST", "load_lora_adapter", LIST_S, {"lora_name": name, "lora_path": path})
        said = _message(answer)
        if answer.status_code == 200:
            self.unload(name)
        elif "max_lora_rank" not in said:
            raise self._refusal(answer, path)
        found = _MAX_RANK.search(said)
        return int(found[1]) if found else None

    def models(self) -> dict[str, str]:
        """Ids of the models that answer there, adapters among them, and where each was read. Raises ProviderError."""
        answer = self._send("GET", "models", LIST_S)
        if answer.status_code >= 300:
            raise self._refusal(answer, "")
        try:
            return {str(item["id"]): str(item.get("root") or "") for item in answer.json()["data"]}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise self._error("bad_answer", f"answered {answer.status_code} when asked for its models") from None

    def state(self) -> dict[str, Any]:
        """What our own server says: `memory` that adapters may take and what they do (`used`), in bytes, and of each of
        `adapters` its name, kept, in_flight, answered, idle_s, bytes. Raises ProviderError."""
        try:
            said = self._send("GET", "adapters", LIST_S).json()
            return {"memory": int(said["memory"]), "used": int(said["used"]), "adapters": list(said["adapters"])}
        except (ValueError, KeyError, TypeError):
            raise self._error("bad_answer", "does not say which adapters it has loaded") from None

    def _send(self, method: str, path: str, seconds: float, body: dict[str, Any] | None = None) -> httpx.Response:
        url, headers = f"{self.url}/{path}", {"authorization": f"Bearer {self.key}"} if self.key else {}
        try:
            return fetch(method, url, seconds=seconds, headers=headers, json=body, public=self.provider != LOCAL)
        except Problem as problem:
            raise ProviderError(problem.stable_code, problem.detail) from None
        except httpx.HTTPError as error:
            raise self._error("unavailable", f"cannot be reached ({type(error).__name__})", retryable=True) from None

    def _refusal(self, answer: httpx.Response, path: str) -> ProviderError:
        status, said = answer.status_code, self._clean(_message(answer))
        if status in (401, 403):
            return self._error("refused", f"refused our key ({status})")
        if (status == 404 and said in ("", "Not Found")) or "LoRA is not enabled" in said:  # there is no such route
            text = (
                "loads no adapters while it runs: start it with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True"
            )
            return self._error("adapters_off", text)
        if "no adapter found" in said.lower():
            text = f"does not see the adapter's files at {path}: check the folder of adapters in Settings → Models"
            return self._error("adapter_refused", text)
        if "max_lora_rank" in said:
            return self._error(
                "adapter_refused", f"cannot load the adapter: {said} Start it with a larger --max-lora-rank"
            )
        if _is_broken(status, said):
            return self._error("unavailable", f"is in trouble ({status}): {said or 'no reason given'}", retryable=True)
        return self._error("adapter_refused", f"cannot load the adapter ({status}): {said or 'it gave no reason'}")

    def _error(self, code: str, text: str, *, retryable: bool = False) -> ProviderError:
        return ProviderError(code, f"{self.provider} ({self.url}) {text.rstrip('.')}.", retryable=retryable)

    def _clean(self, said: str) -> str:
        return (said.replace(self.key, "[key]") if self.key else said)[:300]


def _is_broken(status: int, said: str) -> bool:
    """The server rather than the adapter: since 2026 vLLM says 500 to a bad adapter, too, but then with its reason."""
    return status > 500 or (status == 500 and (not said or "EngineCore" in said or "EngineDead" in said))


def _message(answer: httpx.Response) -> str:
    """What vLLM's error body says, at the top before the summer of 2025; "" for a body that is not vLLM's."""
    try:
        body: Any = json.loads(answer.content[:MAX_ANSWER])
        found = body["error"]["message"] if "error" in body else body["message"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return found if isinstance(found, str) else ""
