"""A merged model answers as base and adapter do together, in transformers and in llama.cpp."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from variorum.inference import merging
from variorum.inference.engine import Engine, Options, start_engine
from variorum.inference.gguf_lora import export

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
TEXT = [1, 119, 107, 104, 259, 82, 85]


def run(tiny_model: Any, adapter: Path, out: Path, form: str) -> subprocess.CompletedProcess[str]:
    """The command, as the job runs it."""
    out.mkdir()
    where = ["--models-dir", str(tiny_model.models_dir), "--model", "tiny", "--adapter", str(adapter)]
    command = [sys.executable, "-m", "variorum.inference.merging", *where, "--out", str(out), form]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_merged_folder_has_the_logits_of_base_and_adapter(
    tiny_model: Any, make_adapter: Callable[..., Path], tmp_path: Path
) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    adapter, out = make_adapter(1), tmp_path / "merged"
    done = run(tiny_model, adapter, out, "merged")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout.splitlines()[-1]) == {"done": 29, "total": 29}
    assert len(AutoTokenizer.from_pretrained(out)) == 260
    ids = torch.tensor([TEXT])
    with torch.inference_mode():
        merged = AutoModelForCausalLM.from_pretrained(out)(ids).logits
        base = AutoModelForCausalLM.from_pretrained(tiny_model.folder)
        plain = base(ids).logits.clone()
        both = PeftModel.from_pretrained(base, str(adapter))(ids).logits
    assert (merged - both).abs().max() < 1e-4
    assert (merged - plain).abs().max() > 0.1


def test_the_merged_gguf_answers_as_base_and_adapter_in_llama_cpp(
    tiny_model: Any, make_adapter: Callable[..., Path], tmp_path: Path
) -> None:
    adapter, out = make_adapter(1), tmp_path / "gguf"
    assert run(tiny_model, adapter, out, "gguf").returncode == 0
    export(adapter, tiny_model.gguf, tmp_path / "lora.gguf")
    options = Options(context=256, slots=1)
    merged = start_engine("tiny", out / "model.gguf", options, None, None)
    both = start_engine("tiny", tiny_model.gguf, options, "a", tmp_path / "lora.gguf")
    base = start_engine("tiny", tiny_model.gguf, options, None, None)
    assert logprobs(merged) == pytest.approx(logprobs(both), abs=2e-3)
    assert logprobs(merged) != pytest.approx(logprobs(base), abs=2e-3)


def logprobs(engine: Engine) -> dict[int, float]:
    """Of the first token, all of the vocabulary that the engine tells."""
    body = {"messages": [{"role": "user", "content": "the tooth path"}], "max_tokens": 1, "temperature": 0}
    asked = {**body, "logprobs": True, "top_logprobs": 20, **engine.request_fields()}
    connection = engine.connect(60)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {engine.key}"}
    connection.request("POST", "/v1/chat/completions", json.dumps(asked), headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return {entry["id"]: entry["logprob"] for entry in answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]}


def test_rank_stabilised_lora_is_scaled_by_the_root(make_adapter: Callable[..., Path]) -> None:
    folder = make_adapter(1)
    config = json.loads((folder / "adapter_config.json").read_bytes())
    plain = merging.Deltas.of(folder)
    (folder / "adapter_config.json").write_text(json.dumps({**config, "use_rslora": True}))
    assert (plain.scale, merging.Deltas.of(folder).scale) == (2.0, 4.0)


def test_an_adapter_of_another_model_is_refused(
    tiny_model: Any, make_adapter: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make_adapter(1)
    (folder / "adapter_config.json").write_text('{"peft_type": "IA3"}')
    done = run(tiny_model, folder, tmp_path / "out", "merged")
    assert (done.returncode, done.stderr) == (1, "adapter_config.json: only peft_type LORA is served\n")
