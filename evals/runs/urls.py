from django.urls import path

from evals.runs import api, evaluation_api, lineage_api

PROJECT = "projects/<slug:project>"
SUITE = f"{PROJECT}/suites/<slug:suite>"
EVALUATION = f"{PROJECT}/evaluations/<int:number>"

urlpatterns = [
    path(f"{PROJECT}/adapters/lineage", lineage_api.LineageView.as_view(), name="adapter_lineage"),
    path(f"{PROJECT}/suites", api.SuitesView.as_view(), name="suites"),
    path(SUITE, api.SuiteView.as_view(), name="suite"),
    path(f"{SUITE}/plan", api.PlanView.as_view(), name="suite_plan"),
    path(f"{SUITE}/evaluations", api.StartView.as_view(), name="suite_evaluations"),
    path(f"{PROJECT}/evaluations", evaluation_api.EvaluationsView.as_view(), name="evaluations"),
    path(EVALUATION, evaluation_api.EvaluationView.as_view(), name="evaluation"),
    path(f"{EVALUATION}/comparison", evaluation_api.ComparisonView.as_view(), name="evaluation_comparison"),
    path(f"{EVALUATION}/results", evaluation_api.ResultsView.as_view(), name="results"),
    path(f"{EVALUATION}/results/<int:index>", evaluation_api.ResultView.as_view(), name="result"),
]
