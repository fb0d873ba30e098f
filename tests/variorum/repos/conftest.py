"""A project whose repository holds a prompt, a config with its schema and an adapter."""

import json
from collections.abc import Callable

import pytest

from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.repos import queries, services

TRIAGE = """---
model: local/smollm2-135m
config:
  temperature: 0
input:
  schema:
    message: string
    tone?: string
---
{{role "system"}}
Sort the message.
{{role "user"}}
{{message}}
"""
SCHEMA = {"type": "object", "properties": {"limit": {"type": "integer"}}, "additionalProperties": False}
ADAPTER = {"peft_type": "LORA", "r": 8, "target_modules": ["q_proj"], "base_model_name_or_path": "smollm2-135m"}
Save = Callable[..., str]


@pytest.fixture
def save(project: Project, actor: Actor) -> Save:
    """save({"path": "text" or b"bytes" or None}) -> the new head of main."""

    def commit(files: dict[str, str | bytes | None], ref: str = "main", message: str = "Change") -> str:
        services.ensure_repository(project)
        data = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
        head = queries.head(project, ref)
        return services.commit_files(
            project=project, ref=ref, files=data, message=message, actor=actor, expected_head=head
        )

    return commit


@pytest.fixture
def filled(save: Save) -> str:
    """The commit with all three kinds of artefact."""
    return save(
        {
            "prompts/triage.prompt": TRIAGE,
            "configs/limits.yaml": "limit: 3\n",
            "configs/limits.schema.json": json.dumps(SCHEMA),
        },
        message="Add the triage prompt",
    )
