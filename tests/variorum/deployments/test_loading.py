"""Adapters on a vLLM server (a faithful fake): loaded before traffic, loaded again, let go; its refusals in words."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from variorum.accounts.services import create_project
from variorum.deployments import adapters as live_adapters
from variorum.deployments.services import deploy, roll_back
from variorum.inference import services
from variorum.inference.adapters import served_name
from variorum.inference.models import LoadedAdapter, Provider
from variorum.inference.shapes import LOADED, ProviderError
from variorum.inference.targets import resolve
from variorum.inference.trials import list_models
from variorum.inference.vllm import Vllm
from variorum.lib.errors import Unprocessable
from variorum.repos import services as repos
from variorum_client.formats import print_pointer

pytestmark = pytest.mark.django_db
LOAD, UNLOAD, CHAT = "/v1/load_lora_adapter", "/v1/unload_lora_adapter", "/v1/chat/completions"
PROMPT = b"---\nmodel: gpu/base\nvariorum.adapter: adapters/t\n---\nSort {{message}}.\n"
ASKED = [{"role": "user", "content": "hi"}]


@pytest.fixture
def provider(project: Any, actor: Any) -> Callable[..., Provider]:
    """provider(server, more servers) -> the provider `gpu`, with an address for each."""

    def make(*servers: Any) -> Provider:
        return services.create_provider(
            project=project,
            actor=actor,
            slug="gpu",
            name="GPU",
            base_url=servers[0].base_url,
            key="sk-secret-0123",
            catalogue=[{"id": "base"}],
            driver=Provider.Driver.VLLM,
            replicas=[server.base_url for server in servers] if len(servers) > 1 else [],
        )

    return make


@pytest.fixture
def bring(project: Any, save: Any, make_adapter: Callable[..., Path]) -> Callable[..., str]:
    """bring(seed, **config) -> a commit with that adapter and a prompt that is answered with it."""

    def commit(seed: int, **config: Any) -> str:
        folder = make_adapter(seed)
        pointer = repos.store_lfs(project=project, data=folder / "adapter_model.safetensors")
        said = {**json.loads((folder / "adapter_config.json").read_bytes()), **config}
        files = {
            "adapters/t/adapter_model.safetensors": print_pointer(pointer.oid, pointer.size),
            "adapters/t/adapter_config.json": json.dumps(said).encode(),
            "prompts/triage.prompt": PROMPT,
        }
        return str(save(files=files))

    return commit


def answered(project: Any, commit: str) -> str:
    """The answer to the commit's prompt."""
    use = live_adapters.uses(project, commit)[0]
    return services.complete(project=project, model=use.model, messages=ASKED, adapter=use.adapter).text


def test_a_deployment_loads_its_adapter_on_every_replica_before_it_is_live(
    project: Any, dev: Any, actor: Any, provider: Any, bring: Any, fake_vllm: Any
) -> None:
    one, two = fake_vllm(api_key="sk-secret-0123"), fake_vllm(api_key="sk-secret-0123")
    provider(one, two)
    commit = bring(1)
    deploy(environment=dev, commit=commit, actor=actor)
    assert list(one.loaded) == list(two.loaded) == one.names(LOAD)
    (name,) = one.loaded
    assert name.startswith(LOADED)
    assert len(name) == len(LOADED) + 64
    assert answered(project, commit) == f"{name} says ok"
    assert set(LoadedAdapter.objects.values_list("replica", "name", "detail")) == {
        (one.base_url, name, ""),
        (two.base_url, name, ""),
    }


@pytest.mark.parametrize(
    ("settings", "config", "reason", "words"),
    [
        ({"runtime": False}, {}, "adapters_off", "start it with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING"),
        (
            {"enable_lora": False},
            {},
            "adapters_off",
            "start it with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING",
        ),
        *(
            ({"max_lora_rank": 2, "era": era}, {}, "adapter_refused", "LoRA rank 4 is greater than max_lora_rank 2.")
            for era in (1, 2, 3)
        ),
        ({}, {"use_dora": True}, "adapter_refused", "cannot load the adapter (500): Call to add_lora method failed"),
        ({"api_key": "another"}, {}, "refused", "refused our key (401)"),
    ],
)
def test_what_the_server_refuses_does_not_go_live(
    dev: Any, actor: Any, provider: Any, bring: Any, fake_vllm: Any, settings: Any, config: Any, reason: str, words: str
) -> None:
    server = fake_vllm(**settings)
    provider(server)
    with pytest.raises(Unprocessable) as caught:
        deploy(environment=dev, commit=bring(1, **config), actor=actor)
    assert (caught.value.stable_code, caught.value.extra["reason"]) == ("adapter_not_loaded", reason)
    assert words in caught.value.detail
    assert "sk-secret" not in caught.value.detail
    assert dev.deployments.count() == 0
    assert words in LoadedAdapter.objects.get().detail


def test_files_that_the_server_does_not_see_and_a_server_that_is_away(
    dev: Any, actor: Any, provider: Any, bring: Any, fake_vllm: Any
) -> None:
    gpu = provider(server := fake_vllm())
    commit = bring(1)
    Provider.objects.filter(pk=gpu.pk).update(adapters_root="/elsewhere")
    for era in (1, 2, 3):
        server.era = era
        with pytest.raises(Unprocessable, match="does not see the adapter's files at /elsewhere/") as caught:
            deploy(environment=dev, commit=commit, actor=actor)
        assert caught.value.extra["reason"] == "adapter_refused"
        assert server.loaded == {}
    Provider.objects.filter(pk=gpu.pk).update(base_url="http://127.0.0.1:9/v1")
    with pytest.raises(Unprocessable, match=r"cannot be reached \(ConnectError\)"):
        deploy(environment=dev, commit=commit, actor=actor)


def test_a_server_that_restarted_gets_its_adapters_again(
    project: Any, dev: Any, actor: Any, provider: Any, bring: Any, fake_vllm: Any
) -> None:
    server = fake_vllm()
    provider(server)
    commit = bring(1)
    deploy(environment=dev, commit=commit, actor=actor)
    (name,) = server.loaded
    server.restart()
    assert answered(project, commit) == f"{name} says ok"  # by the first request
    server.restart()
    live_adapters.tend()  # or by the clock, before one comes
    assert list(server.loaded) == [name]

    server.restart()
    target, use = resolve(project, "gpu/base"), live_adapters.uses(project, commit)[0]

    async def crowd() -> set[str]:
        async with services.async_client(4) as client:
            calls = (
                services.acomplete(client=client, target=target, messages=ASKED, adapter=use.adapter) for _ in range(8)
            )
            return {done.text for done in await asyncio.gather(*calls)}

    assert asyncio.run(crowd()) == {f"{name} says ok"}
    assert server.names(CHAT)[-1] == name


def test_a_model_server_that_still_starts_is_one_line_in_the_log(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MODEL_SERVER_URL = "http://127.0.0.1:9"
    live_adapters.tend()
    (line,) = [record for record in caplog.records if "the next try follows" in record.message]
    assert (line.levelname, line.exc_info) == ("WARNING", None)


def test_an_unknown_model_is_asked_for_twice_at_most(project: Any, provider: Any, bring: Any, fake_vllm: Any) -> None:
    server = fake_vllm(runtime=True)
    provider(server)
    bring(1)
    with pytest.raises(ProviderError) as caught:
        services.complete(project=project, model="gpu/other", messages=ASKED)
    assert caught.value.code == "unknown_model"
    assert server.names(CHAT) == ["other"]


def test_what_nothing_names_is_unloaded_and_what_a_rollback_needs_stays(
    project: Any, dev: Any, actor: Any, provider: Any, bring: Any, fake_vllm: Any
) -> None:
    server = fake_vllm()
    provider(server)
    server.loaded["someone-elses"] = "/x"
    commits = [bring(seed) for seed in (1, 2, 3)]
    target = resolve(project, "gpu/base")
    for commit in commits:
        deploy(environment=dev, commit=commit, actor=actor)
    names = [served_name(target, live_adapters.uses(project, commit)[0].adapter) for commit in commits]
    live_adapters.tend()
    assert list(server.loaded) == ["someone-elses", *names]  # the first may still get late requests
    LoadedAdapter.objects.update(asked_at=timezone.now() - timedelta(hours=1))
    live_adapters.tend()
    assert list(server.loaded) == ["someone-elses", *names[1:]]
    roll_back(environment=dev, actor=actor)
    assert answered(project, commits[1]) == f"{names[1]} says ok"
    assert server.names(LOAD) == names
    assert server.names(UNLOAD) == names[:1]


def test_what_memory_had_no_room_for_is_read_again_and_can_be_unloaded(
    project: Any, dev: Any, actor: Any, provider: Any, bring: Any, fake_vllm: Any
) -> None:
    server = fake_vllm(max_cpu_loras=1)
    provider(server)
    commits = [bring(seed) for seed in (1, 2)]
    for commit in commits:
        deploy(environment=dev, commit=commit, actor=actor)
    first, second = server.loaded
    assert server.in_memory == [second]
    assert answered(project, commits[0]) == f"{first} says ok"
    assert answered(project, commits[1]) == f"{second} says ok"
    Vllm("gpu", server.base_url).unload(first)
    assert list(server.loaded) == [second]


@pytest.mark.parametrize(("era", "loads"), [(1, 3), (3, 2)])
def test_another_folder_is_read_without_a_gap(
    project: Any, dev: Any, actor: Any, provider: Any, bring: Any, fake_vllm: Any, tmp_path: Path, era: int, loads: int
) -> None:
    """An old server cannot: it keeps what it has."""
    server = fake_vllm(era=era)
    gpu = provider(server)
    deploy(environment=dev, commit=bring(1), actor=actor)
    ((name, before),) = server.loaded.items()
    (tmp_path / "mnt").symlink_to(Path(before).parent)
    Provider.objects.filter(pk=gpu.pk).update(adapters_root=str(tmp_path / "mnt"))
    live_adapters.tend()
    live_adapters.tend()
    after = before if era == 1 else str(tmp_path / "mnt" / Path(before).name)
    assert server.loaded == {name: after}
    assert server.names(LOAD) == [name] * loads
    assert server.names(UNLOAD) == []


def test_two_projects_on_one_server_answer_with_their_own_alone(
    project: Any, dev: Any, actor: Any, provider: Any, bring: Any, fake_vllm: Any, owner: Any
) -> None:
    """The same adapter has another name for each: unguessable, and not to be named by hand or seen."""
    server = fake_vllm()
    provider(server)
    commit = bring(1)
    deploy(environment=dev, commit=commit, actor=actor)
    (ours,) = server.loaded
    other = create_project(owner=owner, name="Other", slug="other")
    said = {"slug": "gpu", "name": "GPU", "base_url": server.base_url, "key": "", "catalogue": []}
    theirs = services.create_provider(project=other, actor=actor, driver=Provider.Driver.VLLM, **said)
    adapter = live_adapters.uses(project, commit)[0].adapter
    answer = services.complete(project=other, model="gpu/base", messages=ASKED, adapter=adapter).text
    assert list(server.loaded) == [ours, served_name(resolve(other, "gpu/base"), adapter)]
    assert answer == f"{list(server.loaded)[1]} says ok"
    for place in (project, other):
        with pytest.raises(ProviderError, match="An adapter cannot be named with its model") as caught:
            services.complete(project=place, model=f"gpu/{ours}", messages=ASKED)
        assert caught.value.code == "unknown_model"
    assert list_models(theirs) == ["base"]


def test_the_page_says_where_each_is_and_what_is_wrong(
    project: Any, dev: Any, actor: Any, provider: Any, bring: Any, fake_vllm: Any, api: Any, member: Any
) -> None:
    one, two = fake_vllm(), fake_vllm()
    gpu = provider(one, two)
    commit = bring(1)
    deploy(environment=dev, commit=commit, actor=actor)
    (name,) = one.loaded
    two.restart()
    Provider.objects.filter(pk=gpu.pk).update(replicas=[one.base_url, two.base_url, "http://127.0.0.1:9/v1"])
    viewer = api(member("viewer"))
    address = "/api/v1/projects/support-desk/adapters/live"
    (item,) = viewer.get(f"{address}?folder=adapters/t").json()["items"]
    assert (item["name"], item["provider"], item["model"], item["prompt"]) == (
        *(name, "gpu", "base"),
        "prompts/triage.prompt",
    )
    assert item["namings"] == [{"environment": "dev", "how": "live", "commit": commit}]
    assert [(place["address"], place["state"]) for place in item["places"]] == [
        (one.base_url, "loaded"),
        (two.base_url, "missing"),
        ("http://127.0.0.1:9/v1", "away"),
    ]
    assert viewer.get(f"{address}?folder=adapters/other").json()["items"] == []
    assert viewer.get(f"{address}?provider=local").json()["items"] == []
    assert api(None).get(address).status_code == 401
