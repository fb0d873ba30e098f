"""From a `provider/model` name to an endpoint, and what a project can call."""

import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings

from variorum.accounts.models import Project
from variorum.inference.catalogue import list_models
from variorum.inference.models import Provider
from variorum.inference.shapes import LOADED, LOCAL, ProviderError, Target
from variorum.lib import crypto

START_SECONDS = 300.0
NO_ADAPTER = "An adapter cannot be named with its model: the prompt names it (adapter: adapters/...)."


def models_dir() -> Path:
    """Where base models and adapters lie for the model server."""
    return Path(settings.DATA_DIR) / "models"


def resolve(project: Project, model: str) -> Target:
    """Where `provider/model` leads. The model id may hold slashes of its own. Raises ProviderError.

    Adapters are not named here (`base+name` at our own server, `variorum-…` elsewhere): they come from a commit of the
    project alone, so that a server shared by two projects answers neither with the other's.
    """
    provider, _, name = model.partition("/")
    if not name:
        text = f"Write the model as provider/model, for example local/smollm2-135m; {model[:100]!r} has no provider."
        raise ProviderError("unknown_provider", text)
    if provider == LOCAL:
        return _local(name)
    if name.startswith(LOADED):
        raise ProviderError("unknown_model", NO_ADAPTER)
    row = Provider.objects.filter(project=project, slug=provider).first()
    if row is None:
        raise ProviderError("unknown_provider", f"The project has no provider {provider[:63]!r}. Add it in Settings.")
    entry: dict[str, Any] = next((item for item in row.catalogue if item["id"] == name), {})
    try:
        key = crypto.unseal(row.sealed_key)
    except ValueError as exc:
        raise ProviderError("not_configured", str(exc)) from None
    prices = (_price(entry.get("input_price")), _price(entry.get("output_price")))
    return target_of(row, name, key, *prices)


def target_of(row: Provider, name: str, key: str, *prices: Decimal | None) -> Target:
    """A provider's endpoint for one of its models."""
    input_price, output_price = prices or (None, None)
    driver = (row.driver, row.adapters_root, tuple(row.replicas), row.pk, row.project_id)
    return Target(row.slug, name, row.base_url, key, input_price, output_price, *driver)


def _local(name: str) -> Target:
    if "+" in name:
        raise ProviderError("unknown_model", NO_ADAPTER)
    if not settings.MODEL_SERVER_URL:
        text = "The model server is not running here (it starts with `make up`, or set VARIORUM_MODEL_SERVER_URL)."
        raise ProviderError("not_configured", text)
    return Target(LOCAL, name, f"{settings.MODEL_SERVER_URL}/v1", "", Decimal(0), Decimal(0))


def await_own_server(target: Target, check: Callable[[], None], seconds: float = START_SECONDS) -> None:
    """Wait until our own model server answers: at the very first start it may still prepare its weights.

    Any other provider's target returns at once. `check` is called before each try and may raise.
    Raises ProviderError.
    """
    end = time.monotonic() + seconds
    while target.provider == LOCAL:
        check()
        try:
            httpx.get(f"{target.base_url.removesuffix('/v1')}/health", timeout=5, trust_env=False).raise_for_status()
        except httpx.HTTPError:
            if time.monotonic() > end:
                text = f"The model server did not answer within {seconds:.0f} s. Its log is in <data>/logs/models.log."
                raise ProviderError("unavailable", text) from None
            time.sleep(0.5)
        else:
            return


def _price(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def choices(project: Project) -> list[dict[str, Any]]:
    """Every model that a project can name: `name` is provider/model, `adapters` whether it takes our adapters."""
    found: list[dict[str, Any]] = []
    if settings.MODEL_SERVER_URL:
        free = {"input_price": "0", "output_price": "0"}
        found += [_choice(LOCAL, {"id": name, **free}, adapters=True) for name in list_models(models_dir())]
    for row in Provider.objects.filter(project=project).order_by("slug"):
        found += [_choice(row.slug, entry, adapters=bool(row.driver)) for entry in row.catalogue]
    return found


def _choice(provider: str, entry: dict[str, Any], *, adapters: bool) -> dict[str, Any]:
    return {
        "name": f"{provider}/{entry['id']}",
        "provider": provider,
        "model": entry["id"],
        "input_price": entry.get("input_price"),
        "output_price": entry.get("output_price"),
        "adapters": adapters,
    }
