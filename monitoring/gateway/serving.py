"""Which prompt of which commit a call gets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitoring.gateway.facts import Facts
from monitoring.gateway.refusals import Refused
from variorum.accounts.access import check_environment
from variorum.accounts.models import ApiKey, Project
from variorum.deployments import serving as deployed
from variorum.deployments.models import Environment
from variorum.drafts.playground import adapter_ref
from variorum.inference.shapes import AdapterRef
from variorum.lib.errors import Forbidden
from variorum.lib.kept import Kept
from variorum_client.formats import Prompt

PREFIX = "prompts/"
DEFAULT = "production"
_adapters: Kept[AdapterRef] = Kept(1000)


@dataclass(frozen=True)
class Served:
    """A prompt as one call gets it. `variant` is "" when no rule had a say."""

    name: str
    prompt: Prompt
    commit: str
    variant: str
    adapter: AdapterRef | None
    adapter_path: str


def environment(key: ApiKey, places: Mapping[str, Environment], asked: str) -> Environment:
    """The environment that a call is for: as asked, the key's only one, else production. Raises Refused."""
    slug = asked or (key.environments[0] if len(key.environments) == 1 else DEFAULT)
    try:
        check_environment(key, slug)
    except Forbidden as problem:
        raise Refused(403, problem.detail, problem.stable_code, param="variorum.environment") from None
    found = places.get(slug)
    if found is None:
        text = f"The project has no environment {slug[:63]!r}."
        raise Refused(400, text, "unknown_environment", param="variorum.environment")
    return found


def choose(known: Facts, place: Environment, name: str, context: Mapping[str, Any]) -> Served:
    """The prompt that a context gets: the rules of the environment pick the commit. Raises Refused."""
    delivery = known.delivery(place)
    choice = delivery.choose("prompts", name, context) if delivery else None
    bundle = delivery.bundle(choice.commit) if delivery and choice else None
    if choice is None or bundle is None or name not in bundle.prompts:
        text = f"There is no prompt {name[:200]!r} live in {place.slug}."
        raise Refused(404, text, "model_not_found", param="model")
    prompt = bundle.prompts[name]
    adapter = _adapter(place.project, choice.commit, prompt.adapter) if prompt.adapter else None
    return Served(name, prompt, choice.commit, choice.variant, adapter, prompt.adapter or "")


def names(place: Environment) -> list[str]:
    """The prompts that are live."""
    delivery = deployed.delivery(place)
    return sorted(delivery.live.prompts) if delivery else []


def _adapter(project: Project, commit: str, folder: str) -> AdapterRef:
    """The adapter that a prompt is served with; a commit never changes, so it is read once."""
    return _adapters.get((project.pk, commit, folder), lambda: adapter_ref(project, commit, folder))
