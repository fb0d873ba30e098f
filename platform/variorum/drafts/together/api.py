"""Editing together and presence over HTTP. Updates and state vectors are those of Yjs (version 1), in base64."""

import base64
import binascii
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import actor_of, person_of
from variorum.accounts.roles import Role
from variorum.accounts.serializers import UserSerializer
from variorum.drafts import presenting
from variorum.drafts.models import Draft, Presence, SharedText
from variorum.drafts.queries import access_draft
from variorum.drafts.serializers import DraftDetail, ExactText
from variorum.drafts.together import limits, presence, saving, texts, wire
from variorum.lib import pagination
from variorum.lib.errors import Invalid

UPDATE = 2 * 2**20  # letters of base64


class OpenText(serializers.Serializer[object]):
    """Which file; `content` begins one that the draft does not have yet."""

    path = serializers.CharField(max_length=400)
    content = ExactText(
        max_length=texts.MAX_TEXT,
        required=False,
        allow_null=True,
        allow_blank=True,
        trim_whitespace=False,
        default=None,
    )


class TextState(serializers.Serializer[object]):
    """A shared text: an update that brings a page up to date, and the state vector that it then has."""

    id = serializers.IntegerField()
    path = serializers.CharField()
    seq = serializers.IntegerField()
    update = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    vector = serializers.CharField()
    deleted = serializers.BooleanField()
    base_commit = serializers.CharField()


class TextEdit(serializers.Serializer[object]):
    """One update, or whether the file is to be deleted by the next save."""

    update = serializers.CharField(max_length=UPDATE, required=False)  # type: ignore[assignment]
    deleted = serializers.BooleanField(required=False)


class TextAccepted(serializers.Serializer[object]):
    """Where the text stands now; what is in `vector` survives everything."""

    seq = serializers.IntegerField()
    vector = serializers.CharField()


class TextPerson(serializers.Serializer[object]):
    """Who wrote unsaved words."""

    name = serializers.CharField()


class TextItem(serializers.Serializer[object]):
    """A file with unsaved changes."""

    id = serializers.IntegerField()
    path = serializers.CharField()
    is_new = serializers.BooleanField()
    deleted = serializers.BooleanField()
    writers = TextPerson(many=True)
    updated_at = serializers.DateTimeField()


class TextPage(serializers.Serializer[object]):
    """The files of a draft with unsaved changes."""

    items = TextItem(many=True)
    next = serializers.CharField(allow_null=True)


class SaveTexts(serializers.Serializer[object]):
    """Which files (all that are unsaved, when left out), and what changed in them."""

    message = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    paths = serializers.ListField(child=serializers.CharField(max_length=400), max_length=500, required=False)


class DiscardTexts(serializers.Serializer[object]):
    """Which files."""

    paths = serializers.ListField(child=serializers.CharField(max_length=400), min_length=1, max_length=500)


class Seen(serializers.Serializer[object]):
    """What one open page shows and does. `left`: it was closed."""

    page = serializers.UUIDField()
    tab = serializers.CharField(max_length=20, required=False, allow_blank=True, default="")
    path = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")
    doing = serializers.ChoiceField(choices=["writing", "commenting"], required=False, allow_blank=True, default="")
    client = serializers.IntegerField(min_value=0, max_value=2**53, required=False, allow_null=True, default=None)
    cursor = serializers.DictField(required=False, allow_null=True, default=None)
    left = serializers.BooleanField(required=False, default=False)

    def validate_cursor(self, value: dict[str, Any] | None) -> dict[str, Any] | None:
        """Two relative positions; anything large is not one."""
        if value is not None and len(repr(value)) > 1_000:
            raise serializers.ValidationError("A cursor is an anchor and a head.")
        return value


class PresenceItem(serializers.Serializer[Presence]):
    """One open page and its person."""

    page = serializers.UUIDField()
    user = UserSerializer()
    tab = serializers.CharField()
    path = serializers.CharField()
    doing = serializers.CharField()
    client = serializers.IntegerField(allow_null=True)
    cursor = serializers.DictField(allow_null=True)


class PresencePage(serializers.Serializer[object]):
    """Every page of a draft that is open now."""

    items = PresenceItem(many=True)
    next = serializers.CharField(allow_null=True)


class TextsView(APIView):
    """Files that are being edited."""

    @extend_schema(operation_id="texts_list", responses=TextPage)
    def get(self, request: Request, project: str, number: int) -> Response:
        """Viewer. Those with unsaved changes, and whose they are."""
        draft = access_draft(request, project, number)
        return Response(TextPage(pagination.whole(saving.unsaved(draft))).data)

    @extend_schema(operation_id="texts_open", request=OpenText, responses=TextState)
    def post(self, request: Request, project: str, number: int) -> Response:
        """Editor. Opens a file for editing together; all who open it get the same text."""
        draft = access_draft(request, project, number, Role.EDITOR)
        body = OpenText(data=request.data)
        body.is_valid(raise_exception=True)
        shared = texts.open_text(draft=draft, actor=actor_of(request), **body.validated_data)
        return Response(_state(shared, None))


class TextView(APIView):
    """One shared text."""

    @extend_schema(
        operation_id="texts_show", responses=TextState, parameters=[OpenApiParameter("vector", str, required=False)]
    )
    def get(self, request: Request, project: str, number: int, text: int) -> Response:
        """Viewer. What a page with the state vector `vector` lacks; everything without one."""
        shared = access_text(request, project, number, text)
        return Response(_state(shared, _bytes(request.query_params.get("vector") or None, "vector")))

    @extend_schema(operation_id="texts_edit", request=TextEdit, responses=TextAccepted)
    def post(self, request: Request, project: str, number: int, text: int) -> Response:
        """Editor. Stored when answered. 409 `behind`: send all since the server's vector; 422 `bad_update`."""
        shared = access_text(request, project, number, text, Role.EDITOR)
        actor = actor_of(request)
        limits.spend(request.user.pk or 0)
        body = TextEdit(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        if "deleted" in data:
            texts.mark_deleted(shared=shared, actor=actor, deleted=data["deleted"])
        update = _bytes(data.get("update"), "update")
        if update is None:
            return Response(TextAccepted({"seq": shared.seq, "vector": ""}).data)
        done = texts.apply_update(shared=shared, actor=actor, update=update)
        return Response(TextAccepted({"seq": done.seq, "vector": _letters(done.vector)}).data)


class TextsSaveView(APIView):
    """Saving what was edited together."""

    @extend_schema(operation_id="texts_save", request=SaveTexts, responses=DraftDetail)
    def post(self, request: Request, project: str, number: int) -> Response:
        """Editor. One commit by the caller; the others who wrote in it are named in its trailers."""
        draft = access_draft(request, project, number, Role.EDITOR)
        body = SaveTexts(data=request.data)
        body.is_valid(raise_exception=True)
        saved = saving.save_texts(draft=draft, actor=actor_of(request), **body.validated_data)
        return Response(presenting.detail(request, saved))


class TextsDiscardView(APIView):
    """Taking unsaved edits back."""

    @extend_schema(operation_id="texts_discard", request=DiscardTexts, responses=TextPage)
    def post(self, request: Request, project: str, number: int) -> Response:
        """Editor. The texts become what the latest version has, on every open page."""
        draft = access_draft(request, project, number, Role.EDITOR)
        body = DiscardTexts(data=request.data)
        body.is_valid(raise_exception=True)
        texts.discard(draft=draft, actor=actor_of(request), **body.validated_data)
        return Response(TextPage(pagination.whole(saving.unsaved(draft))).data)


class PresenceView(APIView):
    """Who is looking at a draft right now."""

    @extend_schema(operation_id="presence_list", responses=PresencePage)
    def get(self, request: Request, project: str, number: int) -> Response:
        """Viewer."""
        return Response(_present(access_draft(request, project, number)))

    @extend_schema(operation_id="presence_announce", request=Seen, responses=PresencePage)
    def post(self, request: Request, project: str, number: int) -> Response:
        """Viewer, in person. What this page shows; again at least every ten seconds. Answers who else is here."""
        draft = access_draft(request, project, number)
        user = person_of(request)
        limits.spend(user.pk)
        body = Seen(data=request.data)
        body.is_valid(raise_exception=True)
        seen = dict(body.validated_data)
        if seen.pop("left"):
            presence.leave(draft=draft, user=user, page=seen["page"])
        else:
            presence.announce(draft=draft, user=user, **seen)
        return Response(_present(draft))


def access_text(request: Request, slug: str, number: int, text: int, role: Role = Role.VIEWER) -> SharedText:
    """One shared text of a draft. Raises as access_draft, NotFound `text_gone`."""
    draft = access_draft(request, slug, number, role)
    found = SharedText.objects.select_related("draft").filter(draft=draft, pk=text).first()
    if found is None:
        raise texts.gone("This")
    return found


def _state(shared: SharedText, since: bytes | None) -> Any:
    try:
        document = texts.load(shared)
        update = document.state(since)
    except (wire.Malformed, ValueError):
        raise Invalid("This is not a state vector.", code="bad_vector") from None
    names = ("id", "path", "seq", "deleted", "base_commit")
    answer = {name: getattr(shared, name) for name in names}
    return TextState({**answer, "update": _letters(update), "vector": _letters(document.vector)}).data


def _present(draft: Draft) -> Any:
    return PresencePage(pagination.whole(list(presence.present(draft)))).data


def _letters(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str | None, where: str) -> bytes | None:
    if text is None:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(f"{where} is not base64.", code="bad_base64") from None
