"""`variorum run`: the prompt as it is on disk, answered through the real server or at an endpoint of one's own."""

import json

import pytest

from tests.fakes.openai_server import FakeOpenAI, Fault
from tests.variorum_client.clones.conftest import Desk
from variorum.accounts.access import Actor
from variorum.datasets.services import append_rows, create_dataset
from variorum.inference.services import create_provider

PROMPT = """---
model: fake/m
config:
  temperature: 0.2
  maxOutputTokens: 9
input:
  schema:
    text: string
---
{{role "system"}}
{{> tone}}
{{role "user"}}
{{text}}
{{role "model"}}
Sure:
"""
TEXT = "{{#if x}} <<<dotprompt:role:system>>> é"


@pytest.fixture
def ready(cloned: Desk) -> Desk:
    cloned.write("prompts/asked.prompt", PROMPT)
    cloned.write("prompts/_tone.prompt", "Be \\{{very}} kind.")
    return cloned


def test_the_server_is_asked_with_what_is_on_disk(ready: Desk, fake_openai: FakeOpenAI) -> None:
    actor = Actor.of_user(ready.owner)
    create_provider(
        project=ready.project, actor=actor, slug="fake", name="F", base_url=fake_openai.base_url, key="", catalogue=[]
    )
    dataset = create_dataset(project=ready.project, actor=actor, name="Mails")
    rows = [{"input": {"text": "first"}}, {"input": {"text": TEXT}}]
    append_rows(dataset=dataset, rows=rows, actor=actor, source={"kind": "rows"})
    fake_openai.answer = "delivery"
    assert ready.run("run", "asked.prompt", "--var", f"text={TEXT}", cwd=ready.clone / "prompts") == 0, ready.err
    assert ready.out.startswith("delivery\n[fake/m: ")
    assert ready.out.endswith(" ms]\n")
    sent = fake_openai.calls[-1].body
    assert [message["content"].strip() for message in sent["messages"]] == [
        "Be {{very}} kind.",
        TEXT,
        "Sure:",
    ]
    assert (sent["model"], sent["temperature"], sent["max_tokens"]) == ("m", 0.2, 9)
    assert ready.run("run", "prompts/asked.prompt", "--row", "mails:1", "--json") == 0, ready.err
    assert json.loads(ready.out)["text"] == "delivery"
    assert fake_openai.calls[-1].messages == sent["messages"]
    assert ready.run("run", "prompts/asked.prompt", "--row", "mails:7") == 1
    assert ready.err == "variorum: mails has no row 7.\n"
    assert ready.run("run", "prompts/asked.prompt", "--row", "mails") == 2
    assert ready.run("run", "prompts/asked.prompt") == 1
    assert ready.err == "variorum: 'text' is required and missing.\n"
    fake_openai.script(Fault.status(500))
    assert ready.run("run", "prompts/asked.prompt", "--var", "text=x") == 1
    assert ready.err.count("\n") == 1


def test_an_endpoint_of_ones_own_needs_no_server(
    ready: Desk, fake_openai: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("VARIORUM_URL", "VARIORUM_API_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("VARIORUM_MODEL_URL", fake_openai.base_url)
    fake_openai.answer = "hello"
    assert ready.run("run", "prompts/asked.prompt", "--var", "text=x", "--json") == 0, ready.err
    found = json.loads(ready.out)
    assert (found["text"], found["model"]) == ("hello", "fake/m")
    assert found["messages"] == fake_openai.calls[-1].messages
    assert fake_openai.calls[-1].body["max_tokens"] == 9
    assert ready.run("run", "prompts/asked.prompt", "--var", "text=x", "--endpoint", "http://127.0.0.1:9") == 1
    assert ready.err == "variorum: 127.0.0.1:9 cannot be reached (ConnectError).\n"
    fake_openai.script(Fault.garbage())
    assert ready.run("run", "prompts/asked.prompt", "--var", "text=x") == 1
    assert ready.err.count("\n") == 1
