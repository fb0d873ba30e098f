"""Calls the gateway with OpenAI 2.x, LangChain, LiteLLM and simonw/llm. Run by try_gateway.py in a venv of its own."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

BASE, KEY = os.environ["GATEWAY"], os.environ["KEY"]


def say(*words: str) -> None:
    """What worked."""
    sys.stdout.write(" ".join([*words, "ok\n"]))


def openai_2() -> None:
    """Whole, streamed with and without usage, tools, embeddings, responses, models, errors."""
    import openai

    client = openai.OpenAI(base_url=BASE, api_key=KEY, max_retries=0)
    hello: list[Any] = [{"role": "user", "content": "hello"}]
    assert client.chat.completions.create(model="up/fake", messages=hello).choices[0].message.content == "one two"
    chunks = list(client.chat.completions.create(model="up/fake", messages=hello, stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == "one two"
    asked: Any = {"stream": True, "stream_options": {"include_usage": True}}
    assert list(client.chat.completions.create(model="up/fake", messages=hello, **asked))[-1].usage
    assert client.embeddings.create(model="up/fake", input="a b").data[0].embedding == [2.0, 0.5, -1.0]
    assert client.responses.create(model="up/fake", input="hi").output_text == "one two"
    assert list(client.responses.create(model="up/fake", input="hi", stream=True))[-1].type == "response.completed"
    assert "up/fake" in [model.id for model in client.models.list()]
    code = None
    try:
        client.chat.completions.create(model="nobody/x", messages=hello)
    except openai.NotFoundError as refused:
        code = refused.code
    assert code == "model_not_found"
    say("openai", openai.__version__)


def langchain() -> None:
    """Invoke, stream, embed."""
    from importlib.metadata import version

    from langchain_openai import ChatOpenAI, OpenAIEmbeddings

    model = ChatOpenAI(base_url=BASE, api_key=KEY, model="up/fake")
    assert model.invoke("hello").content == "one two"
    assert "".join(str(piece.content) for piece in model.stream("hello")) == "one two"
    found = OpenAIEmbeddings(base_url=BASE, api_key=KEY, model="up/fake", check_embedding_ctx_length=False)
    assert found.embed_query("a b") == [2.0, 0.5, -1.0]
    say("langchain-openai", version("langchain-openai"))


def litellm() -> None:
    """Whole and streamed."""
    from importlib.metadata import version

    from litellm import completion

    given: Any = {"model": "openai/up/fake", "api_base": BASE, "api_key": KEY}
    hello = [{"role": "user", "content": "hello"}]
    assert completion(messages=hello, **given).choices[0].message.content == "one two"
    pieces = [piece.choices[0].delta.content or "" for piece in completion(messages=hello, stream=True, **given)]
    assert "".join(pieces) == "one two"
    say("litellm", version("litellm"))


def llm() -> None:
    """The command line, with the gateway as an extra model."""
    from importlib.metadata import version

    with tempfile.TemporaryDirectory() as folder:
        models = [{"model_id": "mine", "model_name": "up/fake", "api_base": BASE, "api_key_name": "mine"}]
        Path(folder, "extra-openai-models.yaml").write_text(json.dumps(models))
        Path(folder, "keys.json").write_text(json.dumps({"mine": KEY}))
        env = {**os.environ, "LLM_USER_PATH": folder}
        for extra in ([], ["--no-stream"]):
            command = [sys.executable, "-m", "llm", "prompt", "-m", "mine", "hello", *extra]
            done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
            assert done.stdout.strip() == "one two", done.stderr[-1000:]
    say("llm", version("llm"))


if __name__ == "__main__":
    for run in (openai_2, langchain, litellm, llm):
        run()
