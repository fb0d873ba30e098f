"""The prompts of a commit as they are answered with: from the frozen bundle, the model and adapter looked up."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from evals.metrics.models import Metric
from monitoring.shadow.models import Shadow
from variorum.accounts.models import Project
from variorum.deployments.models import Bundle as Frozen
from variorum.drafts.playground import adapter_ref
from variorum.inference.shapes import AdapterRef, ProviderError, Target
from variorum.inference.targets import resolve
from variorum.lib.errors import Problem
from variorum_client.bundle import Bundle, load_bundle
from variorum_client.formats import Prompt


@dataclass(frozen=True)
class Candidate:
    """One prompt that is ready to be answered with, or the reason why it is not."""

    prompt: Prompt
    target: Target | None = None
    adapter: AdapterRef | None = None
    unready: str = ""

    def variables(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the logged values that this prompt knows; another version of it may know fewer."""
        declared = set((self.prompt.input_schema or {}).get("properties") or {})
        return {name: given[name] for name in self.prompt.variables | declared if name in given}


def candidates(shadow: Shadow) -> dict[str, Candidate]:
    """The shadow's prompts as its candidate commit has them."""
    bundle = compiled(Frozen.objects.only("pk").get(environment=shadow.environment_id, commit=shadow.commit).pk)
    return {name: candidate(shadow.project, bundle, bundle.prompts[name]) for name in shadow.prompts}


def candidate(project: Project, bundle: Bundle, prompt: Prompt) -> Candidate:
    """One prompt of a bundle."""
    try:
        target = resolve(project, prompt.model or "")
        adapter = adapter_ref(project, bundle.commit, prompt.adapter) if prompt.adapter else None
    except ProviderError as exc:
        return Candidate(prompt, unready=exc.detail)
    except Problem as exc:
        return Candidate(prompt, unready=exc.detail)
    return Candidate(prompt, target, adapter)


def judge_target(metric: Metric, project: Project) -> Target | None:
    """Where a judge answers; None for a code metric. Raises ProviderError."""
    return resolve(project, metric.config["model"]) if metric.kind == Metric.Kind.JUDGE else None


@lru_cache(maxsize=16)
def compiled(pk: int) -> Bundle:
    """A frozen bundle, compiled once in this process: its bytes never change."""
    return load_bundle(bytes(Frozen.objects.values_list("body", flat=True).get(pk=pk)))


def differs(live: Bundle, theirs: Bundle, name: str) -> bool:
    """Whether a prompt answers differently there: its text, its partials, its settings or its adapter."""
    return name not in live.prompts or _material(live, name) != _material(theirs, name)


def _material(bundle: Bundle, name: str) -> tuple[Any, ...]:
    prompt = bundle.prompts[name]
    adapter = bundle.adapter_of(prompt)
    partials = {other.path: other.source for other in bundle.prompts.values() if is_partial(other)}
    return prompt.source, partials if prompt.usage.partials else {}, adapter.sha256 if adapter else ""


def is_partial(prompt: Prompt) -> bool:
    """Whether it is a part of other prompts, never asked for by itself."""
    return prompt.path.rpartition("/")[2].startswith("_")
