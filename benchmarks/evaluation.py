"""An evaluation with a judge of 50 ms, results stored, beside the bare async `openai` client in the same run.

    python benchmarks/evaluation.py [--rows 500] [--concurrency 10] [--rounds 3]

A row is one completion (answered at once) and one judge call (after 50 ms). The bare client makes the same two calls a
row, with a semaphore, and keeps nothing. Ours renders the prompt, asks, judges, parses the verdict, stores result and
scores in PostgreSQL, and counts until the check is published. The scripted endpoint is a process of its own.
Target: at least 0.9 of the bare client's rows a second.
"""

import argparse
import asyncio
import logging
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from own_server import ROOT, machine_busy

from variorum.lib import postgres

DELAY_MS = 50
PROMPT = """---
model: fake/small
config:
  temperature: 0
---
Answer the customer in two sentences.
{{text}}
"""
RUBRIC = "Is the answer polite and to the point?\nCustomer: {{input}}\nAnswer: {{output}}"
ANSWER = '{"reason": "Polite, and it says what to do next.", "score": 4}'


@contextmanager
def endpoint(port: int) -> Iterator[str]:
    """The scripted endpoint, as a process."""
    command = [sys.executable, "-m", "tests.fakes.openai_server", "--port", str(port), "--answer", ANSWER]
    process = subprocess.Popen(
        [*command, "--delay-ms", str(DELAY_MS), "--fast", "small"], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=1):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def product() -> Iterator[None]:
    """Django on a fresh embedded database in a temporary folder."""
    data = Path(tempfile.mkdtemp(prefix="variorum-bench-"))
    try:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "variorum.settings",
            "VARIORUM_DATA": str(data),
            "VARIORUM_ALLOW_HOSTS": "127.0.0.1",
            "DATABASE_URL": postgres.start(data).url,
        }
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        # A line for each request would slow down the bare client, which logs more of them than ours.
        logging.getLogger().setLevel(logging.WARNING)
        yield
    finally:
        postgres.stop(data)
        shutil.rmtree(data, ignore_errors=True)


def make_suite(base_url: str, rows: int, concurrency: int) -> Any:
    """A project with a provider, a dataset, a prompt, a judge and a suite."""
    from evals.metrics.services import create_metric
    from evals.runs.services import create_suite
    from variorum.accounts.access import Actor
    from variorum.accounts.services import create_project, create_user
    from variorum.datasets.services import add_version, create_dataset
    from variorum.inference.services import create_provider
    from variorum.repos import queries
    from variorum.repos.services import commit_files, ensure_repository

    user = create_user(email="bench@example.org", password="correct horse battery", name="Bench")
    project, actor = create_project(owner=user, name="Bench", slug="bench"), Actor.of_user(user)
    catalogue = [{"id": name, "input_price": "1", "output_price": "2"} for name in ("small", "judge")]
    create_provider(
        project=project, actor=actor, slug="fake", name="Fake", base_url=base_url, key="sk-bench", catalogue=catalogue
    )
    ensure_repository(project)
    commit_files(
        project=project, ref="main", files={"prompts/reply.prompt": PROMPT.encode()}, message="Add reply", actor=actor,
        expected_head=queries.head(project),
    )  # fmt: skip
    dataset = create_dataset(project=project, actor=actor, name="Messages")
    texts = [{"input": {"text": f"Message {n}: my card has not arrived, what now?"}} for n in range(rows)]
    add_version(dataset=dataset, rows=texts, actor=actor, source={"kind": "benchmark"})
    config = {"model": "fake/judge", "rubric": RUBRIC}
    create_metric(project=project, actor=actor, name="Polite", kind="judge", config=config)
    return create_suite(
        project=project, actor=actor, name="Reply", dataset=dataset, prompt_path="prompts/reply.prompt",
        metrics=["polite"], rules=[], concurrency=concurrency,
    )  # fmt: skip


def ours(suite: Any) -> tuple[float, float]:
    """(rows a second, CPU ms a row) of one evaluation by a worker in this process."""
    from evals.runs.models import EvaluationJob, Result
    from evals.runs.services import start_evaluation
    from variorum.accounts.access import Actor
    from variorum.jobs.runner import run_job

    evaluation = start_evaluation(suite=suite, actor=Actor.system(), baseline="none")
    cpu, began = time.process_time(), time.perf_counter()
    run_job(evaluation.pk)
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    done = EvaluationJob.objects.select_related("job").get(pk=evaluation.pk)
    stored = Result.objects.filter(evaluation=done, values__polite=0.75).count()
    assert (done.job.state, done.verdict, stored) == ("succeeded", "pass", done.row_count), (done.job.error, stored)
    return stored / took, 1000 * cpu / stored


def bare(base_url: str, rows: int, concurrency: int) -> tuple[float, float]:
    """(rows a second, CPU ms a row) of the same calls by the bare client."""
    import openai

    async def run() -> None:
        gate = asyncio.Semaphore(concurrency)
        async with openai.AsyncOpenAI(base_url=base_url, api_key="sk-bench") as client:

            async def row(number: int) -> None:
                async with gate:
                    text = (
                        f"Answer the customer in two sentences.\nMessage {number}: my card has not arrived, what now?"
                    )
                    for model, content in (("small", text), ("judge", RUBRIC)):
                        messages: Any = [{"role": "user", "content": content}]
                        answer = await client.chat.completions.create(model=model, messages=messages, temperature=0)
                        assert answer.choices[0].message.content == ANSWER

            await asyncio.gather(*(row(number) for number in range(rows)))

    cpu, began = time.process_time(), time.perf_counter()
    asyncio.run(run())
    return rows / (time.perf_counter() - began), 1000 * (time.process_time() - cpu) / rows


def main() -> None:
    """Measure both in turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--concurrency", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--port", type=int, default=8178)
    chosen = parser.parse_args()
    with product(), endpoint(chosen.port) as base_url:
        suite = make_suite(base_url, chosen.rows, chosen.concurrency)
        bare(base_url, 30, chosen.concurrency)  # warm up
        most = 1000 * chosen.concurrency / DELAY_MS
        print(f"{chosen.rows} rows, {chosen.concurrency} in flight; {most:.0f} rows/s is the most")
        print(f"{'bare rows/s':>12} {'ours rows/s':>12} {'ratio':>6} {'bare CPU ms/row':>16} {'ours':>6}  cores busy")
        ratios = []
        for _ in range(chosen.rounds):
            busy, began = machine_busy(), time.perf_counter()
            theirs, mine = bare(base_url, chosen.rows, chosen.concurrency), ours(suite)
            cores = (machine_busy() - busy) / (time.perf_counter() - began)
            ratios.append(mine[0] / theirs[0])
            line = f"{theirs[0]:>12.1f} {mine[0]:>12.1f} {ratios[-1]:>6.2f} {theirs[1]:>16.2f} {mine[1]:>6.2f}"
            print(f"{line} {cores:>7.1f}", flush=True)
        print(f"ratio, mean of {chosen.rounds}: {statistics.mean(ratios):.2f} (target 0.9)")


if __name__ == "__main__":
    main()
