"""POST objects/batch and objects/verify: which large files are to be sent, and where."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from variorum.accounts.access import access_project
from variorum.accounts.models import Project
from variorum.accounts.roles import Role
from variorum.lib.errors import NotFound, TooLarge, Unprocessable
from variorum.repos.lfs import keeping
from variorum.repos.lfs.doors import LfsView, address_of

MOST = 1000
OID = r"^[0-9a-f]{64}$"
EXPIRES_IN = 24 * 3600  # seconds; addresses do not expire, but clients take a missing value as "never ask again"


class ObjectFields(serializers.Serializer[object]):
    """One large file by its content."""

    oid = serializers.RegexField(OID)
    size = serializers.IntegerField(min_value=0, max_value=2**53)


class BatchRequest(serializers.Serializer[object]):
    """What a client wants to send or to get."""

    operation = serializers.ChoiceField(choices=["download", "upload"])
    objects = ObjectFields(many=True)
    hash_algo = serializers.CharField(default="sha256")
    transfers = serializers.ListField(child=serializers.CharField(), default=["basic"])


class BatchView(LfsView):
    """What is to be transferred."""

    def post(self, request: Request, project: str) -> Response:
        """Viewer for downloads, editor for uploads. Objects that are here already have no upload action."""
        body = BatchRequest(data=request.data)
        wants = request.data.get("operation") if isinstance(request.data, dict) else None
        found = access_project(request, project, Role.EDITOR if wants == "upload" else Role.VIEWER)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        _check(data)
        answer = _uploads if data["operation"] == "upload" else _downloads
        return Response(
            {"transfer": "basic", "objects": answer(request, found, data["objects"]), "hash_algo": "sha256"}
        )


def _check(data: dict[str, Any]) -> None:
    if data["hash_algo"] != "sha256":
        raise Unprocessable("Objects are named by their SHA-256 here.", code="hash_algo")
    if data["transfers"] and "basic" not in data["transfers"]:
        raise Unprocessable("Only the transfer 'basic' is spoken here.", code="transfer")
    if len(data["objects"]) > MOST:
        raise TooLarge(f"At most {MOST} objects in one batch.")


def _downloads(request: Request, project: Project, objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    sizes = keeping.sizes_held(project, [one["oid"] for one in objects])
    answer = []
    for one in objects:
        if one["oid"] not in sizes:
            answer.append({**one, "error": {"code": 404, "message": "This project has no such object."}})
        elif sizes[one["oid"]] != one["size"]:
            text = f"The object has {sizes[one['oid']]:,} bytes, not {one['size']:,}."
            answer.append({**one, "error": {"code": 422, "message": text}})
        else:
            answer.append({**one, "actions": {"download": _action(request, project, one["oid"])}})
    return answer


def _uploads(request: Request, project: Project, objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    held = keeping.rely_on(project, [one["oid"] for one in objects])
    return [_upload(request, project, one, held.get(one["oid"])) for one in objects]


def _upload(request: Request, project: Project, one: dict[str, Any], held: int | None) -> dict[str, Any]:
    if held is not None and held == one["size"]:
        return one
    if held is not None:
        return {**one, "error": {"code": 422, "message": f"The object has {held:,} bytes, not {one['size']:,}."}}
    if one["size"] > keeping.most_bytes():
        return {**one, "error": {"code": 413, "message": keeping.too_large().detail}}
    if reason := keeping.refusal(project, one["oid"]):  # git-lfs tries eight times what an upload refused, for 36 s
        return {**one, "error": {"code": 422, "message": reason}}
    verify = address_of(request, f"/{project.slug}.git/info/lfs/objects/verify")
    actions = {
        "upload": _action(request, project, one["oid"]),
        "verify": {"href": verify, "expires_in": EXPIRES_IN},
    }
    return {**one, "actions": actions}


def _action(request: Request, project: Project, oid: str) -> dict[str, Any]:
    return {
        "href": address_of(request, f"/{project.slug}.git/info/lfs/objects/{oid}"),
        "expires_in": EXPIRES_IN,
    }


class VerifyView(LfsView):
    """What a client asks after an upload."""

    def post(self, request: Request, project: str) -> Response:
        """Editor. 200 when the object is here with that size."""
        found = access_project(request, project, Role.EDITOR)
        body = ObjectFields(data=request.data)
        body.is_valid(raise_exception=True)
        oid, size = body.validated_data["oid"], body.validated_data["size"]
        held = keeping.sizes_held(found, [oid]).get(oid)
        if held is None:
            raise NotFound("This project has no such object: upload it again.")
        if held != size:
            raise Unprocessable(f"The object has {held:,} bytes, not {size:,}.", code="wrong_size")
        return Response({"oid": oid, "size": size})
