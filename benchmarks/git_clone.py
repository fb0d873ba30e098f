"""`git clone` from Variorum beside `git clone` of the same bare repository from git's own daemon.

    python benchmarks/git_clone.py [--commits 10000] [--rounds 5]

Starts a database, Variorum's web process (one worker, an API key checked) and `git daemon` in a temporary folder. Both
serve one repository of 10,000 commits over 1,000 files, packed. Full and shallow clones, in turns; the work tree is not
checked out, so that the transport is measured. Prints medians, the median of the ratios of neighbouring runs, and how
much memory the web process took. Target: at most 1.3 times the daemon.
"""

import argparse
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
for part in ("platform/client", "platform", "."):
    sys.path.insert(0, str(ROOT / part))
PATHS = os.pathsep.join(str(ROOT / part) for part in ("platform/client", "platform", "."))
ENV = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}


def build(path: Path, commits: int) -> None:
    """A bare repository with a straight history, packed as housekeeping packs it."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(path)], check=True)
    files, lines = max(10, commits // 10), []
    for number in range(commits):
        text = f"---\nmodel: local/m\n---\nEdit {number}: {'say it kindly ' * (50 + number % 90)}\n"
        message = f"Edit {number}\n"
        who = f"committer Ann <ann@example.org> {1_700_000_000 + number} +0000"
        lines.append(f"commit refs/heads/main\n{who}\ndata {len(message)}\n{message}")
        lines.append(f"M 100644 inline prompts/p{number % files}.prompt\ndata {len(text)}\n{text}\n")
    stream = "".join(lines).encode()
    subprocess.run(["git", "--git-dir", str(path), "fast-import", "--quiet"], input=stream, check=True)
    subprocess.run(["git", "--git-dir", str(path), "gc", "--quiet"], check=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prepare(commits: int) -> tuple[Path, str]:
    """A project whose repository is the built one; its folder and a key."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", "--no-input", verbosity=0)
    from variorum.accounts.roles import Scope
    from variorum.accounts.services import create_api_key, create_project, create_user
    from variorum.repos.places import ensure_repository, path_of

    user = create_user(email="bench@example.org", password="correct horse battery", name="Bench")
    project = create_project(owner=user, name="Bench")
    ensure_repository(project)
    path = path_of(project)
    shutil.rmtree(path)
    build(path, commits)
    return path, create_api_key(project=project, user=user, name="b", scopes=[Scope.READ], expires_at=None)[1]


def start(*command: str, port: int) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": PATHS}, cwd=ROOT, start_new_session=True)
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return process
    raise SystemExit(f"{command[0]} did not start")


def clone(url: str, folder: Path, *options: str) -> float:
    """Seconds of one clone."""
    began = time.perf_counter()
    line = ["git", "clone", "-q", "--no-checkout", *options, url, str(folder)]
    subprocess.run(line, check=True, env=ENV)
    taken = time.perf_counter() - began
    shutil.rmtree(folder)
    return taken


def peak(process: "subprocess.Popen[bytes]") -> float:
    """Most memory in MB that a process of the server's group has had."""
    found = 0.0
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(entry.name)) == process.pid:
                lines = dict(line.split(":", 1) for line in (entry / "status").read_text().splitlines())
                found = max(found, int(lines["VmHWM"].split()[0]) / 1000)
        except (OSError, KeyError):
            continue
    return found


def measure(urls: dict[str, str], folder: Path, rounds: int) -> None:
    for name, options in (("full", ()), ("--depth=1", ("--depth=1",))):
        times: dict[str, list[float]] = {server: [] for server in urls}
        for url in urls.values():
            clone(url, folder / "warm", *options)
        for turn in range(rounds):
            order: Any = list(urls.items())
            for server, url in order if turn % 2 == 0 else reversed(order):
                times[server].append(clone(url, folder / f"c{turn}", *options))
        ratio = statistics.median(our / their for our, their in zip(times["variorum"], times["daemon"], strict=True))
        middle = {server: statistics.median(each) for server, each in times.items()}
        print(f"{name:<10} variorum {middle['variorum']:.3f} s  git daemon {middle['daemon']:.3f} s  ratio {ratio:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--commits", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-clone-"))
    processes: list[subprocess.Popen[bytes]] = []
    os.environ |= {"VARIORUM_DATA": str(folder / "data"), "DJANGO_SETTINGS_MODULE": "variorum.settings"}
    from variorum.lib import postgres

    try:
        os.environ["DATABASE_URL"] = postgres.ensure(folder / "data")
        path, token = prepare(asked.commits)
        web, own = free_port(), free_port()
        granian = (sys.executable, "-m", "granian", "--interface", "asgi", "variorum.asgi:application", "--no-ws")
        processes.append(start(*granian, "--port", str(web), "--log-level", "warning", port=web))
        daemon = ("git", "-c", "safe.directory=*", "daemon", "--export-all", f"--base-path={path.parent}")
        processes.append(start(*daemon, "--listen=127.0.0.1", f"--port={own}", port=own))
        before = peak(processes[0])
        urls = {
            "variorum": f"http://b:{token}@127.0.0.1:{web}/bench.git",
            "daemon": f"git://127.0.0.1:{own}/{path.name}",
        }
        print(f"{asked.commits} commits, {asked.rounds} rounds in turns")
        measure(urls, folder, asked.rounds)
        print(f"web process: {before:.0f} MB at its peak before, {peak(processes[0]):.0f} MB after")
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)
        postgres.stop(folder / "data")
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
