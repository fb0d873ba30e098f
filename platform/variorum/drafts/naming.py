"""What the next tag could be called, and its notes: the drafts merged since the last tag, as a list to be edited."""

import re
from dataclasses import dataclass

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project
from variorum.accounts.models import Project
from variorum.drafts.models import Draft
from variorum.repos import queries, tags
from variorum.repos.api import ref_of
from variorum.repos.git import CommitInfo, Tag

FIRST = "v1"
MOST = 2000  # commits among which drafts are looked for


@dataclass(frozen=True)
class Suggestion:
    """A free name, notes in Markdown, and what they rest on. `beside` counts commits that came without a draft."""

    name: str
    notes: str
    commit: str
    since: Tag | None
    drafts: list[Draft]
    beside: int


def suggest_tag(project: Project, ref: str) -> Suggestion:
    """What a tag on `ref` could be called and say. Raises NotFound."""
    commit = queries.resolve(project, ref)
    known = tags.tags_of(project)
    since = next((tag for tag in known if queries.is_ancestor(project, tag.commit, commit)), None)
    new = queries.log_beyond(project, since.commit if since else None, commit, limit=MOST)
    drafts = _drafts(project, new)
    alone = _without_draft(new, drafts)
    lines = [f"- {draft.title} (#{draft.number}, {draft.author_name})" for draft in drafts]
    lines += [f"- {info.subject} ({info.sha[:7]}, {info.author_name})" for info in alone]
    name = next_name(since.name if since else None, {tag.name for tag in known})
    return Suggestion(name, "\n".join(lines), commit, since, drafts, len(alone))


def next_name(last: str | None, taken: set[str]) -> str:
    """The last name with its last number raised until it is free; `v1` to begin with."""
    name = last or FIRST
    while name in taken:
        raised = re.sub(r"(\d+)(\D*)$", lambda found: f"{int(found[1]) + 1}{found[2]}", name)
        name = raised if raised != name else f"{name}-2"
    return name if tags.name_problem(name) is None else FIRST if FIRST not in taken else ""


def _drafts(project: Project, new: list[CommitInfo]) -> list[Draft]:
    """The drafts whose merge is among these commits, the first merged first."""
    shas = [info.sha for info in new]
    return list(Draft.objects.filter(project=project, merged_commit__in=shas).order_by("ended_at", "number"))


def _without_draft(new: list[CommitInfo], drafts: list[Draft]) -> list[CommitInfo]:
    """The commits on main's own line that are no draft's merge, the oldest first; the repository's first one is left
    out."""
    by_sha = {info.sha: info for info in new}
    merges = {draft.merged_commit for draft in drafts}
    found: list[CommitInfo] = []
    each = new[0] if new else None
    while each is not None:
        if each.sha not in merges and each.parents:
            found.append(each)
        each = by_sha.get(each.parents[0]) if each.parents else None
    return found[::-1]


class NamedDraft(serializers.Serializer[object]):
    """A draft that the notes name."""

    number = serializers.IntegerField()
    title = serializers.CharField()
    author_name = serializers.CharField()
    merged_commit = serializers.CharField()


class TagSuggestion(serializers.Serializer[object]):
    """A free name and notes to begin with. `since` is the tag before; `beside` counts changes without a draft."""

    name = serializers.CharField(allow_blank=True)
    notes = serializers.CharField(allow_blank=True)
    commit = serializers.CharField()
    since = serializers.CharField(source="since.name", allow_null=True, default=None)
    drafts = NamedDraft(many=True)
    beside = serializers.IntegerField()


class NextTagView(APIView):
    """What the next tag could be called and say."""

    @extend_schema(
        operation_id="tags_suggest",
        responses=TagSuggestion,
        parameters=[OpenApiParameter("ref", str, description="What is to be named: main, or a commit.")],
    )
    def get(self, request: Request, project: str) -> Response:
        """Viewer. The drafts merged since the last tag below `ref`, and other changes of main."""
        return Response(TagSuggestion(suggest_tag(access_project(request, project), ref_of(request))).data)
