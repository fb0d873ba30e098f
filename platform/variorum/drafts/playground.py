"""Runs a prompt once against a model: what a person tries before they propose it. Nothing is stored."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project
from variorum.accounts.models import Project
from variorum.accounts.roles import Role
from variorum.inference import services
from variorum.inference.problems import as_problem
from variorum.inference.shapes import AdapterRef, ProviderError
from variorum.lib.errors import Invalid, NotFound
from variorum.repos import queries
from variorum.repos.api import render
from variorum.repos.overview import overview
from variorum.repos.serializers import RenderRequest

TIMEOUT = 90.0


class PlaygroundRequest(RenderRequest):
    """A prompt by source, or by path and ref, with variables; `model` and `config` stand in for the prompt's own."""

    model = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    config = serializers.DictField(required=False, default=dict)


class PlaygroundAnswer(serializers.Serializer[object]):
    """What the model said, how long it took, what it cost."""

    text = serializers.CharField()
    model = serializers.CharField()
    messages = serializers.ListField(child=serializers.DictField())
    finish_reason = serializers.CharField()
    latency_ms = serializers.FloatField()
    input_tokens = serializers.IntegerField(allow_null=True)
    output_tokens = serializers.IntegerField(allow_null=True)
    cost = serializers.CharField(allow_null=True)


class PlaygroundView(APIView):
    """Try a prompt."""

    @extend_schema(operation_id="playground_run", request=PlaygroundRequest, responses=PlaygroundAnswer)
    def post(self, request: Request, project: str) -> Response:
        """Editor. 422: the prompt or a variable is wrong; 400 or 502: the model call is."""
        found = access_project(request, project, Role.EDITOR)
        body = PlaygroundRequest(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(PlaygroundAnswer(run(found, body.validated_data)).data)


def run(project: Project, data: dict[str, Any]) -> dict[str, Any]:
    """Render and call. Raises Unprocessable, Invalid, UpstreamFailed, NotFound."""
    shown = render(project, data)
    model = data.get("model") or shown["model"]
    if not model:
        raise Invalid("The prompt names no model; choose one.", code="no_model")
    adapter = None
    if shown["adapter"] and (not data.get("model") or data["model"] == shown["model"]):
        adapter = adapter_ref(project, queries.resolve(project, data["ref"]), shown["adapter"])
    try:
        done = services.complete(
            project=project,
            model=model,
            messages=shown["messages"],
            config={**shown["config"], **data.get("config", {})},
            adapter=adapter,
            timeout=TIMEOUT,
        )
    except ProviderError as error:
        raise as_problem(error) from None
    return {
        "text": done.text,
        "model": model,
        "messages": shown["messages"],
        "finish_reason": done.finish_reason,
        "latency_ms": done.latency_ms,
        "input_tokens": done.input_tokens,
        "output_tokens": done.output_tokens,
        "cost": None if done.cost is None else str(done.cost),
    }


def adapter_ref(project: Project, commit: str, folder: str) -> AdapterRef:
    """The adapter in a folder of a commit, for a model call. Raises NotFound when it is not whole."""
    path = f"{folder}/adapter_config.json"
    read = queries.overlay(project, commit, {})
    content = read(path)
    shown, _ = overview(path, content, read) if content is not None else (None, [])
    if not shown or not shown["config"] or not shown["weights"]:
        raise NotFound(f"There is no whole adapter in {folder} at {commit[:10]}.", code="unknown_adapter")
    base = (shown["card"] or {}).get("base_model")
    base_sha256 = str(base.get("manifest_sha256") or "") if isinstance(base, dict) else ""
    return AdapterRef(sha256=shown["weights"]["sha256"], config=shown["config"], base_sha256=base_sha256)
