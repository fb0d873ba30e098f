"""A project with a prompt on main, ready to be deployed."""

from collections.abc import Callable

import pytest

from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.deployments.models import Environment
from variorum.deployments.services import ensure_environments
from variorum.repos import queries, services

PROMPT = "---\nmodel: local/smollm2-135m\n---\nSort {{message}} {}.\n"
Save = Callable[..., str]


@pytest.fixture
def save(project: Project, actor: Actor) -> Save:
    """save("2") -> a new commit of prompts/triage.prompt; save(files={...}, ref=...) for others."""
    services.ensure_repository(project)

    def commit(mark: str = "", *, files: dict[str, bytes | None] | None = None, ref: str = "main") -> str:
        files = files or {"prompts/triage.prompt": PROMPT.replace("{}", mark).encode()}
        head = queries.head(project, ref)
        return services.commit_files(
            project=project, ref=ref, files=files, message=f"Change {mark}", actor=actor, expected_head=head
        )

    return commit


@pytest.fixture
def dev(project: Project) -> Environment:
    """The environment without guards."""
    return ensure_environments(project)[0]


@pytest.fixture
def production(project: Project) -> Environment:
    """The guarded environment."""
    return ensure_environments(project)[2]
