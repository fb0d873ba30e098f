"""Conflicts of a draft over HTTP: what to decide, and the decisions."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import actor_of
from variorum.accounts.roles import Role
from variorum.drafts import presenting, queries
from variorum.drafts.models import Draft
from variorum.drafts.previews import Preview, preview
from variorum.drafts.resolving import Choice, Decision, resolve, update_from_main
from variorum.drafts.serializers import DraftDetail, ExactText
from variorum.repos import git
from variorum.repos import queries as repository
from variorum.repos.queries import text_of
from variorum.repos.serializers import FileProblem
from variorum_client.formats.merging import Lines, Unit

PICKS = ["main", "draft", "both", "own"]
KINDS = ["setting", "message", "text", "file", "adapter"]
COMMIT = r"^[0-9a-f]{40}$"


class LineRange(serializers.Serializer[object]):
    """First and last line, from 1."""

    first = serializers.IntegerField()
    last = serializers.IntegerField()


class ConflictUnit(serializers.Serializer[object]):
    """One place that both changed: its text where both began, on main and in the draft; null: not there.

    `where`: the setting's key, dotted, or the message's role and count ("user 2"). `both`: the two one after the
    other where that makes sense. Lines are those of each version of the file.
    """

    number = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=KINDS)
    where = serializers.CharField()
    base = serializers.CharField(allow_null=True)
    main = serializers.CharField(allow_null=True)
    draft = serializers.CharField(allow_null=True)
    both = serializers.CharField(allow_null=True)
    base_lines = LineRange(allow_null=True)
    main_lines = LineRange(allow_null=True)
    draft_lines = LineRange(allow_null=True)


class ConflictPiece(serializers.Serializer[object]):
    """A stretch of the merged file: agreed text, or the number of the place that is to be decided."""

    text = serializers.CharField(allow_null=True, trim_whitespace=False)
    unit = serializers.IntegerField(allow_null=True)


class ConflictFile(serializers.Serializer[object]):
    """A file, or the folder of an adapter, with what is to be decided in it.

    The pieces in their order, with a text for each place, are the merged file. `problems`: what is wrong with a file
    that merged by itself; it needs a text of one's own. `writable`: whether one's own text may be given at all.
    """

    path = serializers.CharField()
    writable = serializers.BooleanField()
    units = ConflictUnit(many=True)
    pieces = ConflictPiece(many=True)
    problems = FileProblem(many=True)


class ResolutionDetail(serializers.Serializer[object]):
    """What taking main into the draft means now; send `head` and `main` back with the decisions."""

    head = serializers.CharField()
    main = serializers.CharField()
    files = ConflictFile(many=True)


class ConflictChoice(serializers.Serializer[object]):
    """What is decided for one place; `text` goes with own."""

    pick = serializers.ChoiceField(choices=PICKS)
    text = ExactText(max_length=git.MAX_FILE, allow_blank=True, trim_whitespace=False, default="")


class ConflictDecision(serializers.Serializer[object]):
    """What is decided for one file: each place by its number, or a whole text."""

    units = serializers.DictField(child=ConflictChoice(), default=dict)
    text = ExactText(max_length=git.MAX_FILE, allow_blank=True, allow_null=True, trim_whitespace=False, default=None)

    def validate_units(self, units: dict[str, Any]) -> dict[int, Choice]:
        """Numbers are keys of an object, so they arrive as text."""
        if wrong := [key for key in units if not (key.isascii() and key.isdigit() and len(key) < 7)]:
            raise serializers.ValidationError(f"{wrong[0][:40]!r} is not the number of a place.")
        return {int(key): Choice(each["pick"], each["text"]) for key, each in units.items()}


class NewResolution(serializers.Serializer[object]):
    """Decisions by path, on top of the two versions that were looked at."""

    expected_head = serializers.RegexField(COMMIT)
    expected_main = serializers.RegexField(COMMIT)
    files = serializers.DictField(child=ConflictDecision())


class DraftUpdate(serializers.Serializer[object]):
    """The version of the draft that was looked at; main's too, where it matters."""

    expected_head = serializers.RegexField(COMMIT)
    expected_main = serializers.RegexField(COMMIT, required=False, default="", allow_blank=True)


class ResolutionView(APIView):
    """Conflicts of a draft with main."""

    @extend_schema(operation_id="drafts_resolution_show", responses=ResolutionDetail)
    def get(self, request: Request, project: str, number: int) -> Response:
        """Viewer. Every file in conflict, and those whose merged text would not be fit; no Git process."""
        draft = queries.access_draft(request, project, number)
        main = repository.resolve(draft.project, git.MAIN)
        found = preview(draft, main) if draft.state == Draft.State.OPEN else Preview(nothing=True)
        answer = {"head": draft.head_commit, "main": main, "files": files_of(draft, main, found)}
        return Response(ResolutionDetail(answer).data)

    @extend_schema(operation_id="drafts_resolve", request=NewResolution, responses=DraftDetail)
    def post(self, request: Request, project: str, number: int) -> Response:
        """Editor. Commits main and the decisions to the draft.

        409 `draft_changed`, `main_changed`; 422 `undecided`, `unknown_place`, `not_offered`, `bad_files` with path
        and line: then nothing was committed.
        """
        draft = queries.access_draft(request, project, number, Role.EDITOR)
        body = NewResolution(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        resolved = resolve(
            draft=draft,
            actor=actor_of(request),
            expected_head=data["expected_head"],
            expected_main=data["expected_main"],
            decisions={path: Decision(**each) for path, each in data["files"].items()},
        )
        return Response(presenting.detail(request, resolved))


class UpdateView(APIView):
    """Taking main into a draft."""

    @extend_schema(operation_id="drafts_update_from_main", request=DraftUpdate, responses=DraftDetail)
    def post(self, request: Request, project: str, number: int) -> Response:
        """Editor. 409 `merge_conflicts` when both changed the same places, `draft_changed`, `main_changed`."""
        draft = queries.access_draft(request, project, number, Role.EDITOR)
        body = DraftUpdate(data=request.data)
        body.is_valid(raise_exception=True)
        updated = update_from_main(draft=draft, actor=actor_of(request), **body.validated_data)
        return Response(presenting.detail(request, updated))


def files_of(draft: Draft, main: str, found: Preview) -> list[dict[str, Any]]:
    """What is to be decided, file by file."""
    if found.conflicts:
        return [_file(conflict) for conflict in found.conflicts]
    paths = sorted({problem.path for problem in found.problems})
    contents = repository.changed_in_tree(draft.project, main, found.tree) if paths else {}
    there = repository.read_files(draft.project, main, [path for path in paths if path not in contents])
    return [_unfit(path, contents.get(path, there.get(path)), found) for path in paths]


def _file(conflict: git.Conflict) -> dict[str, Any]:
    merged = conflict.merged
    pieces = [
        {"text": piece, "unit": None} if isinstance(piece, str) else {"text": None, "unit": piece.number}
        for piece in merged.pieces
    ]
    units = [_unit(unit) for unit in merged.conflicts]
    return {"path": conflict.path, "writable": not conflict.folder, "units": units, "pieces": pieces, "problems": []}


def _unfit(path: str, content: bytes | None, found: Preview) -> dict[str, Any]:
    text = text_of(content) if content is not None else None
    problems = [problem for problem in found.problems if problem.path == path]
    pieces = [{"text": text or "", "unit": None}]
    return {"path": path, "writable": text is not None, "units": [], "pieces": pieces, "problems": problems}


def _unit(unit: Unit) -> dict[str, Any]:
    return {
        "number": unit.number,
        "kind": unit.kind,
        "where": unit.where,
        "base": unit.base,
        "main": unit.ours,
        "draft": unit.theirs,
        "both": unit.both,
        "base_lines": _range(unit.base_lines),
        "main_lines": _range(unit.our_lines),
        "draft_lines": _range(unit.their_lines),
    }


def _range(lines: Lines | None) -> dict[str, int] | None:
    return {"first": lines[0], "last": lines[1]} if lines else None
