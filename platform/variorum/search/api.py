"""Search over HTTP."""

from urllib.parse import quote

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project
from variorum.lib import pagination
from variorum.lib.errors import Invalid
from variorum.search import queries

MAX_TYPED = 200


class FoundSerializer(serializers.Serializer[object]):
    """Something of the project. `key` tells it apart from others of its kind, `url` is the path of its page."""

    kind = serializers.ChoiceField(choices=queries.KINDS)
    key = serializers.CharField()
    title = serializers.CharField()
    detail = serializers.CharField()
    url = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)


class FoundPage(serializers.Serializer[object]):
    """What fits, the best first."""

    items = FoundSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class SearchView(APIView):
    """One field for all that a project has."""

    @extend_schema(
        operation_id="search",
        parameters=[OpenApiParameter("q", str), OpenApiParameter("limit", str)],
        responses=FoundPage,
    )
    def get(self, request: Request, project: str) -> Response:
        """Viewer. Prompts and other files of main by path and description, drafts, datasets, jobs, tags, deployments
        and people; every word of `q` must begin a word. Without `q`: what changed last. At most 50."""
        found = access_project(request, project)
        typed = request.query_params.get("q", "")
        if len(typed) > MAX_TYPED or "\0" in typed:
            text = f"Search for at most {MAX_TYPED} letters."
            raise Invalid(text, errors=[{"where": "q", "code": "invalid", "detail": text}])
        items = queries.search(found, typed, pagination.limit_of(request, default=20, most=50))
        shown = [{**vars(item), "url": f"/p/{found.slug}/{quote(item.url, safe='/#')}"} for item in items]
        return Response(FoundPage(pagination.whole(shown)).data)
