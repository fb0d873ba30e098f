"""Fine-tunes over HTTP."""

import importlib.util
from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from variorum.accounts.access import access_project, actor_of
from variorum.accounts.roles import Role
from variorum.datasets.queries import find_dataset, find_version
from variorum.inference.catalogue import list_models
from variorum.inference.targets import models_dir
from variorum.jobs.services import request_cancel
from variorum.lib import pagination
from variorum.training import queries, services
from variorum.training import serializers as shapes
from variorum.training.estimate import estimate
from variorum.training.models import TrainingJob


class FineTunesView(APIView):
    """The fine-tunes of a project."""

    @extend_schema(
        operation_id="fine_tunes_list",
        parameters=[OpenApiParameter(name, str) for name in ("cursor", "limit")],
        responses=shapes.TrainingPage,
    )
    def get(self, request: Request, project: str) -> Response:
        """Viewer. Newest first."""
        rows = queries.trainings_of(access_project(request, project))
        return Response(pagination.by_id(request, rows, _present))

    @extend_schema(
        operation_id="fine_tunes_create", request=shapes.NewTraining, responses={201: shapes.TrainingSerializer}
    )
    def post(self, request: Request, project: str) -> Response:
        """Editor. Starts one; the adapter arrives as a draft. 422 names a row that does not fit the prompt."""
        found = access_project(request, project, Role.EDITOR)
        data = _asked(request, shapes.NewTraining)
        version = find_version(find_dataset(found, data.pop("dataset")), data.pop("version"))
        made = services.start_training(project=found, actor=actor_of(request), dataset_version=version, **data)
        return Response(_one(queries.trainings_of(found).get(pk=made.pk)), status=201)


class EstimateView(APIView):
    """Before one starts."""

    @extend_schema(operation_id="fine_tunes_estimate", request=shapes.EstimateRequest, responses=shapes.EstimateAnswer)
    def post(self, request: Request, project: str) -> Response:
        """Editor. Examples, tokens, steps and time; the same faults are found as at the start. Nothing is kept."""
        found = access_project(request, project, Role.EDITOR)
        data = _asked(request, shapes.EstimateRequest)
        version = find_version(find_dataset(found, data.pop("dataset")), data.pop("version"))
        prompt = data.pop("prompt_path")
        return Response(shapes.EstimateAnswer(estimate(project=found, version=version, prompt=prompt, **data)).data)


class RecipesView(APIView):
    """What can be trained here."""

    @extend_schema(operation_id="fine_tunes_recipes", responses=shapes.RecipePage)
    def get(self, request: Request, project: str) -> Response:
        """Viewer. Recipes with their defaults, base models, and whether the packages are installed."""
        access_project(request, project)
        ready = importlib.util.find_spec("torch") is not None
        page = {**pagination.whole(shapes.recipes()), "base_models": list_models(models_dir()), "ready": ready}
        return Response(shapes.RecipePage(page).data)


class FineTuneView(APIView):
    """One fine-tune."""

    @extend_schema(operation_id="fine_tunes_show", responses=shapes.TrainingSerializer)
    def get(self, request: Request, project: str, number: int) -> Response:
        """Viewer."""
        return Response(_one(queries.access_training(request, project, number)))


class PointsView(APIView):
    """Its curve."""

    @extend_schema(
        operation_id="fine_tunes_points", parameters=[OpenApiParameter("after", int)], responses=shapes.PointPage
    )
    def get(self, request: Request, project: str, number: int) -> Response:
        """Viewer. Steps after `after` (left out: all); a very long curve is thinned."""
        training = queries.access_training(request, project, number)
        after = pagination.integer_of(request, "after", default=-1, low=0, high=2**31 - 1)
        return Response(shapes.PointPage(pagination.whole(queries.points(training, after))).data)


class CancelView(APIView):
    """Stop it."""

    @extend_schema(operation_id="fine_tunes_cancel", request=None, responses=shapes.TrainingSerializer)
    def post(self, request: Request, project: str, number: int) -> Response:
        """Editor. It ends within a step; its curve stays, no adapter is made. 409 when it has ended already."""
        training = queries.access_training(request, project, number, Role.EDITOR)
        request_cancel(job=training.job, actor=actor_of(request))
        return Response(_one(training))


def _asked(request: Request, shape: type[shapes.EstimateRequest]) -> dict[str, Any]:
    body = shape(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


def _present(page: Sequence[TrainingJob]) -> Any:
    return shapes.TrainingSerializer(page, many=True, context={"verdicts": queries.verdicts(page)}).data


def _one(training: TrainingJob) -> Any:
    return _present([training])[0]
