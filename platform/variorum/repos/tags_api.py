"""Tags over HTTP."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project, actor_of
from variorum.accounts.roles import Role
from variorum.lib import pagination
from variorum.repos import git, tags


class TagSerializer(serializers.Serializer[object]):
    """A named commit with notes. `oid` is Git's tag object; a tag pushed without notes has no tagger."""

    name = serializers.CharField()
    oid = serializers.CharField()
    commit = serializers.CharField()
    subject = serializers.CharField()
    notes = serializers.CharField()
    tagger_name = serializers.CharField()
    tagger_email = serializers.CharField()
    at = serializers.DateTimeField()


class TagPage(serializers.Serializer[object]):
    """Every tag of a project, the newest first."""

    items = TagSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class NewTag(serializers.Serializer[object]):
    """A name for a commit of main; `ref` is main, another tag, or a commit id or its beginning."""

    name = serializers.CharField(max_length=100)
    ref = serializers.CharField(max_length=200, default=git.MAIN)
    notes = serializers.CharField(max_length=tags.MAX_NOTES, allow_blank=True, default="")


class TagsView(APIView):
    """The tags of a project."""

    @extend_schema(operation_id="tags_list", responses=TagPage)
    def get(self, request: Request, project: str) -> Response:
        """Viewer. All of them, the newest first; no Git process."""
        found = access_project(request, project)
        return Response(TagPage(pagination.whole(tags.tags_of(found))).data)

    @extend_schema(operation_id="tags_create", request=NewTag, responses={201: TagSerializer})
    def post(self, request: Request, project: str) -> Response:
        """Maintainer. 409 `tag_exists` (a tag never moves), `tag_not_on_main`; 422 `bad_tag_name`."""
        found = access_project(request, project, Role.MAINTAINER)
        body = NewTag(data=request.data)
        body.is_valid(raise_exception=True)
        made = tags.create_tag(project=found, actor=actor_of(request), **body.validated_data)
        return Response(TagSerializer(made).data, status=201)


class TagView(APIView):
    """One tag."""

    @extend_schema(operation_id="tags_show", responses=TagSerializer)
    def get(self, request: Request, project: str, name: str) -> Response:
        """Viewer."""
        return Response(TagSerializer(tags.access_tag(request, project, name)[1]).data)

    @extend_schema(operation_id="tags_delete", responses={204: None})
    def delete(self, request: Request, project: str, name: str) -> Response:
        """Maintainer. The name goes, the commit stays; the audit trail keeps the notes."""
        found, tag = tags.access_tag(request, project, name, Role.MAINTAINER)
        tags.delete_tag(project=found, actor=actor_of(request), name=tag.name)
        return Response(status=204)
