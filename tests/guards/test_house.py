"""The house stays livable: layout, imports, file sizes, settings."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    path
    for folder in ("platform", "evals", "monitoring")
    for path in (ROOT / folder).rglob("*.py")
    if "migrations" not in path.parts
]


def _python(code: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True, timeout=120
    )


def test_the_standard_library_keeps_its_platform():
    assert not (ROOT / "platform" / "__init__.py").exists()
    assert not (ROOT / "tests" / "platform").exists()
    assert _python("import platform; print(platform.system())").stdout.strip() == "Linux"


def test_no_file_outgrows_its_room():
    long = {str(p.relative_to(ROOT)): n for p in SOURCES if (n := len(p.read_text().splitlines())) > 500}
    assert long == {}


def test_nothing_is_promised_in_the_source():
    words = ("TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error", "coming " + "soon")
    found = [(str(p.relative_to(ROOT)), w) for p in SOURCES for w in words if w in p.read_text()]
    assert found == []


def test_the_web_process_never_imports_torch():
    code = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE']='variorum.settings';"
        "import variorum.asgi;"
        "from django.urls import get_resolver; get_resolver().url_patterns;"
        "print(sorted({'torch', 'transformers', 'peft', 'xllamacpp', 'sklearn'} & set(sys.modules)))"
    )
    done = _python(code)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr[-2000:]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VARIORUM_PORT", "eighty"),
        ("VARIORUM_PORT", "70000"),
        ("VARIORUM_DEBUG", "perhaps"),
        ("VARIORUM_TESTING", "perhaps"),
        ("DATABASE_URL", "mysql://root:secret-word@h/x"),
        ("DATABASE_URL", "postgresql://root:secret-word@h"),
        ("BROKER_URL", "kafka://secret-word"),
        ("STORAGE_URL", "ftp://secret-word"),
        ("VARIORUM_PUBLIC_URL", "example.org"),
    ],
)
def test_a_bad_setting_stops_the_start_with_its_name(name, value):
    done = _python("import django; django.setup()", DJANGO_SETTINGS_MODULE="variorum.settings", **{name: value})
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert name in last
    assert "secret-word" not in last


def test_the_readme_names_the_nine_nouns():
    text = (ROOT / "README.md").read_text()
    nouns = ["Project", "Repository", "Draft", "Deployment", "Dataset", "Job", "Metric", "Score", "Log"]
    assert [noun for noun in nouns if f"**{noun}**" not in text] == []


def test_every_setting_is_documented():
    import re

    source = (ROOT / "platform" / "variorum" / "settings.py").read_text()
    names = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', source)) - {"VARIORUM_TESTING"}
    page = (ROOT / "docs" / "operations.md").read_text()
    assert sorted(name for name in names if name not in page) == []


def test_every_model_says_what_it_is():
    from django.apps import apps

    ours = [m for m in apps.get_models() if m.__module__.split(".")[0] in {"variorum", "evals", "monitoring"}]
    assert len(ours) > 20
    assert [m.__name__ for m in ours if not m.__doc__ or m.__doc__.startswith(f"{m.__name__}(")] == []
