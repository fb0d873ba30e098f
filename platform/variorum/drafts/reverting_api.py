"""Taking changes back, over HTTP."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project, actor_of
from variorum.accounts.roles import Role
from variorum.drafts import presenting, queries, reverting
from variorum.drafts import serializers as shapes
from variorum.drafts.models import Draft


class NewRevert(serializers.Serializer[object]):
    """`why` opens the new draft's description."""

    why = serializers.CharField(max_length=5000, allow_blank=True, default="")


class EarlierRevert(serializers.Serializer[object]):
    """A draft that took the same commit back."""

    number = serializers.IntegerField()
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=Draft.State.choices)


class RevertPreview(serializers.Serializer[object]):
    """What taking a commit back would do now. `paths` would change; `conflicts` were changed since by others."""

    commit = serializers.CharField()
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=["clean", "conflicts", "nothing"])
    paths = serializers.ListField(child=serializers.CharField())
    conflicts = serializers.ListField(child=serializers.CharField())
    earlier = EarlierRevert(many=True)


class RevertView(APIView):
    """Take a commit back."""

    @extend_schema(operation_id="commits_revert_preview", responses=RevertPreview)
    def get(self, request: Request, project: str, sha: str) -> Response:
        """Viewer. 409 `not_on_main`, `nothing_before`."""
        return Response(_shown(reverting.reversal(access_project(request, project), sha)))

    @extend_schema(operation_id="commits_revert", request=NewRevert, responses={201: shapes.DraftDetail})
    def post(self, request: Request, project: str, sha: str) -> Response:
        """Editor. Opens a draft, with conflicts to solve in it where others changed the same since.

        409 `nothing_to_revert`, `not_on_main`.
        """
        found = access_project(request, project, Role.EDITOR)
        draft = reverting.revert(project=found, actor=actor_of(request), name=sha, why=_why(request))
        return Response(presenting.detail(request, draft), status=201)


class DraftRevertView(APIView):
    """Take a merged draft back."""

    @extend_schema(operation_id="drafts_revert_preview", responses=RevertPreview)
    def get(self, request: Request, project: str, number: int) -> Response:
        """Viewer. 409 `draft_not_merged`."""
        draft = queries.access_draft(request, project, number)
        return Response(_shown(reverting.reversal(draft.project, reverting.merged_commit(draft))))

    @extend_schema(operation_id="drafts_revert", request=NewRevert, responses={201: shapes.DraftDetail})
    def post(self, request: Request, project: str, number: int) -> Response:
        """Editor. Opens another draft. 409 `draft_not_merged`, otherwise as for a commit."""
        draft = queries.access_draft(request, project, number, Role.EDITOR)
        made = reverting.revert_draft(draft=draft, actor=actor_of(request), why=_why(request))
        return Response(presenting.detail(request, made), status=201)


def _why(request: Request) -> str:
    body = NewRevert(data=request.data)
    body.is_valid(raise_exception=True)
    return str(body.validated_data["why"])


def _shown(found: reverting.Reversal) -> dict[str, Any]:
    answer: Any = {
        "commit": found.commit,
        "title": found.title,
        "state": found.state,
        "paths": sorted(found.files),
        "conflicts": [conflict.path for conflict in found.conflicts],
        "earlier": found.earlier,
    }
    return dict(RevertPreview(answer).data)
