"""Starts what clients need and runs those that are installed; see README.md beside this file."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from gateway import MAKE_PROVIDER  # noqa: E402
from own_server import running  # noqa: E402

from tests.fakes.openai_server import FakeOpenAI, Running  # noqa: E402

HERE = Path(__file__).resolve().parent
CLIENTS = ROOT / ".state" / "clients"


def main() -> None:
    """Run them; a client that fails ends it."""
    os.environ["VARIORUM_ALLOW_HOSTS"] = "127.0.0.1"
    with running(8188) as server, Running(FakeOpenAI(answer="one two")) as fake:
        made = [sys.executable, "-c", MAKE_PROVIDER, str(server.project_id), fake.base_url]
        subprocess.run(made, env=server.env, check=True, cwd=ROOT)
        env = {
            **os.environ,
            "GATEWAY": f"http://127.0.0.1:{server.port}/v1",
            "KEY": server.token,
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }
        env = {name: value for name, value in env.items() if name != "PYTHONPATH"}
        python, node = CLIENTS / "py" / "bin" / "python", CLIENTS / "js"
        if python.exists():
            subprocess.run([python, HERE / "gateway_clients.py"], env=env, check=True, cwd=CLIENTS)
        if node.exists():
            subprocess.run(["node", HERE / "gateway_client.mjs"], env=env, check=True, cwd=node)


if __name__ == "__main__":
    main()
