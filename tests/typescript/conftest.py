"""The SDK for TypeScript as it is built; nothing here runs without Node.js, which `make test` needs anyway."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "platform" / "typescript"


@pytest.fixture(scope="session")
def sdk() -> Path:
    """The folder of the built modules. Fails in CI where `.ci/steps` did not install what it needs."""
    if not (FOLDER / "node_modules").exists() or shutil.which("node") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("platform/typescript is not installed: .ci/steps does it")
        pytest.skip("platform/typescript is not installed: run npm install there")
    if not (FOLDER / "dist" / "src" / "index.js").exists():
        subprocess.run(["npm", "run", "--silent", "build"], cwd=FOLDER, check=True, capture_output=True)
    return FOLDER / "dist" / "src"
