"""Parameters are checked by name before anything is started."""

import subprocess
import sys

import pytest

from variorum.training.recipes.config import ConfigError, LoraConfig


def test_defaults_stand_and_survive_json() -> None:
    assert LoraConfig.from_dict(LoraConfig().to_dict()) == LoraConfig()
    assert LoraConfig.from_dict({"alpha": 32, "epochs": 3.0, "targets": ["q_proj"]}).targets == ("q_proj",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rank", 0),
        ("rank", 1.5),
        ("rank", "8"),
        ("rank", True),
        ("rank", None),
        ("alpha", float("nan")),
        ("alpha", 10**400),
        ("targets", []),
        ("targets", ["q_proj", "q_proj"]),
        ("targets", ["lm_head"]),
        ("targets", "q_proj"),
        ("learning_rate", -1),
        ("validation", 0.6),
        ("seed", -1),
        ("epochs", 10**9),
        ("unheard_of", 1),
    ],
)
def test_a_wrong_parameter_is_named(name: str, value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        LoraConfig.from_dict({name: value, "warmup": 5, "dropout": "x"})
    assert {name, "dropout"} <= set(caught.value.problems)


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        LoraConfig(rank=0, warmup=5.0)
    assert list(caught.value.problems) == ["rank", "warmup"]


def test_the_web_process_may_import_it_without_torch() -> None:
    code = "import sys, variorum.training.recipes.config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
