"""The gateway's settings over HTTP. The door itself is `lane`."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.gateway import breaker, queries, services
from monitoring.gateway.models import GatewayRoute, GatewaySettings, KeyLimit, KeySpend
from variorum.accounts.access import access_api_key, access_project, actor_of
from variorum.accounts.models import Project
from variorum.accounts.roles import Role
from variorum.lib import pagination

LONGEST = 3600
MONEY = {"max_digits": 12, "decimal_places": 4, "min_value": 0}


class GatewayRouteSerializer(serializers.ModelSerializer[GatewayRoute]):
    """What is special about a model or a prompt (`prompts/<name>`)."""

    fallbacks = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = GatewayRoute
        fields = ["id", "model", "fallbacks", "cache_seconds"]


class NewGatewayRoute(serializers.Serializer[object]):
    """The same model again replaces what was said of it. `cache_seconds` 0: answers are not kept."""

    model = serializers.CharField(max_length=263)
    fallbacks = serializers.ListField(child=serializers.CharField(max_length=263), max_length=5, default=list)
    cache_seconds = serializers.IntegerField(min_value=0, max_value=30 * 86_400, default=0)


class GatewayCircuit(serializers.Serializer[object]):
    """A provider, or a model of it (`provider/model`), that failed too often: until when nobody asks it.

    `half_open`: its time is over, and the next call tries. `unreachable`: no connection could be made; `failed`: it was
    silent or answered 5xx.
    """

    name = serializers.CharField()
    state = serializers.ChoiceField(choices=["open", "half_open"])
    until = serializers.DateTimeField()
    reason = serializers.ChoiceField(choices=["unreachable", "failed"])


class GatewaySerializer(serializers.ModelSerializer[GatewaySettings]):
    """How patiently calls are made, in seconds, the routes, and who is not asked just now."""

    routes = GatewayRouteSerializer(many=True, read_only=True)
    circuits = GatewayCircuit(many=True, read_only=True)

    class Meta:
        model = GatewaySettings
        fields = ["retries", "first_byte_seconds", "between_seconds", "total_seconds", "routes", "circuits"]


class GatewayChange(serializers.Serializer[object]):
    """What may be changed."""

    retries = serializers.IntegerField(min_value=0, max_value=5, required=False)
    first_byte_seconds = serializers.IntegerField(min_value=1, max_value=LONGEST, required=False)
    between_seconds = serializers.IntegerField(min_value=1, max_value=LONGEST, required=False)
    total_seconds = serializers.IntegerField(min_value=1, max_value=LONGEST, required=False)


class KeyLimits(serializers.ModelSerializer[KeyLimit]):
    """What a key may use; null is no limit. Minutes, days and months of the clock, in UTC."""

    class Meta:
        model = KeyLimit
        fields = [
            "requests_per_minute",
            "tokens_per_minute",
            "tokens_per_day",
            "tokens_per_month",
            "dollars_per_day",
            "dollars_per_month",
        ]


class NewKeyLimits(serializers.Serializer[object]):
    """All of them at once: what is left out is no limit."""

    requests_per_minute = serializers.IntegerField(min_value=0, max_value=10**6, allow_null=True, default=None)
    tokens_per_minute = serializers.IntegerField(min_value=0, max_value=10**9, allow_null=True, default=None)
    tokens_per_day = serializers.IntegerField(min_value=0, max_value=10**12, allow_null=True, default=None)
    tokens_per_month = serializers.IntegerField(min_value=0, max_value=10**12, allow_null=True, default=None)
    dollars_per_day = serializers.DecimalField(**MONEY, allow_null=True, default=None)  # type: ignore[arg-type]
    dollars_per_month = serializers.DecimalField(**MONEY, allow_null=True, default=None)  # type: ignore[arg-type]


class KeyUse(serializers.ModelSerializer[KeySpend]):
    """What a key used in a span, calls in flight with their estimate."""

    class Meta:
        model = KeySpend
        fields = ["requests", "tokens", "cost"]


class KeyUses(serializers.Serializer[object]):
    """This minute, day and month."""

    minute = KeyUse()
    day = KeyUse()
    month = KeyUse()


class GatewayKey(serializers.Serializer[object]):
    """A key that opens the gateway."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    prefix = serializers.CharField()
    environments = serializers.ListField(child=serializers.CharField())
    state = serializers.ChoiceField(choices=["active", "expired", "revoked"])
    limits = KeyLimits()
    used = KeyUses()


class GatewayKeyPage(serializers.Serializer[object]):
    """All of them."""

    items = GatewayKey(many=True)
    next = serializers.CharField(allow_null=True)


class GatewayView(APIView):
    """A project's gateway."""

    @extend_schema(operation_id="gateway_show", responses=GatewaySerializer)
    def get(self, request: Request, project: str) -> Response:
        """Viewer."""
        return Response(_shown(access_project(request, project)))

    @extend_schema(operation_id="gateway_change", request=GatewayChange, responses=GatewaySerializer)
    def patch(self, request: Request, project: str) -> Response:
        """Maintainer."""
        found = access_project(request, project, Role.MAINTAINER)
        body = GatewayChange(data=request.data)
        body.is_valid(raise_exception=True)
        services.change_settings(project=found, actor=actor_of(request), changes=body.validated_data)
        return Response(_shown(found))


def _shown(project: Project) -> dict[str, object]:
    row = queries.settings_of(project)
    names = ("retries", "first_byte_seconds", "between_seconds", "total_seconds")
    routes = GatewayRouteSerializer(queries.routes_of(project), many=True).data
    circuits = GatewayCircuit(breaker.shown(project.pk), many=True).data
    return {**{name: getattr(row, name) for name in names}, "routes": routes, "circuits": circuits}


class GatewayRoutesView(APIView):
    """What is special about some models."""

    @extend_schema(operation_id="gateway_routes_put", request=NewGatewayRoute, responses=GatewayRouteSerializer)
    def post(self, request: Request, project: str) -> Response:
        """Maintainer. Fallbacks are asked in their order."""
        found = access_project(request, project, Role.MAINTAINER)
        body = NewGatewayRoute(data=request.data)
        body.is_valid(raise_exception=True)
        route = services.put_route(project=found, actor=actor_of(request), **body.validated_data)
        return Response(GatewayRouteSerializer(route).data)


class GatewayRouteView(APIView):
    """One of them."""

    @extend_schema(operation_id="gateway_routes_delete", responses={204: None})
    def delete(self, request: Request, project: str, route: int) -> Response:
        """Maintainer."""
        services.delete_route(route=queries.access_route(request, project, route), actor=actor_of(request))
        return Response(status=204)


class GatewayKeysView(APIView):
    """Who may call, and what they used."""

    @extend_schema(operation_id="gateway_keys_list", responses=GatewayKeyPage)
    def get(self, request: Request, project: str) -> Response:
        """Maintainer."""
        found = access_project(request, project, Role.MAINTAINER)
        return Response(pagination.whole(GatewayKey(queries.keys_of(found), many=True).data))


class GatewayKeyView(APIView):
    """What one key may use."""

    @extend_schema(operation_id="gateway_keys_limit", request=NewKeyLimits, responses=KeyLimits)
    def put(self, request: Request, project: str, key: int) -> Response:
        """Owner, as for everything about keys."""
        found = access_api_key(request, project, key)
        body = NewKeyLimits(data=request.data)
        body.is_valid(raise_exception=True)
        limit = services.limit_key(key=found, actor=actor_of(request), limits=body.validated_data)
        return Response(KeyLimits(limit).data)
