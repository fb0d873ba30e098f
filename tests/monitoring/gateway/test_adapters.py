"""A prompt that names an adapter, through the gateway: answered by what its commit's weights are loaded as."""

import json
from typing import Any

import numpy as np
from safetensors.numpy import save

from tests.monitoring.gateway.conftest import log_of
from variorum.deployments import services as deployments
from variorum.deployments.queries import environments_of
from variorum.inference.models import Provider
from variorum.inference.services import create_provider
from variorum.repos import queries, services
from variorum_client.formats import print_pointer

PROMPT = b"""---
model: gpu/base
variorum.adapter: adapters/t
input:
  schema:
    message: string
---
Sort {{message}}.
"""


def test_the_adapter_of_the_commit_answers_also_after_its_server_forgot_it(
    ask: Any, web: Any, project: Any, actor: Any, fake_vllm: Any
) -> None:
    server, dev = fake_vllm(), environments_of(project)[0]
    create_provider(
        project=project,
        actor=actor,
        slug="gpu",
        name="GPU",
        base_url=server.base_url,
        key="",
        catalogue=[{"id": "base"}],
        driver=Provider.Driver.VLLM,
    )
    services.ensure_repository(project)
    commits = [_commit(project, actor, rank) for rank in (2, 4)]
    loaded = []
    for commit in commits:
        deployments.deploy(environment=dev, commit=commit, actor=actor)
        loaded.append(server.names("/v1/load_lora_adapter")[-1])
    ours = {"variables": {"message": "it"}, "environment": dev.slug}
    for forget in (False, True):
        if forget:
            server.restart()
        answer = ask({"model": "prompts/triage", "variorum": ours})
        assert answer.status_code == 200, answer.text
        assert answer.json()["choices"][0]["message"]["content"] == f"{loaded[1]} says ok"
        log = log_of(project, answer.headers["x-variorum-log-id"])
        assert (log["commit"], log["adapter"]) == (commits[1], "adapters/t")
    assert len(set(loaded)) == 2


def _commit(project: Any, actor: Any, rank: int) -> str:
    module = "base_model.model.model.layers.0.self_attn.q_proj"
    shapes = {f"{module}.lora_A.weight": (rank, 8), f"{module}.lora_B.weight": (8, rank)}
    weights = save({name: np.ones(shape, dtype=np.float32) for name, shape in shapes.items()})
    pointer = services.store_lfs(project=project, data=weights)
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": rank, "lora_alpha": 4, "target_modules": ["q_proj"]}
    files = {
        "adapters/t/adapter_model.safetensors": print_pointer(pointer.oid, pointer.size),
        "adapters/t/adapter_config.json": json.dumps({**config, "base_model_name_or_path": "base"}).encode(),
        "prompts/triage.prompt": PROMPT,
    }
    head = queries.head(project)
    return services.commit_files(
        project=project, ref="main", files=files, message="Adapter", actor=actor, expected_head=head
    )
