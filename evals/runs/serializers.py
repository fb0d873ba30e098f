"""What suites, evaluations and results look like in JSON."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from evals.metrics.serializers import ScoreSerializer
from evals.runs.models import EvaluationJob, Result, Suite
from variorum.datasets.serializers import SubsetSerializer

SLUG = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"


class SuiteRuleSerializer(serializers.Serializer[object]):
    """at_least: the figure is at least `value`; not_worse: not worse than main by over `margin`. Both from 0 to 1."""

    kind = serializers.ChoiceField(choices=["at_least", "not_worse"])
    metric = serializers.CharField(max_length=63)
    value = serializers.FloatField(min_value=0, max_value=1, required=False)
    margin = serializers.FloatField(min_value=0, max_value=1, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Each kind has its own number, and only that."""
        needed = "value" if attrs["kind"] == "at_least" else "margin"
        if needed not in attrs:
            raise serializers.ValidationError({needed: "This number is needed."})
        return {name: attrs[name] for name in ("kind", "metric", needed)}


class FigureSerializer(serializers.Serializer[object]):
    """A figure with its interval; `method` names how it was made, `n` the rows or pairs."""

    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    n = serializers.IntegerField()
    method = serializers.CharField()
    confidence = serializers.FloatField()


class EvaluationMetric(serializers.Serializer[object]):
    """A metric version that an evaluation uses."""

    slug = serializers.CharField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.CharField()
    binary = serializers.BooleanField()


class EvaluationSerializer(serializers.ModelSerializer[EvaluationJob]):
    """An evaluation in a list. `state` is its job's; `verdict` is empty until it is concluded."""

    suite = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    suite_name = serializers.CharField(source="suite.name", read_only=True)
    dataset = serializers.CharField(source="dataset_version.dataset.slug", read_only=True)
    dataset_version = serializers.IntegerField(source="dataset_version.number", read_only=True)
    draft = serializers.SlugRelatedField[Any](slug_field="number", read_only=True, allow_null=True)
    baseline = serializers.SlugRelatedField[Any](slug_field="number", read_only=True, allow_null=True)
    metrics = EvaluationMetric(many=True, read_only=True)
    state = serializers.CharField(source="job.state", read_only=True)
    done = serializers.IntegerField(source="job.done", read_only=True)
    message = serializers.CharField(source="job.message", read_only=True)
    error = serializers.CharField(source="job.error", read_only=True)
    actor_name = serializers.CharField(source="job.actor_name", read_only=True)
    created_at = serializers.DateTimeField(source="job.created_at", read_only=True)
    started_at = serializers.DateTimeField(source="job.started_at", read_only=True, allow_null=True)
    ended_at = serializers.DateTimeField(source="job.ended_at", read_only=True, allow_null=True)
    figures = serializers.SerializerMethodField()
    direction = serializers.SerializerMethodField()

    class Meta:
        model = EvaluationJob
        fields = [
            "number", "suite", "suite_name", "dataset", "dataset_version", "prompt_path", "model", "commit", "draft",
            "on_main", "baseline", "metrics", "row_count", "state", "done", "message", "error", "verdict", "words",
            "direction", "figures", "actor_name", "created_at", "started_at", "ended_at", "concluded_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.DictField(child=FigureSerializer(allow_null=True)))
    def get_figures(self, evaluation: EvaluationJob) -> dict[str, Any]:
        """Each metric's figure by slug."""
        return {metric["slug"]: metric["figure"] for metric in evaluation.summary.get("metrics", [])}

    @extend_schema_field(
        serializers.ChoiceField(choices=["better", "worse", "inconclusive"], allow_null=True)
    )  # fmt: skip
    def get_direction(self, evaluation: EvaluationJob) -> str | None:
        """Of the metric that the first rule (or else the first metric) is about, against the baseline."""
        entry = headline(evaluation)
        return entry["direction"] if entry else None


class SummaryMetric(EvaluationMetric):
    """One metric's figure. `failed`: no score though there should be one; `skipped`: the row lacks what it needs."""

    figure = FigureSerializer(allow_null=True)
    failed = serializers.IntegerField()
    skipped = serializers.IntegerField()
    input_tokens = serializers.IntegerField(allow_null=True)
    output_tokens = serializers.IntegerField(allow_null=True)
    cost = serializers.FloatField(allow_null=True)


class MajoritySerializer(serializers.Serializer[object]):
    """The commonest label and its share: what answering it always would reach."""

    label = serializers.CharField()  # type: ignore[assignment]  # a field's own label is not asked here
    rate = serializers.FloatField()


class LabelFigures(serializers.Serializer[object]):
    """One label: rows wanted and given, and what it was most often taken for ("" is no label at all)."""

    label = serializers.CharField()  # type: ignore[assignment]  # a field's own label is not asked here
    n = serializers.IntegerField()
    given = serializers.IntegerField()
    precision = serializers.FloatField(allow_null=True)
    recall = serializers.FloatField()
    f1 = serializers.FloatField()
    taken_for = serializers.CharField(allow_null=True)


class LabelledSerializer(serializers.Serializer[object]):
    """Figures of a labelled set."""

    accuracy = FigureSerializer()
    macro_f1 = FigureSerializer()
    majority = MajoritySerializer()
    label_count = serializers.IntegerField()
    no_label = serializers.IntegerField()
    labels = LabelFigures(many=True)


class LatencySerializer(serializers.Serializer[object]):
    """Milliseconds."""

    p50 = serializers.FloatField(allow_null=True)
    p95 = serializers.FloatField(allow_null=True)


class SummarySerializer(serializers.Serializer[object]):
    """All figures of an evaluation. Cost in US dollars, None when no price is known."""

    rows = serializers.IntegerField()
    errors = serializers.IntegerField()  # type: ignore[assignment]  # the serializer's own errors are not asked here
    error_codes = serializers.DictField(child=serializers.IntegerField())
    metrics = SummaryMetric(many=True)
    labelled = LabelledSerializer(allow_null=True)
    latency_ms = LatencySerializer()
    input_tokens = serializers.IntegerField(allow_null=True)
    output_tokens = serializers.IntegerField(allow_null=True)
    cost = serializers.FloatField(allow_null=True)


class ComparedMetric(serializers.Serializer[object]):
    """One metric's change; rows that gained and lost by position (5,000 at most); McNemar's exact p for yes and no."""

    slug = serializers.CharField()
    name = serializers.CharField()
    version = serializers.IntegerField(allow_null=True)
    binary = serializers.BooleanField()
    before = serializers.FloatField(allow_null=True)
    after = serializers.FloatField(allow_null=True)
    difference = FigureSerializer(allow_null=True)
    p = serializers.FloatField(allow_null=True)
    direction = serializers.ChoiceField(choices=["better", "worse", "inconclusive"])
    words = serializers.CharField()
    gained = serializers.ListField(child=serializers.IntegerField())
    lost = serializers.ListField(child=serializers.IntegerField())
    gained_count = serializers.IntegerField()
    lost_count = serializers.IntegerField()


class PairedComparisonSerializer(serializers.Serializer[object]):
    """An evaluation against its baseline, on the rows and metric versions that both have."""

    baseline = serializers.IntegerField()
    rows = serializers.IntegerField()
    metrics = ComparedMetric(many=True)
    left_out = serializers.ListField(child=serializers.CharField())
    new_errors = serializers.ListField(child=serializers.IntegerField())


class OutcomeSerializer(serializers.Serializer[object]):
    """How one rule came out."""

    rule = serializers.DictField()
    state = serializers.ChoiceField(choices=EvaluationJob.Verdict.choices)
    words = serializers.CharField()


class LoadedAdapterSerializer(serializers.Serializer[object]):
    """The adapter that was loaded."""

    path = serializers.CharField()
    sha256 = serializers.CharField()


class EvaluationDetail(EvaluationSerializer):
    """An evaluation with its figures, its comparison and what it froze."""

    summary = serializers.SerializerMethodField()
    comparison = PairedComparisonSerializer(allow_null=True)
    outcomes = OutcomeSerializer(many=True)
    rules = SuiteRuleSerializer(many=True)
    adapter = LoadedAdapterSerializer(allow_null=True)
    mapping = serializers.DictField(child=serializers.CharField())
    subset = SubsetSerializer()

    class Meta(EvaluationSerializer.Meta):
        fields = [
            *EvaluationSerializer.Meta.fields,
            *("summary", "comparison", "outcomes", "rules", "adapter", "mapping", "subset", "fingerprint"),
        ]
        read_only_fields = fields

    @extend_schema_field(SummarySerializer(allow_null=True))
    def get_summary(self, evaluation: EvaluationJob) -> dict[str, Any] | None:
        """None until all rows are there."""
        return evaluation.summary or None


class EvaluationPage(serializers.Serializer[object]):
    """A page of evaluations, newest first."""

    items = EvaluationSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class SuiteSerializer(serializers.ModelSerializer[Suite]):
    """A suite with its newest evaluation. `pinned` is a dataset version's number, None for the newest of the day."""

    dataset = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    pinned = serializers.SlugRelatedField[Any](slug_field="number", read_only=True, allow_null=True)
    mapping = serializers.DictField(child=serializers.CharField())
    metrics = serializers.ListField(child=serializers.CharField())
    subset = SubsetSerializer()
    rules = SuiteRuleSerializer(many=True)
    newest = serializers.SerializerMethodField()

    class Meta:
        model = Suite
        fields = [
            "slug", "name", "description", "dataset", "pinned", "prompt_path", "model", "mapping", "metrics", "subset",
            "rules", "required", "concurrency", "check_name", "version", "created_at", "archived_at", "newest",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(EvaluationSerializer(allow_null=True))
    def get_newest(self, suite: Suite) -> Any:
        """From the context's `newest`."""
        found = self.context.get("newest", {}).get(suite.pk)
        return EvaluationSerializer(found).data if found else None


class SuitePage(serializers.Serializer[object]):
    """A project's suites."""

    items = SuiteSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class SuiteChange(serializers.Serializer[object]):
    """What may change of a suite; `version` is the one that the caller saw."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    name = serializers.CharField(max_length=100, required=False)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    dataset = serializers.CharField(max_length=63, required=False)
    pinned = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False, allow_null=True)
    prompt_path = serializers.RegexField(r"^prompts/.+\.prompt$", max_length=400, required=False)
    model = serializers.CharField(max_length=200, required=False, allow_blank=True)
    mapping = serializers.DictField(child=serializers.CharField(max_length=200), required=False)
    metrics = serializers.ListField(
        child=serializers.SlugField(max_length=63), min_length=1, max_length=20, required=False
    )
    subset = SubsetSerializer(required=False)
    rules = SuiteRuleSerializer(many=True, required=False)
    required = serializers.BooleanField(required=False)  # type: ignore[assignment]  # the stubs' Field.required
    concurrency = serializers.IntegerField(min_value=1, max_value=64, required=False)

    def validate_rules(self, value: list[Any]) -> list[Any]:
        """Not more than people can read."""
        if len(value) > 20:
            raise serializers.ValidationError("20 rules are the most.")
        return value


class NewSuite(SuiteChange):
    """A suite. `required`: its check must pass before a draft of its prompt is merged and before production gets it."""

    version = None  # type: ignore[assignment]  # a new suite has none to have seen
    name = serializers.CharField(max_length=100)
    slug = serializers.RegexField(SLUG, required=False, default="", allow_blank=True)
    dataset = serializers.CharField(max_length=63)
    prompt_path = serializers.RegexField(r"^prompts/.+\.prompt$", max_length=400)
    metrics = serializers.ListField(child=serializers.SlugField(max_length=63), min_length=1, max_length=20)


class SubjectSerializer(serializers.Serializer[object]):
    """What to evaluate: a draft's head, a commit or a branch; none of them is main. At most one."""

    draft = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False)
    commit = serializers.RegexField(r"^[0-9a-f]{7,40}$", required=False)
    ref = serializers.CharField(max_length=200, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One at most."""
        if len([name for name in ("draft", "commit", "ref") if name in attrs]) > 1:
            raise serializers.ValidationError({"draft": "Name a draft, a commit or a branch, not several."})
        return attrs


class NewEvaluation(SubjectSerializer):
    """`baseline`: auto (main's), none, or the number of an evaluation of the same suite."""

    baseline = serializers.RegexField(r"^(auto|none|[1-9][0-9]{0,8})$", required=False, default="auto")


class PlanSerializer(serializers.Serializer[object]):
    """What an evaluation would freeze and do, before it is started."""

    commit = serializers.CharField()
    model = serializers.CharField()
    adapter = serializers.CharField(allow_null=True)
    dataset = serializers.CharField()
    dataset_version = serializers.IntegerField()
    rows = serializers.IntegerField()
    calls = serializers.IntegerField()
    mapping = serializers.DictField(child=serializers.CharField())
    variables = serializers.ListField(child=serializers.CharField())
    metrics = EvaluationMetric(many=True)


class ResultSerializer(serializers.ModelSerializer[Result]):
    """One row: what went in, what came out, its values by metric; `before` is the baseline's same row."""

    input = serializers.DictField()
    values = serializers.DictField(child=serializers.FloatField(allow_null=True))
    cost = serializers.FloatField(allow_null=True)
    before = serializers.SerializerMethodField()

    class Meta:
        model = Result
        fields = [
            "index", "input", "expected", "output", "error_code", "error", "values", "latency_ms", "input_tokens",
            "output_tokens", "cost", "finish_reason", "at", "before",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.DictField(allow_null=True))
    def get_before(self, result: Result) -> dict[str, Any] | None:
        """From the context's `before`: output, error and values."""
        found = self.context.get("before", {}).get(result.index)
        return {"output": found.output, "error": found.error, "values": found.values} if found else None


class ResultPage(serializers.Serializer[object]):
    """Results from an offset on; `total` counts all that match."""

    items = ResultSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    total = serializers.IntegerField()


class ScoredResult(ResultSerializer):
    """A row with its scores and their reasons."""

    scores = ScoreSerializer(many=True)

    class Meta(ResultSerializer.Meta):
        fields = [*(name for name in ResultSerializer.Meta.fields if name != "before"), "scores"]
        read_only_fields = fields


class ResultDetail(serializers.Serializer[object]):
    """A row beside the baseline's, and the positions of its neighbours."""

    result = ScoredResult()
    before = ScoredResult(allow_null=True)


def headline(evaluation: EvaluationJob) -> dict[str, Any] | None:
    """The compared metric that a person looks at first: the first rule's, or else the first."""
    metrics: list[dict[str, Any]] = (evaluation.comparison or {}).get("metrics", [])
    wanted = [rule["metric"] for rule in evaluation.rules if rule["kind"] == "not_worse"]
    return next((m for slug in wanted for m in metrics if m["slug"] == slug), metrics[0] if metrics else None)
