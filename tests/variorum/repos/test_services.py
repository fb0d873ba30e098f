"""Commits through the service: checked files, large files, the first commit."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.weights import lora
from variorum.accounts.access import Actor
from variorum.accounts.models import Project, User
from variorum.accounts.services import create_project
from variorum.lib.errors import Conflict, NotFound, Unprocessable
from variorum.repos import git, places, queries, services
from variorum_client.formats import print_pointer

WEIGHTS = lora()

pytestmark = pytest.mark.django_db
Save = Callable[..., str]
ADAPTER = {"peft_type": "LORA", "r": 8, "target_modules": ["q_proj"], "base_model_name_or_path": "smollm2-135m"}


def test_a_repository_begins_with_a_commit(project: Project) -> None:
    services.ensure_repository(project)
    services.ensure_repository(project)
    head = queries.head(project)
    assert head is not None
    assert [entry.path for entry in queries.list_files(project, head)] == [".gitattributes", "README.md"]
    assert queries.read_file(project, head, ".gitattributes") == b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n"
    assert [info.subject for info in queries.log(project, "main")] == ["Start the repository"]


def test_a_repository_comes_into_being_when_first_asked_for(project: Project) -> None:
    assert queries.head(project) is not None
    assert Project.objects.get(pk=project.pk).repository.path.startswith(f"{project.pk}-")


def test_a_folder_lost_before_it_was_made_is_made_again(project: Project) -> None:
    repository = services.ensure_repository(project)
    path = places.path_of(project)
    path.rename(path.with_suffix(".gone"))
    assert queries.head(project) is not None
    assert services.ensure_repository(project).path == repository.path


def test_commit_carries_the_persons_name(filled: str, project: Project, owner: User) -> None:
    info = queries.commit_info(project, filled)
    assert (info.author_name, info.author_email, info.subject) == (owner.name, owner.email, "Add the triage prompt")


@pytest.mark.parametrize(
    ("path", "text", "line", "code"),
    [
        ("prompts/a.prompt", "---\nmodel: [\n---\nhi", 3, "bad_yaml"),
        (
            "prompts/a.prompt",
            "---\nmodel: local/m\ninput:\n  schema:\n    a: string\n---\nHi {{b}}",
            7,
            "unknown_variable",
        ),
        ("configs/limits.yaml", "limit: many\n", 1, "schema_type"),
        ("configs/limits.schema.json", '{"type": "object", "required": ["x"]}', 1, "schema_missing"),
        ("notes.txt", "hi", 1, "unknown_kind"),
        ("prompts/../x.prompt", "hi", 1, "bad_path"),
    ],
)
def test_unfit_files_are_refused_with_path_and_line(
    filled: str, save: Save, project: Project, path: str, text: str, line: int, code: str
) -> None:
    with pytest.raises(Unprocessable) as caught:
        save({path: text, "prompts/good.prompt": "Hello"})
    if code != "bad_path":
        problem = caught.value.extra["problems"][0]
        assert (problem["line"], problem["code"]) == (line, code)
    else:
        assert str(caught.value) == f"{path}: The path has a '..' part: write it out without."
    assert queries.head(project) == filled


def test_a_stale_writer_is_refused(filled: str, save: Save, project: Project, actor: Actor) -> None:
    newer = save({"README.md": "newer"})
    with pytest.raises(Conflict) as caught:
        services.commit_files(
            project=project, ref="main", files={"README.md": b"x"}, message="m", actor=actor, expected_head=filled
        )
    assert (caught.value.stable_code, caught.value.extra["head"]) == ("stale_head", newer)


def test_weights_live_in_the_object_store(filled: str, save: Save, project: Project, tmp_path: Path) -> None:
    pointer = services.store_lfs(project=project, data=WEIGHTS)
    files = {
        "adapters/t/adapter_config.json": json.dumps(ADAPTER),
        "adapters/t/adapter_model.safetensors": print_pointer(pointer.oid, pointer.size),
        "prompts/triage.prompt": "---\nmodel: local/smollm2-135m\nvariorum.adapter: adapters/t\n---\nHi",
    }
    head = save(files)
    path = "adapters/t/adapter_model.safetensors"
    assert queries.read_lfs(project, head, path).read_bytes() == WEIGHTS
    entry = next(entry for entry in queries.list_files(project, head) if entry.path == path)
    assert (entry.size, entry.lfs, entry.kind) == (len(WEIGHTS), pointer, "adapter")
    for data in (tmp_path / "w", iter([WEIGHTS[:500], WEIGHTS[500:]])):
        (tmp_path / "w").write_bytes(WEIGHTS)
        assert services.store_lfs(project=project, data=data) == pointer
    with pytest.raises(Unprocessable) as caught:
        save({name: None for name in files if name.startswith("adapters/")})
    assert caught.value.extra["problems"][0]["code"] == "missing_adapter"


def test_a_pointer_opens_only_the_own_projects_files(filled: str, save: Save, project: Project, owner: User) -> None:
    other = create_project(owner=owner, name="Other", slug="other")
    pointer = services.store_lfs(project=other, data=WEIGHTS)
    with pytest.raises(Unprocessable) as caught:
        save(
            {
                "adapters/t/adapter_config.json": json.dumps(ADAPTER),
                "adapters/t/adapter_model.safetensors": print_pointer(pointer.oid, pointer.size),
            }
        )
    assert caught.value.extra["problems"][0]["code"] == "missing_object"
    with pytest.raises(NotFound):
        queries.read_lfs(project, filled, "README.md")


def test_last_changes_name_the_commit_of_each_file(filled: str, save: Save, project: Project) -> None:
    later = save({"configs/limits.yaml": "limit: 4\n"})
    changes = queries.last_changes(project, later)
    assert {path: info.sha for path, info in changes.items() if path.startswith(("configs", "prompts"))} == {
        "configs/limits.yaml": later,
        "configs/limits.schema.json": filled,
        "prompts/triage.prompt": filled,
    }


def test_packing_keeps_everything(filled: str, project: Project) -> None:
    services.pack_repositories()
    assert git.fsck(places.path_of(project)) == []
    assert queries.read_file(project, filled, "configs/limits.yaml") == b"limit: 3\n"


def test_config_and_card_must_speak_of_the_weights_beside_them(filled: str, save: Save, project: Project) -> None:
    pointer = services.store_lfs(project=project, data=lora(rank=4))
    files: dict[str, str | bytes | None] = {
        "adapters/t/adapter_config.json": json.dumps(ADAPTER),
        "adapters/t/adapter_model.safetensors": print_pointer(pointer.oid, pointer.size),
        "adapters/t/card.yaml": f"note: mine\nweights_sha256: {'a' * 64}\n",
    }
    with pytest.raises(Unprocessable) as caught:
        save(files)
    assert [(p["path"], p["line"], p["code"]) for p in caught.value.extra["problems"]] == [
        ("adapters/t/adapter_config.json", 1, "other_weights"),
        ("adapters/t/card.yaml", 2, "other_weights"),
    ]
    assert "'r' is 8, but the weights have rank 4" in caught.value.extra["problems"][0]["message"]
    files["adapters/t/adapter_config.json"] = json.dumps({**ADAPTER, "r": 4})
    files["adapters/t/card.yaml"] = f'weights_sha256: "{pointer.oid}"\n'
    save(files)
    with pytest.raises(Unprocessable) as caught:
        save({"prompts/big.prompt": print_pointer(pointer.oid, pointer.size)})
    assert caught.value.extra["problems"][0]["code"] == "lfs_pointer"
