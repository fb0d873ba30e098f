"""The bundle: the same bytes from the same commit, and nothing accepted that was altered."""

import json
from typing import Any

import pytest

from variorum_client.bundle import BundleError, build_bundle, bundle_hash, canonical_bytes, load_bundle
from variorum_client.formats import print_pointer

COMMIT = "c" * 40
FILES = {
    "prompts/triage.prompt": b"---\nmodel: local/base\nvariorum.adapter: adapters/triage\n---\n{{> tone}} {{text}}",
    "prompts/_tone.prompt": "Reply kindly, schön.".encode(),
    "prompts/support/reply.prompt": b"Dear {{name}}",
    "configs/limits.yaml": b"rate: 5\nnames: [a, b]\n",
    "configs/limits.schema.json": b'{"type": "object"}',
    "adapters/triage/adapter_config.json": json.dumps(
        {"peft_type": "LORA", "r": 8, "target_modules": ["q_proj"], "base_model_name_or_path": "smollm2-135m"}
    ).encode(),
    "adapters/triage/adapter_model.safetensors": print_pointer("a" * 64, 1234),
    "adapters/triage/card.yaml": b"rank: 8\n",
    "README.md": b"hello",
}


def build(files: dict[str, bytes] | None = None) -> dict[str, Any]:
    return build_bundle(project="desk", environment="production", commit=COMMIT, files=files or FILES)


def test_a_bundle_holds_what_applications_need() -> None:
    bundle = build()
    assert sorted(bundle) == ["adapters", "commit", "configs", "environment", "format", "hash", "project", "prompts"]
    assert sorted(bundle["prompts"]) == ["_tone", "support/reply", "triage"]
    assert bundle["prompts"]["triage"]["adapter"] == {
        "path": "adapters/triage",
        "sha256": "a" * 64,
        "size": 1234,
        "base_model": "smollm2-135m",
    }
    assert bundle["configs"] == {"limits": {"path": "configs/limits.yaml", "value": {"rate": 5, "names": ["a", "b"]}}}
    assert bundle["adapters"]["triage"]["config"]["r"] == 8


def test_the_same_commit_gives_the_same_bytes_in_any_order() -> None:
    body = canonical_bytes(build())
    assert canonical_bytes(build(dict(reversed(FILES.items())))) == body
    assert bundle_hash(body) == build()["hash"] == json.loads(body)["hash"]


def test_a_loaded_bundle_renders_with_its_partials_and_adapter() -> None:
    bundle = load_bundle(canonical_bytes(build()))
    triage = bundle.prompts["triage"]
    assert triage.messages({"text": "hi"}) == [{"role": "user", "content": "Reply kindly, schön. hi"}]
    adapter = bundle.adapter_of(triage)
    assert adapter is not None
    assert (adapter.sha256, adapter.size, adapter.base_model) == ("a" * 64, 1234, "smollm2-135m")
    assert bundle.configs == {"limits": {"rate": 5, "names": ["a", "b"]}}


def test_prompts_that_did_not_change_are_not_compiled_again() -> None:
    first = load_bundle(canonical_bytes(build()))
    second = load_bundle(canonical_bytes(build({**FILES, "configs/limits.yaml": b"rate: 6\n"})), previous=first)
    assert second.prompts["support/reply"] is first.prompts["support/reply"]
    changed = load_bundle(canonical_bytes(build({**FILES, "prompts/_tone.prompt": b"Curtly."})), previous=second)
    assert changed.prompts["triage"].messages({"text": "x"})[0]["content"] == "Curtly. x"


@pytest.mark.parametrize(
    ("path", "content", "code"),
    [
        ("prompts/bad.prompt", b"{{#if x}}", "unclosed_block"),
        ("prompts/bad.prompt", b"\xff", "not_utf8"),
        ("configs/bad.yaml", b"a: 1\na: 2\n", "duplicate_key"),
        ("adapters/x/adapter_config.json", b"{}", "half_adapter"),
        ("adapters/triage/adapter_model.safetensors", b"weights", "not_lfs"),
        ("prompts/bad.prompt", b"---\nvariorum.adapter: adapters/none\n---\n", "missing_adapter"),
    ],
)
def test_a_broken_artefact_stops_the_build(path: str, content: bytes, code: str) -> None:
    with pytest.raises(BundleError) as caught:
        build({**FILES, path: content})
    assert code in [problem.code for problem in caught.value.problems]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        b"[" * 200_000,
        b"<html>502 Bad Gateway</html>",
        canonical_bytes({**build(), "commit": "d" * 40}),
        canonical_bytes({**build(), "format": 2}),
        canonical_bytes({key: value for key, value in build().items() if key != "hash"}),
        canonical_bytes(build())[:-10],
    ],
)
def test_a_corrupt_bundle_is_refused(body: bytes) -> None:
    with pytest.raises(BundleError):
        load_bundle(body)


@pytest.mark.parametrize("prompts", [None, [], {"x": None}, {"x": {"path": "p"}}, {"x": {"path": "p", "source": 3}}])
def test_a_bundle_with_other_fields_is_refused(prompts: object) -> None:
    altered = {**build(), "prompts": prompts}
    altered["hash"] = bundle_hash(canonical_bytes(altered))
    with pytest.raises(BundleError):
        load_bundle(canonical_bytes(altered))
