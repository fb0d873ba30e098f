"""The adapters that deployments name: loaded before traffic reaches them, kept as long as something names them.

An environment names a commit by being live there, by being what a roll-back goes to, or by a rule (a rollout is one).
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from variorum.accounts.models import Project
from variorum.deployments import queries, serving
from variorum.deployments.models import Deployment, Environment
from variorum.drafts.playground import adapter_ref
from variorum.inference import adapters, loading
from variorum.inference.shapes import LOCAL, AdapterRef, ProviderError
from variorum.inference.targets import resolve
from variorum.lib.errors import Problem, Unprocessable
from variorum.repos import queries as repos
from variorum_client.delivery import commits_named
from variorum_client.formats import FormatError, kind_of, parse_prompt

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Use:
    """A prompt that is answered with an adapter: `model` is provider/model, `folder` the adapter's."""

    prompt: str
    model: str
    folder: str
    adapter: AdapterRef


@dataclass(frozen=True)
class Naming:
    """Why an adapter has to be there: an environment serves the commit (`live`), would go back to it (`rollback`), or
    gives it by a rule (`rule`)."""

    environment: Environment
    commit: str
    how: str


def prepare(project: Project, commit: str) -> None:
    """Load every adapter that a commit's prompts name, wherever they are answered, before the commit gets traffic.

    For a deployment's and a rollout's start. Takes seconds for what is not loaded. Raises Unprocessable
    `adapter_not_loaded` in the server's words. Our own server loads by the first request anyway: when it does not
    answer, nothing is held up.
    """
    for use in uses(project, commit):
        try:
            target = resolve(project, use.model)
            if target.provider == LOCAL or target.driver:
                loading.load(target, use.adapter)
        except ProviderError as error:
            if use.model.startswith(f"{LOCAL}/"):
                log.warning("an adapter is not loaded ahead: %s", error)
                continue
            text = f"The adapter {use.folder} of {use.prompt} is not ready, so nothing was changed. {error.detail}"
            raise Unprocessable(text, code="adapter_not_loaded", extra={"reason": error.code}) from None


def uses(project: Project, commit: str) -> tuple[Use, ...]:
    """The prompts of a commit that name a model and an adapter."""
    return _uses(project.pk, commit)


@lru_cache(maxsize=512)
def _uses(project_id: int, commit: str) -> tuple[Use, ...]:
    """Kept: a commit never changes."""
    project = Project.objects.get(pk=project_id)
    return tuple(_find_uses(project, commit))


def _find_uses(project: Project, commit: str) -> Iterator[Use]:
    paths = [entry.path for entry in repos.list_files(project, commit) if kind_of(entry.path) == "prompt"]
    for path, content in repos.read_files(project, commit, paths).items() if paths else ():
        try:
            prompt = parse_prompt(content.decode(), path)
            if prompt.adapter and prompt.model:
                yield Use(path, prompt.model, prompt.adapter, adapter_ref(project, commit, prompt.adapter))
        except (FormatError, Problem, UnicodeDecodeError):  # it can be of no use to anybody
            continue


def namings(project: Project) -> list[Naming]:
    """Which commits the project's environments name."""
    return [naming for environment in queries.environments_of(project) for naming in _namings_of(environment)]


def _namings_of(environment: Environment) -> Iterator[Naming]:
    live = queries.current(environment)
    if live is None:
        return
    yield Naming(environment, live.commit, "live")
    if before := queries.rollback_target(environment):
        yield Naming(environment, before.commit, "rollback")
    for commit in commits_named(serving.rules_in_force(environment)):
        if commit != live.commit:
            yield Naming(environment, commit, "rule")


def tend() -> None:
    """The clock's: load again what live traffic needs and a server has lost, let go what nothing names."""
    local: list[tuple[str, AdapterRef]] = []
    named: set[str] = set()
    for project in Project.objects.filter(pk__in=Deployment.objects.values("project")):
        for naming in namings(project):
            for use in uses(project, naming.commit):
                _tend(project, use, local, named)
    try:
        loading.keep_local(local)
    except ProviderError as error:  # such as at the start, while it reads its models
        log.warning("the model server cannot be asked for its adapters, the next try follows: %s", error)
    loading.unload_unnamed(named)


def _tend(project: Project, use: Use, local: list[tuple[str, AdapterRef]], named: set[str]) -> None:
    try:
        target = resolve(project, use.model)
        if target.provider == LOCAL:
            local.append((target.model, use.adapter))
        elif target.driver:
            served = adapters.served_name(target, use.adapter)
            if served not in named:
                named.add(served)
                loading.load(target, use.adapter)
    except ProviderError as error:
        log.warning("an adapter of %s is not loaded: %s", project.slug, error)
