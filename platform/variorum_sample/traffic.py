"""The invented shop's app, as a job: for each message it takes the live prompt from the SDK, asks the model, and logs.

Everything it logs was measured: the model's answer, its latency and its tokens. The message's label goes along as the
reference, as an app would send it once a person had sorted the message.
"""

import random
import time

from django.conf import settings

from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.drafts.playground import adapter_ref
from variorum.inference.services import complete
from variorum.inference.shapes import ProviderError
from variorum.inference.targets import await_own_server, resolve
from variorum.jobs.errors import JobFailed
from variorum.jobs.models import Job
from variorum.jobs.runner import JobRun
from variorum.jobs.services import create_job
from variorum_client import Client, NotReady
from variorum_client.live import LivePrompt
from variorum_sample import access, texts

KIND = "sample_traffic"
MODEL = "local/smollm2-135m"  # what the sample's prompts name
PAUSE = 2.0  # seconds between two requests
ENVIRONMENT = "production"


def start(project: Project, actor: Actor) -> Job:
    """A job that sends every message of the sample once."""
    total = len(_messages())
    spec = {"environment": ENVIRONMENT, "seed": 7}
    return create_job(project=project, kind=KIND, title="A stream of requests", spec=spec, actor=actor, total=total)


def _messages() -> list[dict[str, str]]:
    rows = texts.messages("test") + texts.messages("train")
    random.Random(7).shuffle(rows)  # noqa: S311  (an order, not a secret)
    return rows


def send_requests(run: JobRun) -> None:
    """The job's handler. After a crash it goes on with the message after the last one that was reported."""
    kept = access.read()
    if kept is None:
        raise JobFailed("The sample's API key is gone. Run `python manage.py sample --ensure`.")
    rows = _messages()
    try:
        await_own_server(resolve(run.job.project, MODEL), run.check)
    except ProviderError as error:
        raise JobFailed(error.detail) from None
    with Client(settings.PUBLIC_URL, kept["api_key"], run.spec["environment"], refresh=2.0) as client:
        for number in range(run.job.done, len(rows)):
            _wait(run)
            _one(run, client, rows[number])
            run.progress(number + 1, len(rows), f"{number + 1} of {len(rows)} messages", every=0)
        client.flush(10)


def _wait(run: JobRun) -> None:
    end = time.monotonic() + PAUSE
    while time.monotonic() < end:
        run.check()
        time.sleep(0.1)


def _one(run: JobRun, client: Client, row: dict[str, str]) -> None:
    prompt = _prompt(run, client)
    variables = {"message": row["message"]}
    messages = prompt.messages(variables)
    began = time.perf_counter()
    try:
        adapter = adapter_ref(run.job.project, prompt.commit, prompt.adapter.path) if prompt.adapter else None
        done = complete(
            project=run.job.project, model=prompt.model or "", messages=messages, config=prompt.config, adapter=adapter
        )
    except ProviderError as error:
        latency = (time.perf_counter() - began) * 1000
        client.log(prompt=prompt, input={"variables": variables}, error=error.detail, latency_ms=latency)
        return
    client.log(
        prompt=prompt,
        input={"variables": variables, "messages": messages},
        output=done.text.strip(),
        latency_ms=done.latency_ms,
        input_tokens=done.input_tokens,
        output_tokens=done.output_tokens,
        cost=None if done.cost is None else float(done.cost),
        reference=row["label"],
        tags=["sample"],
    )


def _prompt(run: JobRun, client: Client) -> LivePrompt:
    """The live prompt; at the very first start the web server may not answer yet."""
    end = time.monotonic() + 120
    while True:
        try:
            return client.prompt("triage")
        except NotReady as error:
            if time.monotonic() > end:
                raise JobFailed(f"The app could not fetch its bundle: {error}") from None
            run.check()
            time.sleep(1)
