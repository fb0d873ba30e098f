"""Rules of an environment over HTTP."""

import json
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import actor_of
from variorum.accounts.roles import Role
from variorum.deployments import queries, rule_faults, rule_services, rule_trial, serving
from variorum.deployments.models import RuleSet
from variorum.lib import pagination

PAGE = [OpenApiParameter(name, str) for name in ("cursor", "limit")]
CHANGES = ["added", "removed", "changed", "moved", "enabled", "disabled"]
MAX_NUMBER = 2**31 - 1


class RulesInForce(serializers.Serializer[object]):
    """The document that people wrote (`number` null: none yet), and what one needs to read it.

    `under_way` are the rules of rollouts, by key; `commits` the subjects of the commits that rules name, by id;
    `artefacts` those that rules may be about.
    """

    number = serializers.IntegerField(allow_null=True)
    document = serializers.DictField()
    note = serializers.CharField(allow_blank=True)
    actor_name = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField(allow_null=True)
    under_way = serializers.DictField()
    commits = serializers.DictField(child=serializers.CharField())
    artefacts = serializers.ListField(child=serializers.CharField())


class RuleChange(serializers.Serializer[object]):
    """What became of one rule, or of a segment (`$evaluators/name`)."""

    key = serializers.CharField()
    change = serializers.ChoiceField(choices=CHANGES)


class RuleSetSerializer(serializers.Serializer[object]):
    """Rules that were put in force, with what differs from those before."""

    number = serializers.IntegerField()
    note = serializers.CharField()
    actor_name = serializers.CharField()
    created_at = serializers.DateTimeField()
    changes = RuleChange(many=True)


class RuleSetDetail(RuleSetSerializer):
    """The same with the document itself."""

    document = serializers.DictField()


class RuleSetPage(serializers.Serializer[object]):
    """Rules of an environment, newest first."""

    items = RuleSetSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class _Expected(serializers.Serializer[object]):
    """`expected`: number of the rules that the caller saw in force (null: none were); left out: whatever it is."""

    expected = serializers.IntegerField(allow_null=True, required=False, min_value=0, max_value=MAX_NUMBER)
    note = serializers.CharField(allow_blank=True, default="", max_length=2000)


class NewRules(_Expected):
    """A document of rules as flagd writes it: `{"flags": {...}, "$evaluators": {...}}`."""

    document = serializers.DictField()


class RestoreRules(_Expected):
    """`to`: the number of the earlier rules."""

    to = serializers.IntegerField(min_value=1, max_value=MAX_NUMBER)


class RulesToCheck(serializers.Serializer[object]):
    """A document of rules that is not in force."""

    document = serializers.DictField()


class RuleFault(serializers.Serializer[object]):
    """One thing that is wrong; `where` is a JSON pointer into the document."""

    where = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class RuleFaults(serializers.Serializer[object]):
    """Empty when the document may be saved. `changes`: what it would change of what is in force."""

    faults = RuleFault(many=True)
    changes = RuleChange(many=True)


class RulesToTry(RulesToCheck):
    """A document and one caller; `targetingKey` is who it is."""

    context = serializers.JSONField()  # type: ignore[assignment]  # a field's name, not Serializer.context


class RuleSaid(serializers.Serializer[object]):
    """What one rule says to the caller; `reason` is one of OpenFeature's."""

    key = serializers.CharField()
    variant = serializers.CharField(allow_null=True)
    value = serializers.JSONField(allow_null=True)
    reason = serializers.CharField()
    message = serializers.CharField(allow_blank=True)


class ArtefactGiven(serializers.Serializer[object]):
    """Which commit of an artefact the caller gets. `variant` names the rule that decided; empty: none did."""

    artefact = serializers.CharField()
    commit = serializers.CharField()
    variant = serializers.CharField(allow_blank=True)
    reason = serializers.CharField()


class RulesTried(serializers.Serializer[object]):
    """What one caller would get."""

    artefacts = ArtefactGiven(many=True)
    rules = RuleSaid(many=True)
    stopped = serializers.BooleanField()


class RulesView(APIView):
    """The rules in force."""

    @extend_schema(operation_id="rules_show", responses=RulesInForce)
    def get(self, request: Request, project: str, environment: str) -> Response:
        """Viewer."""
        found = queries.access_environment(request, project, environment)
        now, under_way = serving.rule_set(found.pk), rule_trial.under_way(found)
        document = now.document if now else {"flags": {}}
        return Response(
            RulesInForce(
                {
                    "number": now.number if now else None,
                    "document": document,
                    "note": now.note if now else "",
                    "actor_name": now.actor_name if now else "",
                    "created_at": now.created_at if now else None,
                    "under_way": under_way,
                    "commits": rule_faults.subjects(found.project, rule_trial.with_rollouts(found, document)),
                    "artefacts": rule_trial.artefacts_of(serving.delivery(found)),
                }
            ).data
        )

    @extend_schema(operation_id="rules_save", request=NewRules, responses={201: RuleSetDetail})
    def post(self, request: Request, project: str, environment: str) -> Response:
        """Maintainer. Puts a document in force; 422 lists every fault with its place, 409 holds theirs."""
        found = queries.access_environment(request, project, environment, Role.MAINTAINER)
        body = NewRules(data=request.data)
        body.is_valid(raise_exception=True)
        made = rule_services.save(environment=found, actor=actor_of(request), **body.validated_data)
        return Response(RuleSetDetail(_shown(made)).data, status=201)


class RulesFileView(APIView):
    """The document in force as a file for flagd."""

    @extend_schema(operation_id="rules_file", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, project: str, environment: str) -> HttpResponse:
        """Viewer. What people wrote, without rollouts."""
        found = queries.access_environment(request, project, environment)
        now = serving.rule_set(found.pk)
        text = json.dumps(now.document if now else {"flags": {}}, indent=2, ensure_ascii=False)
        response = HttpResponse(text, content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="{found.project.slug}-{found.slug}.flagd.json"'
        return response


class RuleHistoryView(APIView):
    """Every document that was in force."""

    @extend_schema(operation_id="rules_history", parameters=PAGE, responses=RuleSetPage)
    def get(self, request: Request, project: str, environment: str) -> Response:
        """Viewer. Newest first; the first one is in force."""
        found = queries.access_environment(request, project, environment)
        rows = rule_services.history(found)
        return Response(pagination.by_id(request, rows, _page, field="number", default=20))


class RuleSetView(APIView):
    """One document that was in force."""

    @extend_schema(operation_id="rules_one", responses=RuleSetDetail)
    def get(self, request: Request, project: str, environment: str, number: int) -> Response:
        """Viewer."""
        return Response(RuleSetDetail(_shown(queries.access_rule_set(request, project, environment, number))).data)


class RulesRestoreView(APIView):
    """Go back."""

    @extend_schema(operation_id="rules_restore", request=RestoreRules, responses={201: RuleSetDetail})
    def post(self, request: Request, project: str, environment: str) -> Response:
        """Maintainer. Puts an earlier document in force again."""
        found = queries.access_environment(request, project, environment, Role.MAINTAINER)
        body = RestoreRules(data=request.data)
        body.is_valid(raise_exception=True)
        made = rule_services.restore(environment=found, actor=actor_of(request), **body.validated_data)
        return Response(RuleSetDetail(_shown(made)).data, status=201)


class RulesCheckView(APIView):
    """What is wrong with a document, and what it would change."""

    @extend_schema(operation_id="rules_check", request=RulesToCheck, responses=RuleFaults)
    def post(self, request: Request, project: str, environment: str) -> Response:
        """Viewer. Changes nothing."""
        found = queries.access_environment(request, project, environment)
        body = RulesToCheck(data=request.data)
        body.is_valid(raise_exception=True)
        document = body.validated_data["document"]
        before = serving.rule_set(found.pk)
        known = before.document if before else {}
        faults = rule_faults.faults(found, document, known, actor_of(request).user)
        changes = rule_services.changes(known, document) if isinstance(document.get("flags"), dict) else []
        return Response(RuleFaults({"faults": faults, "changes": changes}).data)


class RulesTryView(APIView):
    """One caller against a document."""

    @extend_schema(operation_id="rules_try", request=RulesToTry, responses=RulesTried)
    def post(self, request: Request, project: str, environment: str) -> Response:
        """Viewer. Changes nothing."""
        found = queries.access_environment(request, project, environment)
        body = RulesToTry(data=request.data)
        body.is_valid(raise_exception=True)
        context = rule_trial.checked_context(body.validated_data["context"])
        return Response(RulesTried(rule_trial.try_one(found, body.validated_data["document"], context)).data)


def _page(rows: Any) -> Any:
    return RuleSetSerializer([_shown(row) for row in rows], many=True).data


def _shown(row: RuleSet) -> RuleSet:
    before = RuleSet.objects.filter(environment=row.environment_id, number=row.number - 1).first()
    row.changes = rule_services.changes(before.document if before else {}, row.document)  # type: ignore[attr-defined]
    return row
