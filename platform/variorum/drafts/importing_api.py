"""Importing prompts of other systems over HTTP: a look first, then a draft."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project, actor_of
from variorum.accounts.roles import Role
from variorum.drafts import importing, presenting
from variorum.drafts import serializers as shapes
from variorum.lib.texts import storable
from variorum_client.importing.report import prompts_of


class ImportedFile(serializers.Serializer[object]):
    """A file of an export: its path below what was chosen, and its text."""

    path = serializers.CharField(max_length=500)
    text = serializers.CharField(allow_blank=True, trim_whitespace=False)


class PromptImport(serializers.Serializer[object]):
    """Prompts of another system. `into` is a folder below prompts/; `provider` is for models named without one;
    `newest` leaves older versions out; `replace` takes the place of files that are there with another text."""

    system = serializers.ChoiceField(choices=list(importing.SYSTEM_NAMES.items()))
    files = ImportedFile(many=True, allow_empty=False, max_length=importing.MAX_FILES + 1)  # type: ignore[call-arg]
    into = serializers.CharField(max_length=200, allow_blank=True, default="")
    provider = serializers.RegexField(r"^[a-z0-9][a-z0-9._-]*$", max_length=63, allow_blank=True, default="")
    newest = serializers.BooleanField(default=False)
    replace = serializers.BooleanField(default=False)


class NotCarriedOver(serializers.Serializer[object]):
    """What has no counterpart here: where it stood, what it is, why or what became of it."""

    place = serializers.CharField()
    what = serializers.CharField()
    why = serializers.CharField()


class ImportedVersion(serializers.Serializer[object]):
    """A version of a prompt; `failure` says why it cannot be imported. `date` as the other system wrote it."""

    number = serializers.IntegerField()
    imported = serializers.BooleanField()
    failure = serializers.CharField(allow_null=True)
    author = serializers.CharField(allow_null=True)
    date = serializers.CharField(allow_null=True)
    not_carried_over = NotCarriedOver(many=True)


class ImportedPrompt(serializers.Serializer[object]):
    """A prompt under its name in the other system, and the files that it becomes."""

    name = serializers.CharField()
    imported = serializers.BooleanField()
    files = serializers.ListField(child=serializers.CharField())
    versions = ImportedVersion(many=True)


class PromptImportPreview(serializers.Serializer[object]):
    """What an import would make. `commits`: how many versions are not here yet. `in_the_way`: files that are here with
    another text. `files`: what would be new or another text."""

    prompts = ImportedPrompt(many=True)
    commits = serializers.IntegerField()
    in_the_way = serializers.ListField(child=serializers.CharField())
    files = ImportedFile(many=True)


class PromptImportPreviewView(APIView):
    """What an import would make."""

    @extend_schema(operation_id="prompt_imports_preview", request=PromptImport, responses=PromptImportPreview)
    def post(self, request: Request, project: str) -> Response:
        """Editor. Writes nothing. 422 `bad_import` for files that cannot be read at all, `import_too_large`."""
        found = importing.look(access_project(request, project, Role.EDITOR), _given(request)[0])
        files = [{"path": path, "text": content.decode()} for path, content in sorted(found.files.items())]
        answer: Any = {
            "prompts": _storable(prompts_of(found.made)),
            "commits": len(found.commits),
            "in_the_way": found.in_the_way,
            "files": files,
        }
        return Response(PromptImportPreview(answer).data)


class PromptImportsView(APIView):
    """Prompts of another system."""

    @extend_schema(operation_id="prompt_imports_create", request=PromptImport, responses={201: shapes.DraftDetail})
    def post(self, request: Request, project: str) -> Response:
        """Editor. Opens a draft with a commit for each version; nothing reaches main before it is merged.

        409 `files_in_the_way` (unless `replace`), `nothing_to_import`; 422 as for the preview.
        """
        target = access_project(request, project, Role.EDITOR)
        given, replace = _given(request)
        draft = importing.import_prompts(project=target, actor=actor_of(request), given=given, replace=replace)
        return Response(presenting.detail(request, draft), status=201)


def _storable(value: Any) -> Any:
    """An export's texts as JSON can carry them: escapes in it may name half a character."""
    if isinstance(value, dict):
        return {name: _storable(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_storable(item) for item in value]
    return storable(value) if isinstance(value, str) else value


def _given(request: Request) -> tuple[importing.Given, bool]:
    body = PromptImport(data=request.data)
    body.is_valid(raise_exception=True)
    data = body.validated_data
    files = {file["path"]: file["text"] for file in data["files"]}
    fields = {name: data[name] for name in ("system", "into", "provider", "newest")}
    return importing.Given(files=files, **fields), data["replace"]
