"""Alert rules, alerts and channels over HTTP."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.alerts import conditions, evaluation, queries, services
from monitoring.alerts import serializers as shapes
from monitoring.alerts.models import AlertRule
from monitoring.alerts.queries import access_alert, access_alert_rule, access_channel
from variorum.accounts.access import access_project, actor_of, role_in
from variorum.accounts.models import Project
from variorum.accounts.roles import Role, at_least
from variorum.lib import pagination
from variorum.lib.errors import Invalid


def _fields(project: Project, data: Any) -> dict[str, Any]:
    body = shapes.AlertRuleFields(data=data, context={"project": project})
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


def _shown(rule: AlertRule) -> Any:
    return shapes.AlertRuleSerializer(queries.rules_of(rule.project).get(pk=rule.pk)).data


class AlertRulesView(APIView):
    """A project's rules."""

    @extend_schema(operation_id="alert_rules_list", responses=shapes.AlertRulePage)
    def get(self, request: Request, project: str) -> Response:
        """Viewer."""
        found = queries.rules_of(access_project(request, project))
        return Response(pagination.whole(shapes.AlertRuleSerializer(found, many=True).data))

    @extend_schema(
        operation_id="alert_rules_create", request=shapes.AlertRuleFields, responses={201: shapes.AlertRuleSerializer}
    )
    def post(self, request: Request, project: str) -> Response:
        """Maintainer. It is evaluated within seconds."""
        found = access_project(request, project, Role.MAINTAINER)
        fields = _fields(found, request.data)
        channels = queries.find_channels(found, fields.pop("channels"))
        rule = services.create_rule(project=found, actor=actor_of(request), fields=fields, channels=channels)
        return Response(_shown(rule), status=201)


class AlertRulePreviewView(APIView):
    """What a rule would find."""

    @extend_schema(operation_id="alert_rules_preview", request=shapes.AlertRuleFields, responses=shapes.AlertPreview)
    def post(self, request: Request, project: str) -> Response:
        """Maintainer. With these settings, now; nothing is stored."""
        found = access_project(request, project, Role.MAINTAINER)
        fields = _fields(found, request.data)
        fields.pop("channels")
        rule = AlertRule(project=found, **fields)
        look = evaluation.look(rule, timezone.now())
        words = {"fires": look.standing == "beyond", "condition": conditions.in_words(rule)}
        return Response(shapes.AlertPreview({**look.as_json(rule), **words}).data)


class AlertRuleView(APIView):
    """One rule."""

    @extend_schema(operation_id="alert_rules_show", responses=shapes.AlertRuleSerializer)
    def get(self, request: Request, project: str, rule: int) -> Response:
        """Viewer."""
        return Response(shapes.AlertRuleSerializer(access_alert_rule(request, project, rule)).data)

    @extend_schema(
        operation_id="alert_rules_change", request=shapes.AlertRuleChange, responses=shapes.AlertRuleSerializer
    )
    def patch(self, request: Request, project: str, rule: int) -> Response:
        """Maintainer. 409 `stale_version` with the rule as it is when somebody else changed it since `version`."""
        found = access_alert_rule(request, project, rule, Role.MAINTAINER)
        if not isinstance(request.data, dict):
            raise Invalid("Send an object with what changes.")
        now = shapes.AlertRuleSerializer(found).data
        body = shapes.AlertRuleChange(
            data={**{name: now[name] for name in shapes.AlertRuleFields().fields}, **request.data},
            context={"project": found.project},
        )
        body.is_valid(raise_exception=True)
        changes = dict(body.validated_data)
        version, channels = changes.pop("version"), queries.find_channels(found.project, changes.pop("channels"))
        changed = services.change_rule(
            rule=found, actor=actor_of(request), version=version, changes=changes, channels=channels
        )
        return Response(_shown(changed))

    @extend_schema(operation_id="alert_rules_delete", responses={204: None})
    def delete(self, request: Request, project: str, rule: int) -> Response:
        """Maintainer. Its alerts stay."""
        found = access_alert_rule(request, project, rule, Role.MAINTAINER)
        services.delete_rule(rule=found, actor=actor_of(request))
        return Response(status=204)


class AlertRuleSilenceView(APIView):
    """Quiet for a while."""

    @extend_schema(
        operation_id="alert_rules_silence", request=shapes.AlertSilence, responses=shapes.AlertRuleSerializer
    )
    def post(self, request: Request, project: str, rule: int) -> Response:
        """Maintainer. The rule goes on being evaluated; what still fires afterwards is told then."""
        found = access_alert_rule(request, project, rule, Role.MAINTAINER)
        body = shapes.AlertSilence(data=request.data)
        body.is_valid(raise_exception=True)
        services.silence_rule(rule=found, actor=actor_of(request), minutes=body.validated_data["minutes"])
        return Response(_shown(found))


class AlertsView(APIView):
    """What fired."""

    @extend_schema(
        operation_id="alerts_list",
        responses=shapes.AlertPage,
        parameters=[
            OpenApiParameter("state", str, enum=["firing", "resolved"]),
            OpenApiParameter("cursor", str),
            OpenApiParameter("limit", int),
        ],
    )
    def get(self, request: Request, project: str) -> Response:
        """Viewer. Newest first."""
        found = access_project(request, project)
        state = request.query_params.get("state", "")
        if state not in ("", "firing", "resolved"):
            text = "state is firing or resolved."
            raise Invalid(text, errors=[{"where": "state", "code": "invalid", "detail": text}])
        rows = queries.alerts_of(found, state)
        return Response(
            pagination.by_id(request, rows, lambda page: shapes.AlertSerializer(page, many=True).data, field="number")
        )


class AlertView(APIView):
    """One alert."""

    @extend_schema(operation_id="alerts_show", responses=shapes.AlertSerializer)
    def get(self, request: Request, project: str, alert: int) -> Response:
        """Viewer."""
        return Response(shapes.AlertSerializer(access_alert(request, project, alert)).data)


class AlertAcknowledgeView(APIView):
    """Somebody looks at it."""

    @extend_schema(operation_id="alerts_acknowledge", request=None, responses=shapes.AlertSerializer)
    def post(self, request: Request, project: str, alert: int) -> Response:
        """Editor. The first one counts."""
        found = access_alert(request, project, alert, Role.EDITOR)
        return Response(shapes.AlertSerializer(services.acknowledge(alert=found, actor=actor_of(request))).data)


class ChannelsView(APIView):
    """Where news of alerts go."""

    @extend_schema(operation_id="channels_list", responses=shapes.ChannelPage)
    def get(self, request: Request, project: str) -> Response:
        """Viewer; only maintainers see the whole address of a webhook."""
        found = access_project(request, project)
        role = role_in(request, found)
        context = {"whole": role is not None and at_least(role, Role.MAINTAINER)}
        rows = queries.channels_of(found)
        return Response(pagination.whole(shapes.ChannelSerializer(rows, many=True, context=context).data))

    @extend_schema(operation_id="channels_create", request=shapes.NewChannel, responses={201: shapes.MadeChannel})
    def post(self, request: Request, project: str) -> Response:
        """Maintainer. A webhook's signing secret is in this answer and in no other."""
        found = access_project(request, project, Role.MAINTAINER)
        body = shapes.NewChannel(data=request.data)
        body.is_valid(raise_exception=True)
        channel, secret = services.create_channel(project=found, actor=actor_of(request), **body.validated_data)
        shown = queries.channels_of(found).get(pk=channel.pk)
        return Response({**shapes.ChannelSerializer(shown, context={"whole": True}).data, "secret": secret}, status=201)


class ChannelView(APIView):
    """One channel."""

    @extend_schema(operation_id="channels_change", request=shapes.ChannelChange, responses=shapes.ChannelSerializer)
    def patch(self, request: Request, project: str, channel: int) -> Response:
        """Maintainer. 409 `stale_version` when somebody else changed it since `version`."""
        found = access_channel(request, project, channel)
        body = shapes.ChannelChange(data=request.data)
        body.is_valid(raise_exception=True)
        changes = dict(body.validated_data)
        services.change_channel(channel=found, actor=actor_of(request), version=changes.pop("version"), changes=changes)
        shown = queries.channels_of(found.project).get(pk=found.pk)
        return Response(shapes.ChannelSerializer(shown, context={"whole": True}).data)

    @extend_schema(operation_id="channels_delete", responses={204: None})
    def delete(self, request: Request, project: str, channel: int) -> Response:
        """Maintainer. What waits in its outbox is given up."""
        services.delete_channel(channel=access_channel(request, project, channel), actor=actor_of(request))
        return Response(status=204)


class ChannelTestView(APIView):
    """A trial message."""

    @extend_schema(operation_id="channels_test", request=None, responses={202: shapes.ChannelTest})
    def post(self, request: Request, project: str, channel: int) -> Response:
        """Maintainer. Ask for the channel's deliveries to see how it went."""
        found = access_channel(request, project, channel)
        delivery = services.test_channel(channel=found, actor=actor_of(request))
        return Response(shapes.ChannelTest({"delivery": delivery}).data, status=202)


class DeliveriesView(APIView):
    """A channel's outbox."""

    @extend_schema(
        operation_id="channel_deliveries_list",
        responses=shapes.DeliveryPage,
        parameters=[OpenApiParameter("cursor", str), OpenApiParameter("limit", int)],
    )
    def get(self, request: Request, project: str, channel: int) -> Response:
        """Maintainer. Newest first."""
        rows = queries.deliveries_of(access_channel(request, project, channel))
        return Response(pagination.by_id(request, rows, lambda page: shapes.DeliverySerializer(page, many=True).data))
