"""Comparisons of single files, and who wrote what, over HTTP."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project
from variorum.lib import pagination
from variorum.lib.errors import NotFound
from variorum.repos import authorship, comparing, queries
from variorum.repos import serializers as shapes
from variorum.repos.api import PATH, REF, named, path_param, ref_of
from variorum.repos.comparison_shapes import FileComparison, SpanSerializer

MESSAGE = OpenApiParameter("message", int, required=True, description="Which message, from 1, as it is at `ref`.")


class WrittenSerializer(serializers.Serializer[object]):
    """Lines, from 1 and both ends included, that one commit wrote."""

    first = serializers.IntegerField()
    last = serializers.IntegerField()
    sha = serializers.CharField()


class MessageAuthorsSerializer(serializers.Serializer[object]):
    """Who wrote a message of a prompt: the newest commit that touched it, and the names, newest first."""

    index = serializers.IntegerField()
    role = serializers.CharField()
    first = serializers.IntegerField()
    last = serializers.IntegerField()
    newest = shapes.CommitSerializer()
    authors = serializers.ListField(child=serializers.CharField())


class Blame(serializers.Serializer[object]):
    """Who wrote each line, and each message of a prompt."""

    commit = serializers.CharField()
    path = serializers.CharField()
    lines = WrittenSerializer(many=True)
    commits = shapes.CommitSerializer(many=True)
    messages = MessageAuthorsSerializer(many=True)


class MessageStepSerializer(serializers.Serializer[object]):
    """One commit in the life of a message, with the words that it changed."""

    commit = shapes.CommitSerializer()
    change = serializers.ChoiceField(choices=["added", "changed"])
    role = serializers.CharField()
    old_role = serializers.CharField()
    spans = SpanSerializer(many=True)


class MessageHistory(serializers.Serializer[object]):
    """How a message came to be what it is, newest first; `more`: older commits of the file were not looked at."""

    items = MessageStepSerializer(many=True)
    more = serializers.BooleanField()


class FileCompared(serializers.Serializer[object]):
    """One file between two commits."""

    base = serializers.CharField(allow_null=True)
    head = serializers.CharField()
    comparison = FileComparison()


class ComparisonView(APIView):
    """One file between two commits."""

    @extend_schema(
        operation_id="comparison_show",
        responses=FileCompared,
        parameters=[
            OpenApiParameter("base", str, description="A branch or commit; left out: from nothing."),
            OpenApiParameter("head", str, required=True),
            PATH,
        ],
    )
    def get(self, request: Request, project: str) -> Response:
        """Viewer. Messages, words, settings, consequences; `path` is the new one of a renamed file."""
        found = access_project(request, project)
        path, head = path_param(request), queries.resolve(found, named(request, "head"))
        asked = request.query_params.get("base")
        base = queries.resolve(found, asked) if asked else None
        file = next((file for file in queries.diff(found, base, head) if file.path == path), None)
        if file is None:
            raise NotFound(f"{path[:200]!r} is the same in both.")
        answer = {"base": base, "head": head, "comparison": asdict(comparing.comparison(found, base, head, file))}
        return Response(FileCompared(answer).data)


class BlameView(APIView):
    """Who wrote what."""

    @extend_schema(operation_id="blame_show", responses=Blame, parameters=[REF, PATH])
    def get(self, request: Request, project: str) -> Response:
        """Viewer. Runs one Git process, the first time that a commit is asked for."""
        found = access_project(request, project)
        path, commit = path_param(request), queries.resolve(found, ref_of(request))
        runs, commits = authorship.blame(found, commit, path)
        answer: dict[str, Any] = {
            "commit": commit,
            "path": path,
            "lines": runs,
            "commits": sorted(commits.values(), key=lambda info: info.at, reverse=True),
            "messages": authorship.messages(found, commit, path, runs, commits),
        }
        return Response(Blame(answer).data)


class MessageHistoryView(APIView):
    """The life of one message."""

    @extend_schema(operation_id="message_history", responses=MessageHistory, parameters=[REF, PATH, MESSAGE])
    def get(self, request: Request, project: str) -> Response:
        """Viewer. Over the file's newest 100 commits; it is followed when it moves or is rewritten in part."""
        found = access_project(request, project)
        path, commit = path_param(request), queries.resolve(found, ref_of(request))
        index = pagination.integer_of(request, "message", default=1, low=1, high=1000)
        steps, more = authorship.message_history(found, commit, path, index, 100)
        return Response(MessageHistory({"items": steps, "more": more}).data)
