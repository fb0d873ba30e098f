"""What rollouts and their guards look like in JSON."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from monitoring.quality import guards
from monitoring.quality.models import Guard
from variorum.deployments import plans, rollouts
from variorum.deployments.models import Rollout
from variorum.deployments.plans import Counts

FIELD = r"^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)*$"
YEAR = 366 * 24 * 3600
DIRECTION: dict[str, bool] = {Guard.Measure.SCORE: False}


class RolloutHold(serializers.Serializer[object]):
    """What a step waits for, all of it: time, the candidate's requests, scored ones, a person's word."""

    seconds = serializers.IntegerField(min_value=0, max_value=YEAR, default=0)
    requests = serializers.IntegerField(min_value=0, max_value=10**9, default=0)
    scored = serializers.IntegerField(min_value=0, max_value=10**9, default=0)
    approval = serializers.BooleanField(default=False)


class NewRolloutStep(serializers.Serializer[object]):
    """A share of the callers: of all, of a segment of the environment's rules, or of those who meet a condition."""

    percent = serializers.FloatField(min_value=0, max_value=100)
    name = serializers.CharField(max_length=100, allow_blank=True, default="")
    segment = serializers.CharField(max_length=200, allow_blank=True, default="")
    condition = serializers.JSONField(allow_null=True, default=None, help_text="JSONLogic over the caller's context.")
    hold = RolloutHold(required=False)

    def validate_condition(self, value: Any) -> Any:
        """An expression is an object."""
        if value is not None and not isinstance(value, dict):
            raise serializers.ValidationError("A condition is a JSON object.")
        return value


class NewGuard(serializers.Serializer[object]):
    """What is watched. `catch`: the harm to be found soonest, `tolerated`: the harm that is none; both are shares."""

    measure = serializers.ChoiceField(choices=Guard.Measure.choices)
    metric = serializers.CharField(max_length=63, allow_blank=True, default="")
    prompt = serializers.CharField(max_length=200, allow_blank=True, default="")
    bound = serializers.FloatField(allow_null=True, default=None, min_value=0, help_text="Milliseconds.")
    higher_is_worse = serializers.BooleanField(required=False)
    catch = serializers.FloatField(min_value=0.001, max_value=10, default=0.05)
    tolerated = serializers.FloatField(min_value=0, max_value=10, default=0)
    action = serializers.ChoiceField(choices=Guard.Action.choices, default=Guard.Action.ROLLBACK)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A score names its metric and a slow share its bound; nothing else does."""
        if (attrs["measure"] == Guard.Measure.SCORE) != bool(attrs["metric"]):
            raise serializers.ValidationError({"metric": "Name the metric of a score, and of nothing else."})
        if (attrs["measure"] == Guard.Measure.SLOW) != (attrs["bound"] is not None):
            raise serializers.ValidationError({"bound": "Say how slow is too slow, and for nothing else."})
        attrs.setdefault("higher_is_worse", DIRECTION.get(attrs["measure"], True))
        return attrs


class NewRollout(serializers.Serializer[object]):
    """A commit of main to be brought to more and more callers. `expected` as for a deploy."""

    commit = serializers.CharField(max_length=200)
    plan = serializers.ListField(child=NewRolloutStep(), min_length=1, max_length=plans.MOST_STEPS)
    guards = serializers.ListField(child=NewGuard(), max_length=guards.MOST_GUARDS, default=list)
    by = serializers.RegexField(FIELD, max_length=100, default="targetingKey")
    note = serializers.CharField(allow_blank=True, default="", max_length=2000)
    expected = serializers.IntegerField(allow_null=True, required=False, min_value=0, max_value=2**31 - 1)


class RolloutAct(serializers.Serializer[object]):
    """`step`: the position that the caller saw, so that two clicks are not two steps; left out: whatever it is."""

    note = serializers.CharField(allow_blank=True, default="", max_length=2000)
    step = serializers.IntegerField(required=False, min_value=0, max_value=plans.MOST_STEPS)


class RolloutStepSerializer(NewRolloutStep):
    """A step with when it began and ended (null: not yet) and the requests of each arm in it."""

    hold = RolloutHold()
    began_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    candidate = serializers.IntegerField()
    early = serializers.IntegerField()
    control = serializers.IntegerField()
    scored = serializers.IntegerField()


class RolloutLack(serializers.Serializer[object]):
    """What the present step still waits for."""

    seconds = serializers.FloatField()
    requests = serializers.IntegerField()
    scored = serializers.IntegerField()
    approval = serializers.BooleanField()


class GuardSide(serializers.Serializer[object]):
    """One arm's values: how many, and their mean (geometric for latency and cost)."""

    n = serializers.IntegerField()
    mean = serializers.FloatField(allow_null=True)


class GuardFound(serializers.Serializer[object]):
    """A guard's last look. `value`, `low`, `high`: the harm and its interval (valid at all times), or a `problem`."""

    control = GuardSide()
    candidate = GuardSide()
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    problem = serializers.CharField()


class GuardLook(serializers.Serializer[object]):
    """One point of the picture."""

    at = serializers.DateTimeField()
    n = serializers.IntegerField()
    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class GuardSerializer(serializers.ModelSerializer[Guard]):
    """A guard: what it watches, what it found, and when it stopped the rollout."""

    metric = serializers.CharField(source="metric.slug", default="", read_only=True)
    version = serializers.IntegerField(source="metric.version", default=None, allow_null=True, read_only=True)
    name = serializers.SerializerMethodField()
    words = serializers.SerializerMethodField()
    found = GuardFound(allow_null=True, read_only=True)
    looks = serializers.SerializerMethodField()

    class Meta:
        model = Guard
        fields: ClassVar[list[str]] = [
            "id", "measure", "metric", "version", "name", "words", "prompt", "bound", "higher_is_worse", "catch",
            "tolerated", "rate", "action", "found", "looks", "checked_at", "tripped_at", "exposed",
        ]  # fmt: skip
        read_only_fields = fields

    def get_name(self, guard: Guard) -> str:
        """What is watched, in words."""
        return guards.subject(guard)

    def get_words(self, guard: Guard) -> str:
        """The last look, in words."""
        return guards.in_words(guard, guard.found) if guard.found else "Not looked at yet."

    @extend_schema_field(GuardLook(many=True))
    def get_looks(self, guard: Guard) -> list[dict[str, Any]]:
        """The points of the picture, oldest first."""
        return [dict(zip(("at", "n", "value", "low", "high"), one, strict=True)) for one in guard.looks]


class RolloutSerializer(serializers.ModelSerializer[Rollout]):
    """A rollout with its steps. `lacks` is what the present step waits for (null: it has ended)."""

    environment = serializers.CharField(source="environment.slug", read_only=True)
    environment_name = serializers.CharField(source="environment.name", read_only=True)
    baseline = serializers.IntegerField(source="baseline.number", read_only=True)
    baseline_commit = serializers.CharField(source="baseline.commit", read_only=True)
    baseline_subject = serializers.CharField(source="baseline.subject", read_only=True)
    deployment = serializers.IntegerField(source="deployment.number", default=None, allow_null=True, read_only=True)
    steps = serializers.SerializerMethodField()
    lacks = serializers.SerializerMethodField()
    exposed = serializers.SerializerMethodField()

    class Meta:
        model = Rollout
        fields: ClassVar[list[str]] = [
            "number", "environment", "environment_name", "state", "commit", "subject", "baseline", "baseline_commit",
            "baseline_subject", "deployment", "by", "step", "steps", "lacks", "exposed", "problem", "note",
            "actor_name", "created_at", "step_since", "paused_at", "ended_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(RolloutStepSerializer(many=True))
    def get_steps(self, rollout: Rollout) -> list[dict[str, Any]]:
        """The plan, with what was so far."""
        done = {step.position: step for step in rollout.steps.all()}
        return [{**step, **_progress(done.get(place))} for place, step in enumerate(rollout.plan)]

    @extend_schema_field(RolloutLack(allow_null=True))
    def get_lacks(self, rollout: Rollout) -> dict[str, Any] | None:
        """By the counts of the last look."""
        if not rollout.under_way:
            return None
        now = next((step for step in rollout.steps.all() if step.position == rollout.step), None)
        counts = Counts(now.candidate + now.early, now.scored) if now else Counts()
        return vars(rollouts.hold(rollout, counts))

    def get_exposed(self, rollout: Rollout) -> int:
        """Requests that got the candidate."""
        return sum(step.candidate + step.early for step in rollout.steps.all())


class RolloutStory(serializers.Serializer[object]):
    """One thing that somebody, or the server, did."""

    at = serializers.DateTimeField()
    kind = serializers.CharField()
    actor_name = serializers.CharField()
    facts = serializers.DictField(source="data")


class RolloutDetail(RolloutSerializer):
    """A rollout with its guards and its story."""

    guards = GuardSerializer(many=True)
    story = RolloutStory(many=True)
    now = serializers.SerializerMethodField()

    class Meta(RolloutSerializer.Meta):
        fields: ClassVar[list[str]] = [*RolloutSerializer.Meta.fields, "guards", "story", "now"]

    @extend_schema_field(serializers.DateTimeField())
    def get_now(self, _rollout: Rollout) -> str:
        """The server's clock, by which steps hold."""
        return timezone.now().isoformat()


class RolloutPage(serializers.Serializer[object]):
    """A page of rollouts, newest first."""

    items = RolloutSerializer(many=True)
    next = serializers.CharField(allow_null=True)


def _progress(step: Any) -> dict[str, Any]:
    if step is None:
        return {"began_at": None, "ended_at": None, "candidate": 0, "early": 0, "control": 0, "scored": 0}
    names = ("began_at", "ended_at", "candidate", "early", "control", "scored")
    return {name: getattr(step, name) for name in names}
