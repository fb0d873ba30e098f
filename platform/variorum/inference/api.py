"""Providers and models over HTTP."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project, actor_of
from variorum.accounts.roles import Role
from variorum.inference import queries, services, targets, trials
from variorum.inference.models import Provider
from variorum.inference.problems import as_problem
from variorum.inference.shapes import ProviderError
from variorum.lib import pagination


class ModelEntry(serializers.Serializer[object]):
    """A model of a provider; prices in US dollars per million tokens."""

    id = serializers.CharField(max_length=200)
    input_price = serializers.DecimalField(max_digits=12, decimal_places=6, min_value=0, allow_null=True, default=None)
    output_price = serializers.DecimalField(max_digits=12, decimal_places=6, min_value=0, allow_null=True, default=None)


class ProviderSerializer(serializers.ModelSerializer[Provider]):
    """An endpoint without its key."""

    has_key = serializers.SerializerMethodField()
    models = ModelEntry(many=True, source="catalogue")
    replicas = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Provider
        fields = [
            *("slug", "name", "base_url", "has_key", "models", "driver", "adapters_root", "replicas"),
            *("created_at", "updated_at"),
        ]

    def get_has_key(self, provider: Provider) -> bool:
        """Whether a key is kept."""
        return bool(provider.sealed_key)


class ProviderPage(serializers.Serializer[object]):
    """A project's endpoints."""

    items = ProviderSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ProviderChange(serializers.Serializer[object]):
    """What may be changed. An absent key is kept; an empty one removes it."""

    name = serializers.CharField(max_length=100, required=False)
    base_url = serializers.URLField(max_length=300, required=False)
    key = serializers.RegexField(
        r"^[!-~]*$",
        max_length=500,
        required=False,
        allow_blank=True,
        write_only=True,
        error_messages={"invalid": "A key has letters, digits and signs of ASCII only, and no spaces."},
    )
    models = ModelEntry(many=True, required=False, max_length=200)  # type: ignore[call-arg]  # of the list
    driver = serializers.ChoiceField(
        Provider.Driver.choices, required=False, allow_blank=True, help_text="vllm: it loads adapters while it runs."
    )
    adapters_root = serializers.RegexField(
        r"^(/[^/]+)+/?$",
        max_length=300,
        required=False,
        allow_blank=True,
        help_text="Where that server sees our folder of adapters.",
    )
    replicas = serializers.ListField(
        child=serializers.URLField(max_length=300),
        max_length=16,
        required=False,
        help_text="Addresses at which adapters are loaded, when base_url is a balancer before several servers.",
    )


class NewProvider(ProviderChange):
    """A new endpoint; `slug` is what prompts write before the slash."""

    slug = serializers.RegexField(r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")
    name = serializers.CharField(max_length=100)
    base_url = serializers.URLField(max_length=300)


class ModelChoice(serializers.Serializer[object]):
    """A model that the project can name in a prompt."""

    name = serializers.CharField()
    provider = serializers.CharField()
    model = serializers.CharField()
    input_price = serializers.CharField(allow_null=True)
    output_price = serializers.CharField(allow_null=True)
    adapters = serializers.BooleanField()


class ModelPage(serializers.Serializer[object]):
    """All of them."""

    items = ModelChoice(many=True)
    next = serializers.CharField(allow_null=True)


class AdapterTrial(serializers.Serializer[object]):
    """What one address said when it was asked to read a probe among our adapters, in one sentence."""

    address = serializers.CharField()
    ok = serializers.BooleanField()
    detail = serializers.CharField()


class TryAnswer(serializers.Serializer[object]):
    """The ids of the models that the endpoint offers; each address at which it is to load adapters."""

    models = serializers.ListField(child=serializers.CharField())
    adapters = AdapterTrial(many=True)


class ProviderTrial(ProviderChange):
    """An endpoint as a form says it, not saved. `provider`: the saved one whose key is used when none is given."""

    base_url = serializers.URLField(max_length=300)
    provider = serializers.SlugField(required=False)
    name = None  # type: ignore[assignment]  # of no use here
    models = None  # type: ignore[assignment]


def _entries(models: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: None if value is None else str(value) for name, value in entry.items()} for entry in models]


class ProvidersView(APIView):
    """A project's endpoints."""

    @extend_schema(operation_id="providers_list", responses=ProviderPage)
    def get(self, request: Request, project: str) -> Response:
        """Viewer."""
        found = access_project(request, project)
        return Response(pagination.whole(ProviderSerializer(queries.providers_of(found), many=True).data))

    @extend_schema(operation_id="providers_create", request=NewProvider, responses={201: ProviderSerializer})
    def post(self, request: Request, project: str) -> Response:
        """Maintainer. The key is encrypted and never shown again."""
        found = access_project(request, project, Role.MAINTAINER)
        body = NewProvider(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        provider = services.create_provider(
            project=found,
            actor=actor_of(request),
            slug=data["slug"],
            name=data["name"],
            base_url=data["base_url"],
            key=data.get("key", ""),
            catalogue=_entries(data.get("models", [])),
            driver=data.get("driver", ""),
            adapters_root=data.get("adapters_root", ""),
            replicas=data.get("replicas", []),
        )
        return Response(ProviderSerializer(provider).data, status=201)


class ProviderView(APIView):
    """One endpoint."""

    @extend_schema(operation_id="providers_change", request=ProviderChange, responses=ProviderSerializer)
    def patch(self, request: Request, project: str, provider: str) -> Response:
        """Maintainer."""
        found = queries.access_provider(request, project, provider)
        body = ProviderChange(data=request.data)
        body.is_valid(raise_exception=True)
        changes = dict(body.validated_data)
        if "models" in changes:
            changes["catalogue"] = _entries(changes.pop("models"))
        changed = services.update_provider(provider=found, actor=actor_of(request), changes=changes)
        return Response(ProviderSerializer(changed).data)

    @extend_schema(operation_id="providers_delete", responses={204: None})
    def delete(self, request: Request, project: str, provider: str) -> Response:
        """Maintainer."""
        services.delete_provider(provider=queries.access_provider(request, project, provider), actor=actor_of(request))
        return Response(status=204)


class ProviderTryView(APIView):
    """Does it answer?"""

    @extend_schema(operation_id="providers_try", request=None, responses=TryAnswer)
    def post(self, request: Request, project: str, provider: str) -> Response:
        """Maintainer. Asks the endpoint for its models; 502 says what went wrong."""
        return Response(_tried(queries.access_provider(request, project, provider)))


class ProviderTrialsView(APIView):
    """Does it answer, before it is saved?"""

    @extend_schema(operation_id="providers_trial", request=ProviderTrial, responses=TryAnswer)
    def post(self, request: Request, project: str) -> Response:
        """Maintainer. Asks for its models and, with a driver, whether it sees our folder of adapters; saves nothing."""
        found = access_project(request, project, Role.MAINTAINER)
        body = ProviderTrial(data=request.data)
        body.is_valid(raise_exception=True)
        changes = dict(body.validated_data)
        slug = changes.pop("provider", None)
        saved = queries.access_provider(request, project, slug) if slug else None
        return Response(_tried(services.draft_provider(project=found, saved=saved, changes=changes)))


def _tried(provider: Provider) -> dict[str, Any]:
    try:
        answer = {"models": trials.list_models(provider), "adapters": trials.try_adapters(provider)}
    except ProviderError as error:
        raise as_problem(error) from None
    return dict(TryAnswer(answer).data)


class ModelsView(APIView):
    """What prompts can name."""

    @extend_schema(operation_id="models_list", responses=ModelPage)
    def get(self, request: Request, project: str) -> Response:
        """Viewer. Our own server's models first, when it runs."""
        return Response(pagination.whole(targets.choices(access_project(request, project))))
