"""Which adapters are live, and where they are loaded, over HTTP."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project
from variorum.accounts.models import Project
from variorum.deployments import adapters
from variorum.inference import loading
from variorum.inference.adapters import served_name
from variorum.inference.models import LoadedAdapter
from variorum.inference.shapes import LOCAL, ProviderError, Target
from variorum.inference.targets import resolve
from variorum.inference.vllm import Vllm
from variorum.lib import pagination

HOW = ("live", "rollback", "rule")
STATES = ("loaded", "on_demand", "missing", "failed", "away")


class AdapterNaming(serializers.Serializer[object]):
    """Why it has to be there: `live` in an environment, what a `rollback` goes to, or given by a `rule`."""

    environment = serializers.CharField()
    how = serializers.ChoiceField(choices=HOW)
    commit = serializers.CharField()


class AdapterPlace(serializers.Serializer[object]):
    """One address at which it is to answer. `on_demand`: our own server loads it by the first request."""

    address = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    detail = serializers.CharField()


class LiveAdapter(serializers.Serializer[object]):
    """A version of an adapter that an environment names. `name` is the model id at its provider."""

    folder = serializers.CharField()
    prompt = serializers.CharField()
    provider = serializers.CharField()
    model = serializers.CharField()
    name = serializers.CharField()
    sha256 = serializers.CharField(help_text="Of its weights.")
    namings = AdapterNaming(many=True)
    places = AdapterPlace(many=True)


class AdapterMemory(serializers.Serializer[object]):
    """Of our own model server, in bytes: what loaded adapters may take, and what they do."""

    memory = serializers.IntegerField(help_text="VARIORUM_ADAPTERS_MB of the operator.")
    used = serializers.IntegerField()
    loaded = serializers.IntegerField(help_text="How many.")


class LiveAdapterPage(serializers.Serializer[object]):
    """All of them; `own` is null when our own model server does not run or answer."""

    items = LiveAdapter(many=True)
    next = serializers.CharField(allow_null=True)
    own = AdapterMemory(allow_null=True)


class LiveAdaptersView(APIView):
    """Live adapters and where they are loaded, asked for at this moment."""

    @extend_schema(
        operation_id="adapters_live",
        responses=LiveAdapterPage,
        parameters=[OpenApiParameter(name, str) for name in ("folder", "provider")],
    )
    def get(self, request: Request, project: str) -> Response:
        """Viewer. An address that does not answer within five seconds is `away`."""
        found = access_project(request, project)
        rows = _rows(found, request.query_params.get("folder", ""), request.query_params.get("provider", ""))
        with ThreadPoolExecutor(8) as pool:
            asked = dict(pool.map(lambda each: (each, _models_at(*each)), {place for row in rows for place in row[1]}))
        items = [_shown(use, places, asked) for use, places in rows]
        return Response({**pagination.whole(LiveAdapter(items, many=True).data), "own": _own()})


Place = tuple[str, str, str]  # provider, address, key
Listed = tuple[frozenset[str], str]  # ids of models that answer there; why it does not


def _rows(project: Project, folder: str, provider: str) -> list[tuple[dict[str, Any], list[Place]]]:
    """What is named, each once, with the addresses to ask."""
    rows: dict[tuple[str, str, str], tuple[dict[str, Any], list[Place]]] = {}
    for naming in adapters.namings(project):
        for use in adapters.uses(project, naming.commit):
            slug = use.model.partition("/")[0]
            if (folder and use.folder != folder) or (provider and slug != provider):
                continue
            key = (use.prompt, use.model, use.adapter.sha256)
            if key not in rows:
                rows[key] = _row(project, use)
            said = {"environment": naming.environment.slug, "how": naming.how, "commit": naming.commit}
            rows[key][0]["namings"].append(said)
    return list(rows.values())


def _row(project: Project, use: adapters.Use) -> tuple[dict[str, Any], list[Place]]:
    slug, _, model = use.model.partition("/")
    row: dict[str, Any] = {"folder": use.folder, "prompt": use.prompt, "provider": slug, "model": model}
    row |= {"sha256": use.adapter.sha256, "namings": [], "name": "", "said": "", "failed": {}}
    try:
        target = resolve(project, use.model)
        row["name"] = served_name(target, use.adapter)
    except ProviderError as error:
        return {**row, "said": error.detail}, []
    if target.provider_id:
        failed = LoadedAdapter.objects.filter(provider=target.provider_id, name=row["name"]).exclude(detail="")
        row["failed"] = dict(failed.values_list("replica", "detail"))
    return row, _places(target)


def _places(target: Target) -> list[Place]:
    if target.provider == LOCAL:
        return [(LOCAL, f"{settings.MODEL_SERVER_URL}/v1", "")]
    return [(target.provider, url, target.key) for url in loading.addresses(target)]


def _own() -> dict[str, int] | None:
    """Asked at this moment; None when our own server does not answer."""
    try:
        state = loading.local_state() if settings.MODEL_SERVER_URL else None
    except ProviderError:
        return None
    return state and {"memory": state["memory"], "used": state["used"], "loaded": len(state["adapters"])}


def _models_at(provider: str, url: str, key: str) -> Listed:
    try:
        return frozenset(Vllm(provider, url, key).models()), ""
    except ProviderError as error:
        return frozenset(), error.detail


def _shown(row: dict[str, Any], places: Iterable[Place], asked: dict[Place, Listed]) -> dict[str, Any]:
    shown = [_place(row, place, *asked[place]) for place in places]
    if row["said"]:
        shown = [{"address": "", "state": "failed", "detail": row["said"]}]
    return {**row, "places": shown}


def _place(row: dict[str, Any], place: Place, models: frozenset[str], away: str) -> dict[str, str]:
    provider, url, _ = place
    address = "" if provider == LOCAL else url
    if away:
        text = "Our own model server does not answer." if provider == LOCAL else away
        return {"address": address, "state": "away", "detail": text}
    if row["name"] in models:
        return {"address": address, "state": "loaded", "detail": ""}
    if provider == LOCAL:
        return {"address": address, "state": "on_demand", "detail": "The first request loads it (under a second)."}
    failed = row["failed"].get(url, "")
    return {"address": address, "state": "failed" if failed else "missing", "detail": failed}
