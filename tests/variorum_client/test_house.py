"""What the distribution promises of itself."""

import os
import subprocess
import sys
from pathlib import Path

CLIENT_PATH = Path(__file__).parents[2] / "platform" / "client"
HEAVY = ("django", "rest_framework", "pydantic", "torch", "dotpromptz", "numpy", "git", "variorum")


def test_it_imports_nothing_heavy_and_no_server() -> None:
    code = f"import sys, variorum_client.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    settings = {**os.environ, "PYTHONPATH": str(CLIENT_PATH)}
    done = subprocess.run([sys.executable, "-c", code], env=settings, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")
