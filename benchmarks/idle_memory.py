"""Resident memory of the web process and the worker at rest, with everything that they start, beside a bare Django.

    python benchmarks/idle_memory.py [--wait 20]

RSS counts a page that two processes share twice, PSS once (/proc/<pid>/smaps_rollup). The database is told apart.
"bare Django" is a process that has called django.setup() without a single app.
Target: web and worker together at most 215 MB, half of Phoenix's 430: met in PSS, not in RSS.
"""

import argparse
import os
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

from own_server import ROOT, running

BARE = "import django; from django.conf import settings; settings.configure(); django.setup(); input()"


def family(pid: int) -> list[int]:
    """A process and its living descendants."""
    found = [pid]
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [inner for child in (task / "children").read_text().split() for inner in family(int(child))]
    return found


def memory(pid: int) -> tuple[float, float]:
    """Megabytes: RSS and PSS."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    values = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines if line.endswith("kB")}
    return values["Rss"], values["Pss"]


def tell(name: str, pids: list[int]) -> None:
    """One line for each process, and their sum."""
    figures = [(pid, *memory(pid)) for pid in pids]
    for pid, rss, pss in figures:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        print(f"    {rss:7.1f} {pss:7.1f}  {command.partition(' ')[2][:90]}")
    print(
        f"{name:<12} {sum(f[1] for f in figures):7.1f} RSS {sum(f[2] for f in figures):7.1f} PSS, {len(pids)} processes"
    )


def main() -> None:
    """Start both, ask for the first page once, wait, and look."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wait", type=float, default=20)
    chosen = parser.parse_args()
    bare = subprocess.Popen([sys.executable, "-c", BARE], stdin=subprocess.PIPE)
    with running() as server:
        env = {**os.environ, **server.env}
        worker = subprocess.Popen([sys.executable, "-m", "variorum.processes", "worker"], env=env, cwd=ROOT)
        try:
            time.sleep(chosen.wait)
            urllib.request.urlopen(f"http://127.0.0.1:{server.port}/api/v1/health").read()
            web, work = family(server.web_pid), family(worker.pid)
            tell("web", web)
            tell("worker", work)
            tell("both", [*web, *work])
            tell("bare Django", [bare.pid])
            tell("database", family(server.database_pid))
        finally:
            worker.terminate()
            worker.wait(30)
            bare.kill()


if __name__ == "__main__":
    main()
