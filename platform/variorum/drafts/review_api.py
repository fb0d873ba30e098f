"""Suggestions, requests for review, rules for approvals and the review desk over HTTP."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project, actor_of, person_of
from variorum.accounts.roles import Role
from variorum.drafts import asking, presenting, queries, reviews, rules
from variorum.drafts import review_serializers as shapes
from variorum.drafts.checks import require_check
from variorum.drafts.models import ApprovalRule, RequiredCheck
from variorum.drafts.needs import Policy, policy_of
from variorum.drafts.queries import concerns
from variorum.drafts.serializers import DraftDetail, DraftItem
from variorum.drafts.suggestions import apply_suggestions
from variorum.lib import pagination
from variorum.lib.errors import NotFound
from variorum_client.formats import check_path


class WaitingSerializer(serializers.Serializer[object]):
    """A draft that waits for the caller. `why`: asked (by `asked_by`), changed (since their verdict) or needed."""

    draft = DraftItem()
    why = serializers.ChoiceField(choices=shapes.WHY)
    asked_by = serializers.CharField()


class DeskSerializer(serializers.Serializer[object]):
    """The caller's review desk: what waits for them, their own open drafts, the newest mentions of them."""

    waiting = WaitingSerializer(many=True)
    mine = DraftItem(many=True)
    mentions = shapes.MentionSerializer(many=True)


class SuggestionsView(APIView):
    """Taking up suggestions."""

    @extend_schema(operation_id="suggestions_apply", request=shapes.ApplySuggestions, responses=DraftDetail)
    def post(self, request: Request, project: str, number: int) -> Response:
        """Editor. All or none, as one commit. 409 `suggestion_stale`, `suggestion_applied`, `suggestions_overlap`."""
        draft = queries.access_draft(request, project, number, Role.EDITOR)
        body = shapes.ApplySuggestions(data=request.data)
        body.is_valid(raise_exception=True)
        saved = apply_suggestions(draft=draft, actor=actor_of(request), comments=body.validated_data["comments"])
        return Response(presenting.detail(request, saved))


class ReviewersView(APIView):
    """Asking people for a review."""

    @extend_schema(operation_id="reviewers_ask", request=shapes.AskReviewers, responses=DraftDetail)
    def post(self, request: Request, project: str, number: int) -> Response:
        """Editor. Tells them in their inbox and by mail; who was asked already is asked again."""
        draft = queries.access_draft(request, project, number, Role.EDITOR)
        body = shapes.AskReviewers(data=request.data)
        body.is_valid(raise_exception=True)
        asked = asking.ask_for_review(draft=draft, actor=actor_of(request), users=body.validated_data["users"])
        return Response(presenting.detail(request, asked))


class ReviewerView(APIView):
    """One request for review."""

    @extend_schema(operation_id="reviewers_drop", responses={200: DraftDetail})
    def delete(self, request: Request, project: str, number: int, user: int) -> Response:
        """Editor. Ask this person no longer."""
        draft = queries.access_draft(request, project, number, Role.EDITOR)
        return Response(
            presenting.detail(request, asking.take_back_request(draft=draft, actor=actor_of(request), user=user))
        )


class ReviewsView(APIView):
    """The caller's review desk."""

    @extend_schema(operation_id="reviews_show", responses=DeskSerializer)
    def get(self, request: Request, project: str) -> Response:
        """Viewer, in person."""
        found = access_project(request, project)
        desk = reviews.desk_of(found, person_of(request))
        waiting: Any = [
            {"draft": presenting.item(each.draft, desk.standings[each.draft.pk]), **_why(each)} for each in desk.waiting
        ]
        mine: Any = [presenting.item(draft, desk.standings[draft.pk]) for draft in desk.mine]
        answer: Any = {"waiting": waiting, "mine": mine, "mentions": desk.mentions}
        return Response(DeskSerializer(answer).data)


def _why(waiting: reviews.Waiting) -> dict[str, str]:
    return {"why": waiting.why, "asked_by": waiting.asked_by}


class OwnersView(APIView):
    """Who must approve what."""

    @extend_schema(
        operation_id="owners_show", responses=shapes.OwnersSerializer, parameters=[OpenApiParameter("path", str)]
    )
    def get(self, request: Request, project: str) -> Response:
        """Viewer. With `path`: what a change of this file needs; always: the OWNERS file on main and its problems."""
        found = access_project(request, project)
        path = request.query_params.get("path", "")
        if path and check_path(path):
            raise NotFound(f"{path[:200]!r} cannot be a file here.")
        policy = policy_of(found)
        checks = RequiredCheck.objects.filter(project=found).order_by("name") if path else []
        answer: Any = {
            "path": path,
            "needs": presenting.wishes(policy, [path]) if path else [],
            "checks": [rule.name for rule in checks if concerns(rule.path, [path])],
            "rules": [_line(policy, index) for index in range(len(policy.owners))],
            "problems": policy.problems,
        }
        return Response(shapes.OwnersSerializer(answer).data)


def _line(policy: Policy, index: int) -> dict[str, Any]:
    rule = policy.owners[index]
    return {"line": rule.line, "pattern": rule.pattern, "owners": [name for name in rule.owners if name != "?"]}


class ApprovalRulesView(APIView):
    """The rules for approvals of files."""

    @extend_schema(operation_id="approval_rules_list", responses=shapes.ApprovalRulePage)
    def get(self, request: Request, project: str) -> Response:
        """Viewer."""
        found = access_project(request, project)
        rows = ApprovalRule.objects.filter(project=found).prefetch_related("people").order_by("pattern")
        return Response(pagination.whole(shapes.ApprovalRuleSerializer(rows, many=True).data))

    @extend_schema(
        operation_id="approval_rules_add",
        request=shapes.NewApprovalRule,
        responses={201: shapes.ApprovalRuleSerializer},
    )
    def post(self, request: Request, project: str) -> Response:
        """Owner. 409 `rule_taken` where the pattern has a rule."""
        found = access_project(request, project, Role.OWNER)
        made = rules.set_rule(project=found, actor=actor_of(request), **_rule(request))
        return Response(shapes.ApprovalRuleSerializer(made).data, status=201)


class ApprovalRuleView(APIView):
    """One rule."""

    @extend_schema(
        operation_id="approval_rules_change", request=shapes.NewApprovalRule, responses=shapes.ApprovalRuleSerializer
    )
    def put(self, request: Request, project: str, rule: int) -> Response:
        """Owner. The whole rule as it is to be."""
        found = access_approval_rule(request, project, rule)
        changed = rules.set_rule(project=found.project, actor=actor_of(request), rule=found, **_rule(request))
        return Response(shapes.ApprovalRuleSerializer(changed).data)

    @extend_schema(operation_id="approval_rules_drop", responses={204: None})
    def delete(self, request: Request, project: str, rule: int) -> Response:
        """Owner."""
        rules.drop_rule(rule=access_approval_rule(request, project, rule), actor=actor_of(request))
        return Response(status=204)


class RequiredChecksView(APIView):
    """The checks that must pass before a merge."""

    @extend_schema(operation_id="required_checks_list", responses=shapes.RequiredCheckPage)
    def get(self, request: Request, project: str) -> Response:
        """Viewer."""
        rows = RequiredCheck.objects.filter(project=access_project(request, project)).order_by("name")
        return Response(pagination.whole(shapes.RequiredCheckSerializer(rows, many=True).data))

    @extend_schema(
        operation_id="required_checks_set",
        request=shapes.NewRequiredCheck,
        responses={201: shapes.RequiredCheckSerializer},
    )
    def post(self, request: Request, project: str) -> Response:
        """Owner. The same name again changes its files."""
        found = access_project(request, project, Role.OWNER)
        body = shapes.NewRequiredCheck(data=request.data)
        body.is_valid(raise_exception=True)
        require_check(project=found, actor=actor_of(request), **body.validated_data)
        made = RequiredCheck.objects.get(project=found, name=body.validated_data["name"])
        return Response(shapes.RequiredCheckSerializer(made).data, status=201)


class RequiredCheckView(APIView):
    """One required check."""

    @extend_schema(operation_id="required_checks_drop", responses={204: None})
    def delete(self, request: Request, project: str, check: int) -> Response:
        """Owner. The check itself goes on; it stands in nobody's way any more."""
        found = access_required_check(request, project, check)
        require_check(project=found.project, actor=actor_of(request), name=found.name, required=False)
        return Response(status=204)


def access_approval_rule(request: Request, slug: str, rule: int) -> ApprovalRule:
    """One rule of a project that the caller owns. Raises as access_project, NotFound."""
    project = access_project(request, slug, Role.OWNER)
    found = ApprovalRule.objects.select_related("project").filter(project=project, pk=rule).first()
    if found is None:
        raise NotFound("The project has no such rule.")
    return found


def access_required_check(request: Request, slug: str, check: int) -> RequiredCheck:
    """One required check of a project that the caller owns. Raises as access_project, NotFound."""
    project = access_project(request, slug, Role.OWNER)
    found = RequiredCheck.objects.select_related("project").filter(project=project, pk=check).first()
    if found is None:
        raise NotFound("The project does not require such a check.")
    return found


def _rule(request: Request) -> dict[str, Any]:
    body = shapes.NewApprovalRule(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)
