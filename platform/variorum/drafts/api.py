"""Drafts over HTTP."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project, actor_of, person_of, role_in
from variorum.accounts.roles import Role, at_least
from variorum.drafts import presenting, queries, services
from variorum.drafts import serializers as shapes
from variorum.drafts.models import Draft
from variorum.drafts.previews import preview
from variorum.drafts.problems import sides
from variorum.lib import pagination
from variorum.lib.errors import Forbidden, Invalid, NotFound, Unprocessable
from variorum.repos import git
from variorum.repos import queries as repository
from variorum.repos.api import COMPARISONS, CONTEXT, TEXTS, shown_files

LISTING = ("state", "author", "path", "cursor", "limit")


class DraftsView(APIView):
    """A project's drafts."""

    @extend_schema(
        operation_id="drafts_list",
        responses=shapes.DraftPage,
        parameters=[OpenApiParameter(name, str) for name in LISTING],
    )
    def get(self, request: Request, project: str) -> Response:
        """Viewer. `state` is open (default), merged, closed or all; `author` an e-mail; `path` a changed file."""
        found = access_project(request, project)
        state = request.query_params.get("state") or Draft.State.OPEN
        if state not in {*Draft.State.values, "all"}:
            raise Invalid("state must be open, merged, closed or all.")
        wanted = {name: request.query_params.get(name, "") for name in ("author", "path")}
        rows = queries.drafts_of(found, state="" if state == "all" else state, **wanted)
        return Response(pagination.by_id(request, rows, presenting.items, field="number"))

    @extend_schema(operation_id="drafts_open", request=shapes.NewDraft, responses={201: shapes.DraftDetail})
    def post(self, request: Request, project: str) -> Response:
        """Editor. 422 names path and line of files that are not fit."""
        found = access_project(request, project, Role.EDITOR)
        body = shapes.NewDraft(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        draft = services.open_draft(
            project=found,
            actor=actor_of(request),
            title=data["title"],
            description=data["description"],
            files=encoded(data["files"]),
            base=data["base"],
        )
        return Response(presenting.detail(request, draft), status=201)


class DraftView(APIView):
    """One draft."""

    @extend_schema(operation_id="drafts_show", responses=shapes.DraftDetail)
    def get(self, request: Request, project: str, number: int) -> Response:
        """Viewer. Whether it would merge is in `mergeable`, what stands in the way in `blockers`."""
        return Response(presenting.detail(request, queries.access_draft(request, project, number)))

    @extend_schema(operation_id="drafts_change", request=shapes.DraftChange, responses=shapes.DraftDetail)
    def patch(self, request: Request, project: str, number: int) -> Response:
        """Editor. 409 `stale_version` when somebody else changed it since `version`."""
        draft = queries.access_draft(request, project, number, Role.EDITOR)
        body = shapes.DraftChange(data=request.data)
        body.is_valid(raise_exception=True)
        changed = services.update_draft(draft=draft, actor=actor_of(request), **body.validated_data)
        return Response(presenting.detail(request, changed))


class DraftDiffView(APIView):
    """What a draft changes."""

    @extend_schema(operation_id="drafts_diff", responses=shapes.DraftDiff, parameters=[CONTEXT, TEXTS, COMPARISONS])
    def get(self, request: Request, project: str, number: int) -> Response:
        """Viewer. From where the draft began to its latest version; no Git process."""
        draft = queries.access_draft(request, project, number)
        files = shown_files(request, draft.project, draft.base_commit, draft.head_commit)
        answer = {"base": draft.base_commit, "head": draft.head_commit, "files": files}
        return Response(shapes.DraftDiff(answer).data)


class DraftCommitsView(APIView):
    """A draft's versions."""

    @extend_schema(operation_id="drafts_commits", responses=shapes.DraftCommits)
    def get(self, request: Request, project: str, number: int) -> Response:
        """Viewer. The draft's own commits, newest first, at most 200."""
        draft = queries.access_draft(request, project, number)
        commits = repository.log_beyond(draft.project, draft.base_commit, draft.head_commit, limit=200)
        return Response(shapes.DraftCommits(pagination.whole(commits)).data)


class DraftFilesView(APIView):
    """Saving."""

    @extend_schema(operation_id="drafts_save", request=shapes.SaveRequest, responses=shapes.DraftDetail)
    def post(self, request: Request, project: str, number: int) -> Response:
        """Editor. 409 `stale_save` has the other's content and difference; 422 names path and line of problems."""
        draft = queries.access_draft(request, project, number, Role.EDITOR)
        body = shapes.SaveRequest(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        files = {**renamed(draft, data["expected_head"], data["renames"]), **encoded(data["files"])}
        if not files:
            raise Invalid("Say which files to save.")
        saved = services.save_files(
            draft=draft,
            actor=actor_of(request),
            files=files,
            expected_head=data["expected_head"],
            message=data["message"],
        )
        return Response(presenting.detail(request, saved))


class DraftConflictsView(APIView):
    """What keeps a draft from merging."""

    @extend_schema(operation_id="drafts_conflicts", responses=shapes.ConflictPage)
    def get(self, request: Request, project: str, number: int) -> Response:
        """Viewer. Each file with where both began, main's and the draft's content."""
        draft = queries.access_draft(request, project, number)
        conflicts: list[git.Conflict] = []
        if draft.state == Draft.State.OPEN:
            conflicts = preview(draft, repository.resolve(draft.project, git.MAIN)).conflicts
        return Response(shapes.ConflictPage(pagination.whole([sides(conflict) for conflict in conflicts])).data)


class DraftMergeView(APIView):
    """Merging."""

    @extend_schema(operation_id="drafts_merge", request=shapes.MergeRequest, responses=shapes.DraftDetail)
    def post(self, request: Request, project: str, number: int) -> Response:
        """Maintainer. 409: `draft_changed`, `merge_blocked` with the reasons, `merge_conflicts` with both sides."""
        draft = queries.access_draft(request, project, number, Role.MAINTAINER)
        body = shapes.MergeRequest(data=request.data)
        body.is_valid(raise_exception=True)
        head = body.validated_data["expected_head"]
        merged = services.merge_draft(draft=draft, actor=actor_of(request), expected_head=head)
        return Response(presenting.detail(request, merged))


class DraftCloseView(APIView):
    """Ending without merging."""

    @extend_schema(operation_id="drafts_close", request=None, responses=shapes.DraftDetail)
    def post(self, request: Request, project: str, number: int) -> Response:
        """The draft's author, or a maintainer."""
        draft = access_to_end(request, project, number)
        return Response(presenting.detail(request, services.close_draft(draft=draft, actor=actor_of(request))))


class DraftReopenView(APIView):
    """Taking up again."""

    @extend_schema(operation_id="drafts_reopen", request=None, responses=shapes.DraftDetail)
    def post(self, request: Request, project: str, number: int) -> Response:
        """The draft's author, or a maintainer."""
        draft = access_to_end(request, project, number)
        return Response(presenting.detail(request, services.reopen_draft(draft=draft, actor=actor_of(request))))


class CommentsView(APIView):
    """A draft's conversation."""

    @extend_schema(operation_id="comments_list", responses=shapes.CommentPage)
    def get(self, request: Request, project: str, number: int) -> Response:
        """Viewer. Oldest first, all at once."""
        draft = queries.access_draft(request, project, number)
        return Response(pagination.whole(presenting.comments(draft, list(queries.comments_of(draft)))))

    @extend_schema(operation_id="comments_add", request=shapes.NewComment, responses={201: shapes.CommentSerializer})
    def post(self, request: Request, project: str, number: int) -> Response:
        """Editor. With `suggestion` a text that others may take up with one click."""
        draft = queries.access_draft(request, project, number, Role.EDITOR)
        body = shapes.NewComment(data=request.data)
        body.is_valid(raise_exception=True)
        made = services.comment(draft=draft, actor=actor_of(request), **body.validated_data)
        return Response(presenting.comments(draft, [made])[0], status=201)


class CommentView(APIView):
    """One remark."""

    @extend_schema(operation_id="comments_change", request=shapes.CommentChange, responses=shapes.CommentSerializer)
    def patch(self, request: Request, project: str, number: int, comment: int) -> Response:
        """Editor. Anybody settles a thread; only its author changes a text."""
        found = queries.access_comment(request, project, number, comment)
        body = shapes.CommentChange(data=request.data)
        body.is_valid(raise_exception=True)
        data, actor = body.validated_data, actor_of(request)
        if "body" in data:
            found = services.edit_comment(comment=found, actor=actor, body=data["body"])
        if "resolved" in data:
            found = services.resolve_thread(comment=found, actor=actor, resolved=data["resolved"])
        return Response(presenting.comments(found.draft, [found])[0])

    @extend_schema(operation_id="comments_delete", responses={204: None})
    def delete(self, request: Request, project: str, number: int, comment: int) -> Response:
        """Its author, as long as nobody answered."""
        found = queries.access_comment(request, project, number, comment)
        services.delete_comment(comment=found, actor=actor_of(request))
        return Response(status=204)


class ApprovalsView(APIView):
    """Verdicts."""

    @extend_schema(operation_id="approvals_list", responses=shapes.ApprovalPage)
    def get(self, request: Request, project: str, number: int) -> Response:
        """Viewer. Every verdict ever given, newest first."""
        verdicts = queries.verdicts_of(queries.access_draft(request, project, number))
        return Response(pagination.whole(shapes.ApprovalSerializer(verdicts, many=True).data))

    @extend_schema(operation_id="approvals_add", request=shapes.NewApproval, responses={201: shapes.DraftDetail})
    def post(self, request: Request, project: str, number: int) -> Response:
        """Maintainers, and editors whom OWNERS or a rule names for the draft's files, in person.

        409 `draft_changed` when `commit` is not the latest version; 403 `self_approval` for who wrote in it.
        """
        draft = queries.access_draft(request, project, number, Role.EDITOR)
        user = person_of(request)
        body = shapes.NewApproval(data=request.data)
        body.is_valid(raise_exception=True)
        services.review(draft=draft, actor=actor_of(request), user=user, **body.validated_data)
        return Response(presenting.detail(request, draft), status=201)


class ChecksView(APIView):
    """Checks on a commit."""

    @extend_schema(
        operation_id="checks_list",
        responses=shapes.CheckPage,
        parameters=[OpenApiParameter("commit", str, required=True)],
    )
    def get(self, request: Request, project: str) -> Response:
        """Viewer. `commit` is a branch, a tag, a commit id or its beginning."""
        found = access_project(request, project)
        commit = repository.resolve(found, request.query_params.get("commit", ""))
        return Response(pagination.whole(shapes.CheckSerializer(queries.checks_of(found, commit), many=True).data))


def access_to_end(request: Request, slug: str, number: int) -> Draft:
    """A draft that the caller may close or reopen. Raises as access_draft."""
    draft = queries.access_draft(request, slug, number, Role.EDITOR)
    role = role_in(request, draft.project)
    if draft.author_id != request.user.pk and not (role and at_least(role, Role.MAINTAINER)):
        raise Forbidden("Only its author or a maintainer may close or reopen a draft.", code="role_too_low")
    return draft


def encoded(files: dict[str, str | None]) -> dict[str, bytes | None]:
    """Texts as bytes."""
    return {path: None if text is None else text.encode() for path, text in files.items()}


def renamed(draft: Draft, head: str, renames: dict[str, str]) -> dict[str, bytes | None]:
    """The changes that a set of renames amounts to. Raises NotFound, Unprocessable for a name that is taken."""
    if not renames:
        return {}
    there = repository.read_files(draft.project, head, [*renames, *renames.values()])
    files: dict[str, Any] = {}
    for old, new in renames.items():
        if old not in there:
            raise NotFound(f"{old[:200]!r} is not a file of this draft.")
        if new in there and new not in renames:
            text = f"There is a file {new} already."
            raise Unprocessable(text, code="name_taken", errors=[{"where": new, "code": "name_taken", "detail": text}])
        files |= {old: files.get(old), new: there[old]}
    return files
