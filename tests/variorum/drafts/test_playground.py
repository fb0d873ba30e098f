"""Trying a prompt against a scripted model."""

import pytest

from tests.fakes.openai_server import Fault
from variorum.inference.services import create_provider

BASE = "/api/v1/projects/support-desk"
SOURCE = (
    "---\nmodel: fake/m\nconfig:\n  temperature: 0.3\ninput:\n  schema:\n    message: string\n---\nSort: {{message}}\n"
)


@pytest.fixture
def try_it(project, actor, member, api, fake_openai):
    create_provider(
        project=project, actor=actor, slug="fake", name="Fake", base_url=fake_openai.base_url, key="", catalogue=[]
    )
    client = api(member("editor"))

    def post(**body):
        return client.post(
            f"{BASE}/playground", {"path": "prompts/t.prompt", "source": SOURCE, "variables": {"message": "hi"}, **body}
        )

    return post


def test_the_answer_says_what_it_took(try_it, fake_openai):
    fake_openai.answer = "billing"
    done = try_it(config={"temperature": 0}).json()
    assert (done["text"], done["model"]) == ("billing", "fake/m")
    assert done["latency_ms"] > 0
    sent = fake_openai.calls[-1].body
    assert (sent["temperature"], sent["messages"][0]["content"].strip()) == (0, "Sort: hi")


def test_what_is_wrong_is_said_once(try_it, fake_openai):
    assert try_it(variables={}).status_code == 422
    assert try_it(source="---\nmodel: [\n---\nx").status_code == 422
    assert try_it(model="nobody/x").json()["code"] == "unknown_provider"
    fake_openai.script(Fault.status(500))
    broken = try_it()
    assert (broken.status_code, broken.json()["code"], broken.json()["retryable"]) == (502, "unavailable", True)


def test_viewers_do_not_spend_money(try_it, member, stranger, api):
    body = {"path": "prompts/t.prompt", "source": SOURCE, "variables": {"message": "hi"}}
    assert api(member("viewer")).post(f"{BASE}/playground", body).status_code == 403
    assert api(stranger).post(f"{BASE}/playground", body).status_code == 404
