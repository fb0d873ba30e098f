"""`variorum open` and `push`: from the clone to a draft on the real server, over HTTP."""

import json
from pathlib import Path

import pytest

from tests.variorum_client.clones.conftest import TRIAGE, Desk
from variorum.drafts.models import Draft


def test_open_makes_a_draft_and_later_pushes_go_to_it(cloned: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    cloned.git("switch", "-q", "-c", "kinder")
    cloned.write("prompts/triage.prompt", TRIAGE.replace("kind", "very kind"), "Be very kind")
    assert cloned.run("open", "--description", "Customers\nasked for it.") == 0, cloned.err
    link = f"{cloned.url}/p/desk/drafts/2"
    assert cloned.out.startswith(f"Draft #2 is open for review: Be very kind\n  {link}\n")
    draft = cloned.draft(2)
    assert (draft.branch, draft.description, draft.paths) == (
        "kinder",
        "Customers\nasked for it.",
        ["prompts/triage.prompt"],
    )
    assert draft.head_commit == cloned.git("rev-parse", "HEAD").strip()
    cloned.write("configs/limits.yaml", "rate: 6\n", "Faster")
    assert cloned.run("status") == 0
    assert "Draft #2 (open): Be very kind" in cloned.out
    assert "  1 commit to push\n" in cloned.out
    assert "its latest version is" in cloned.out
    assert "  0 of 1 approval\n" in cloned.out
    assert cloned.run("push", cwd=cloned.clone / "prompts") == 0, cloned.err
    assert "Draft #2 “Be very kind” has your commits:" in cloned.out
    assert cloned.out.endswith(f"{link}\n")
    opened = list[str]()
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
    assert cloned.run("open", "--title", "Kinder and faster", "--web", "--json") == 0, cloned.err
    found = json.loads(cloned.out)
    assert (found["number"], found["title"], found["link"], opened) == (2, "Kinder and faster", link, [link])


def test_open_on_main_makes_a_branch_and_puts_main_back(cloned: Desk) -> None:
    assert cloned.run("open") == 1
    assert "nothing to review" in cloned.err
    cloned.write("prompts/new.prompt", "Hello {{name}}")
    cloned.write("configs/limits.yaml", "rate: 9\n")
    assert cloned.run("open") == 1
    assert cloned.err == (
        "variorum: Not committed yet: configs/limits.yaml. Commit, or give a message: `variorum open -m 'Be kinder'`.\n"
    )
    assert cloned.run("open", "-m", "Say hello, faster!") == 0, cloned.err
    assert cloned.git("branch", "--show-current") == "say-hello-faster\n"
    assert cloned.git("rev-parse", "main") == cloned.git("rev-parse", "origin/main")
    assert cloned.draft(2).paths == ["configs/limits.yaml", "prompts/new.prompt"]
    assert cloned.git("rev-parse", "HEAD") == cloned.git("rev-parse", "origin/say-hello-faster")


def test_what_the_server_refuses_is_told_with_its_place(cloned: Desk) -> None:
    cloned.git("switch", "-q", "-c", "hot")
    cloned.write("prompts/triage.prompt", TRIAGE.replace("0.2", "7"), "Hotter")
    assert cloned.run("open") == 1
    assert cloned.err.startswith("variorum: The server refused the push.\n")
    assert "prompts/triage.prompt:4: 'temperature' must be a number from 0 to 2." in cloned.err
    assert cloned.run("push") == 1
    assert "temperature" in cloned.err
    assert not Draft.objects.filter(project=cloned.project, number=2).exists()


def test_push_says_when_others_were_faster(cloned: Desk) -> None:
    cloned.git("switch", "-q", "-c", "mine")
    cloned.write("configs/limits.yaml", "rate: 6\n", "Faster")
    assert cloned.run("push") == 0, cloned.err
    assert cloned.run("clone", "desk", "second", cwd=cloned.folder) == 0, cloned.err
    second = cloned.folder / "second"
    cloned.git("switch", "-q", "mine", cwd=second)
    (second / "configs" / "limits.yaml").write_text("rate: 7\n")
    cloned.git("commit", "-q", "-a", "-m", "Even faster", cwd=second)
    assert cloned.run("push", cwd=second) == 0, cloned.err
    cloned.write("prompts/other.prompt", "Hi {{name}}", "Say hi")
    assert cloned.run("push") == 1
    assert cloned.err == "variorum: The server's mine has commits that you do not have: `variorum pull` first.\n"
    assert cloned.run("pull") == 0, cloned.err
    assert cloned.run("push") == 0, cloned.err
    assert cloned.git("log", "--format=%s", "-2").splitlines() == ["Say hi", "Even faster"]


def test_a_pulled_main_is_merged_into_what_was_pushed(cloned: Desk) -> None:
    cloned.git("switch", "-q", "-c", "mine")
    cloned.write("configs/limits.yaml", "rate: 6\n", "Faster")
    assert cloned.run("open") == 0, cloned.err
    cloned.on_main({"prompts/other.prompt": "Hi {{name}}"})
    assert cloned.run("pull") == 0, cloned.err
    assert cloned.git("log", "--format=%s", "-1") == "Merge main into mine\n"
    assert cloned.run("push") == 0, cloned.err
    assert cloned.draft(2).paths == ["configs/limits.yaml"]


def test_a_wrong_key_is_told_without_a_password_prompt(cloned: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VARIORUM_API_KEY", "vk_wrong_key_0000000000000000000000000000000")
    assert cloned.run("pull") == 1
    assert cloned.err.count("\n") == 1
    assert "vk_wrong" not in cloned.err
    monkeypatch.delenv("VARIORUM_API_KEY")
    assert cloned.run("pull") == 1
    assert cloned.err.count("\n") == 1


def test_weights_travel_by_git_lfs(cloned: Desk) -> None:
    header = b'{"base_model.model.q.lora_A.weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}'
    weights = len(header).to_bytes(8, "little") + header + b"\x01" * 8
    config = {"peft_type": "LORA", "r": 1, "target_modules": ["q"], "base_model_name_or_path": "m"}
    adapter = cloned.clone / "adapters" / "a"
    adapter.mkdir(parents=True)
    (adapter / "adapter_config.json").write_text(json.dumps(config))
    (adapter / "adapter_model.safetensors").write_bytes(weights)
    assert cloned.run("check") == 0, cloned.out
    assert cloned.run("open", "-m", "Add an adapter") == 0, cloned.err
    assert cloned.git("show", "HEAD:adapters/a/adapter_model.safetensors").startswith("version https://git-lfs")
    assert cloned.run("status", "--json") == 0
    assert json.loads(cloned.out)["clone"]["changes"] == []
    assert cloned.run("diff") == 0
    other: Path = cloned.folder / "other"
    assert cloned.run("clone", "desk", "other", cwd=cloned.folder) == 0, cloned.err
    cloned.git("switch", "-q", "add-an-adapter", cwd=other)
    assert cloned.run("pull", cwd=other) == 0, cloned.err
    assert (other / "adapters" / "a" / "adapter_model.safetensors").read_bytes() == weights
