"""Suites over HTTP."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evals.metrics.models import Metric
from evals.runs import queries, services
from evals.runs import serializers as shapes
from evals.runs.models import Suite
from evals.runs.queries import access_suite
from variorum.accounts.access import access_project, actor_of, role_in
from variorum.accounts.models import Project
from variorum.accounts.roles import Role, at_least
from variorum.datasets.queries import find_dataset, find_version
from variorum.drafts.models import Draft
from variorum.lib import pagination
from variorum.lib.errors import Conflict, Forbidden, NotFound
from variorum.repos import queries as repos


class SuitesView(APIView):
    """A project's suites."""

    @extend_schema(operation_id="suites_list", responses=shapes.SuitePage)
    def get(self, request: Request, project: str) -> Response:
        """Viewer. Each with its newest evaluation."""
        found = list(queries.suites_of(access_project(request, project)))
        context = {"newest": queries.newest_evaluations(found)}
        return Response(pagination.whole(shapes.SuiteSerializer(found, many=True, context=context).data))

    @extend_schema(operation_id="suites_create", request=shapes.NewSuite, responses={201: shapes.SuiteSerializer})
    def post(self, request: Request, project: str) -> Response:
        """Editor; maintainer for a required one."""
        found = access_project(request, project, Role.EDITOR)
        body = shapes.NewSuite(data=request.data)
        body.is_valid(raise_exception=True)
        fields = _fields(found, body.validated_data, None)
        _may_guard(request, found, required=bool(fields.get("required")))
        made = services.create_suite(project=found, actor=actor_of(request), **fields)
        return Response(shapes.SuiteSerializer(made).data, status=201)


class SuiteView(APIView):
    """One suite."""

    @extend_schema(operation_id="suites_show", responses=shapes.SuiteSerializer)
    def get(self, request: Request, project: str, suite: str) -> Response:
        """Viewer."""
        return Response(_shown(access_suite(request, project, suite)))

    @extend_schema(operation_id="suites_change", request=shapes.SuiteChange, responses=shapes.SuiteSerializer)
    def patch(self, request: Request, project: str, suite: str) -> Response:
        """Editor; maintainer when its check is, or shall be, required. 409 when somebody else changed it meanwhile."""
        found = access_suite(request, project, suite, Role.EDITOR)
        body = shapes.SuiteChange(data=request.data)
        body.is_valid(raise_exception=True)
        changes = _fields(found.project, body.validated_data, found)
        _may_guard(request, found.project, required=found.required or bool(changes.get("required")))
        changed = services.change_suite(
            suite=found, actor=actor_of(request), seen=changes.pop("version"), changes=changes
        )
        return Response(_shown(changed))

    @extend_schema(operation_id="suites_archive", responses={204: None})
    def delete(self, request: Request, project: str, suite: str) -> Response:
        """Editor; maintainer when its check is required. Its evaluations stay."""
        found = access_suite(request, project, suite, Role.EDITOR)
        _may_guard(request, found.project, required=found.required)
        services.archive_suite(suite=found, actor=actor_of(request))
        return Response(status=204)


class PlanView(APIView):
    """What an evaluation would do."""

    @extend_schema(operation_id="suites_plan", parameters=[shapes.SubjectSerializer], responses=shapes.PlanSerializer)
    def get(self, request: Request, project: str, suite: str) -> Response:
        """Viewer. 400 or 422 say why it cannot run there."""
        found = access_suite(request, project, suite)
        body = shapes.SubjectSerializer(data=request.query_params)
        body.is_valid(raise_exception=True)
        subject = subject_of(found.project, body.validated_data)
        plan = services.make_plan(found, subject["commit"] or _main(found.project))
        judges = sum(metric.kind == Metric.Kind.JUDGE for metric in plan.metrics)
        shown = {
            "commit": plan.subject.commit,
            "model": plan.subject.model,
            "adapter": plan.subject.prompt.adapter if plan.subject.adapter else None,
            "dataset": plan.version.dataset.slug,
            "dataset_version": plan.version.number,
            "rows": plan.row_count,
            "calls": plan.row_count * (1 + judges),
            "mapping": plan.mapping,
            "variables": sorted(plan.subject.prompt.variables),
            "metrics": plan.metrics,
        }
        return Response(shapes.PlanSerializer(shown).data)


class StartView(APIView):
    """Evaluations of a suite."""

    @extend_schema(
        operation_id="evaluations_create", request=shapes.NewEvaluation, responses={201: shapes.EvaluationDetail}
    )
    def post(self, request: Request, project: str, suite: str) -> Response:
        """Editor. Starts the job; main's evaluation is started too when there is none to compare with."""
        found = access_suite(request, project, suite, Role.EDITOR)
        if found.archived_at:
            raise Conflict("This suite is archived.", code="archived")
        body = shapes.NewEvaluation(data=request.data)
        body.is_valid(raise_exception=True)
        subject, baseline = subject_of(found.project, body.validated_data), body.validated_data["baseline"]
        made = services.start_evaluation(
            suite=found,
            actor=actor_of(request),
            commit=subject["commit"],
            draft=subject["draft"],
            baseline=_baseline(found, baseline) if baseline.isdigit() else baseline,
        )
        return Response(shapes.EvaluationDetail(queries.find_evaluation(found.project, made.number)).data, status=201)


def subject_of(project: Project, data: dict[str, Any]) -> dict[str, Any]:
    """{"commit", "draft"} of a request; both None: main. Raises NotFound."""
    if "draft" in data:
        draft = Draft.objects.filter(project=project, number=data["draft"]).first()
        if draft is None:
            raise NotFound(f"The project has no draft #{data['draft']}.")
        return {"commit": draft.head_commit, "draft": draft}
    name = data.get("commit") or data.get("ref")
    return {"commit": repos.resolve(project, name) if name else None, "draft": None}


def _baseline(suite: Suite, number: str) -> Any:
    found = queries.find_evaluation(suite.project, int(number))
    if found.suite_id != suite.pk:
        raise NotFound(f"Evaluation #{number} is of another suite.")
    return found


def _main(project: Project) -> str:
    return repos.resolve(project, "main")


def _shown(suite: Suite) -> Any:
    return shapes.SuiteSerializer(suite, context={"newest": queries.newest_evaluations([suite])}).data


def _fields(project: Project, data: dict[str, Any], suite: Suite | None) -> dict[str, Any]:
    """The request with the dataset and the pinned version as rows. Raises NotFound."""
    fields = dict(data)
    dataset = find_dataset(project, fields["dataset"]) if "dataset" in fields else suite.dataset if suite else None
    if "dataset" in fields:
        fields["dataset"] = dataset
        fields.setdefault("pinned", None)
    if fields.get("pinned") is not None and dataset is not None:
        fields["pinned"] = find_version(dataset, str(fields["pinned"]))
    return fields


def _may_guard(request: Request, project: Project, *, required: bool) -> None:
    """A check that guards merges is the business of those who merge."""
    role = role_in(request, project)
    if required and not (role and at_least(role, Role.MAINTAINER)):
        text = "This suite's check guards merges and deployments, so changing it needs the role maintainer."
        raise Forbidden(text, code="role_too_low")
