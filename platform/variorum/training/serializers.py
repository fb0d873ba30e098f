"""What fine-tunes look like in JSON."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from variorum.training.models import TrainingJob, TrainingPoint
from variorum.training.recipes.config import LoraConfig


class CurveVerdictSerializer(serializers.Serializer[object]):
    """What the curve says: early, learning, flat, overfitting, better or same; and in words."""

    state = serializers.CharField()
    text = serializers.CharField()


class BeginningSerializer(serializers.Serializer[object]):
    """The adapter whose weights were the beginning."""

    path = serializers.CharField()
    commit = serializers.CharField()
    sha256 = serializers.CharField()


class TrainingSerializer(serializers.ModelSerializer[TrainingJob]):
    """A fine-tune with its job's state. `result` is empty until it has ended well."""

    number = serializers.IntegerField(source="job.number")
    title = serializers.CharField(source="job.title")
    state = serializers.CharField(source="job.state")
    done = serializers.IntegerField(source="job.done")
    total = serializers.IntegerField(source="job.total", allow_null=True)
    error = serializers.CharField(source="job.error")
    attempts = serializers.IntegerField(source="job.attempts")
    actor_name = serializers.CharField(source="job.actor_name")
    created_at = serializers.DateTimeField(source="job.created_at")
    started_at = serializers.DateTimeField(source="job.started_at", allow_null=True)
    ended_at = serializers.DateTimeField(source="job.ended_at", allow_null=True)
    cancel_requested = serializers.SerializerMethodField()
    dataset = serializers.CharField(source="dataset_version.dataset.slug")
    version = serializers.IntegerField(source="dataset_version.number")
    draft = serializers.IntegerField(source="draft.number", allow_null=True, default=None)
    verdict = serializers.SerializerMethodField()
    start_from = BeginningSerializer(allow_null=True)

    class Meta:
        model = TrainingJob
        fields = [
            "number", "title", "state", "done", "total", "error", "attempts", "actor_name", "created_at", "started_at",
            "ended_at", "cancel_requested", "dataset", "version", "base_model", "recipe", "params", "adapter_path",
            "prompt_path", "prompt_commit", "start_from", "bind_prompt", "phase", "result", "draft", "verdict",
        ]  # fmt: skip

    @extend_schema_field(serializers.BooleanField())
    def get_cancel_requested(self, training: TrainingJob) -> bool:
        """Whether somebody asked it to stop."""
        return training.job.cancel_requested_at is not None

    @extend_schema_field(CurveVerdictSerializer())
    def get_verdict(self, training: TrainingJob) -> object:
        """From the view, which reads them for all rows at once."""
        return self.context["verdicts"][training.pk]


class TrainingPage(serializers.Serializer[object]):
    """A page of fine-tunes, newest first."""

    items = TrainingSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class PointSerializer(serializers.ModelSerializer[TrainingPoint]):
    """A step. Losses in nats per answer token; `val_exact` is the part of the held-out answers that are exact."""

    class Meta:
        model = TrainingPoint
        fields = ["step", "epoch", "loss", "learning_rate", "val_loss", "val_exact", "tokens", "seconds"]


class PointPage(serializers.Serializer[object]):
    """The curve, by step."""

    items = PointSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class EstimateRequest(serializers.Serializer[object]):
    """What would be trained. `version` is a number, `latest` or the first digits of the content hash."""

    dataset = serializers.CharField(max_length=63)
    version = serializers.CharField(max_length=64, default="latest")
    base_model = serializers.CharField(max_length=100, default="smollm2-135m")
    recipe = serializers.CharField(max_length=40, default="lora")
    params = serializers.DictField(default=dict)
    prompt_path = serializers.CharField(max_length=400, allow_blank=True, default="")


class NewTraining(EstimateRequest):
    """A fine-tune to start; its adapter will arrive as a draft in adapters/<adapter_name>."""

    adapter_name = serializers.CharField(max_length=120)
    bind_prompt = serializers.BooleanField(default=False)
    start_from = serializers.CharField(max_length=200, allow_blank=True, default="")
    title = serializers.CharField(max_length=200, allow_blank=True, default="")


class EstimateAnswer(serializers.Serializer[object]):
    """How much it is. `seconds` is null when nothing is known of the model's size; `measured_by` names the fine-tune
    whose speed was taken (null: a guess)."""

    examples = serializers.IntegerField()
    tokens = serializers.IntegerField()
    steps = serializers.IntegerField()
    seconds = serializers.FloatField(allow_null=True)
    measured_by = serializers.IntegerField(allow_null=True)


class RecipeSerializer(serializers.Serializer[object]):
    """A recipe with the defaults of its parameters."""

    name = serializers.CharField()
    defaults = serializers.DictField()


class RecipePage(serializers.Serializer[object]):
    """What can be trained here."""

    items = RecipeSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    base_models = serializers.ListField(child=serializers.CharField())
    ready = serializers.BooleanField(help_text="Whether the training packages are installed.")


def recipes() -> list[dict[str, object]]:
    """Every recipe."""
    return [{"name": "lora", "defaults": LoraConfig().to_dict()}]
