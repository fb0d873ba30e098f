"""The SDK for TypeScript against a real server: a deploy is in use within a second, and its logs arrive."""

import json
import subprocess
import threading
import time
from queue import Queue

import pytest

from monitoring.logs.models import Log
from tests.typescript.conftest import sdk  # noqa: F401  (a fixture)
from variorum.deployments import services

SCRIPT = """
const [address, key, where] = process.argv.slice(1);
const { VariorumClient } = await import(where);
const client = new VariorumClient({ baseUrl: address, apiKey: key, environment: "dev", refresh: 3600 });
await client.ready();
let known = "";
for (;;) {
  const prompt = client.prompt("triage");
  if (client.stats.streams && prompt.commit !== known) {
    known = prompt.commit;
    client.log({ prompt, input: { variables: { message: "hi" } }, output: "yes" });
    if (!(await client.flush())) throw new Error("not sent");
    const messages = await prompt.messages({ message: "hi" });
    console.log(JSON.stringify({ commit: known, messages }));
  }
  await new Promise((done) => setTimeout(done, 10));
}
"""


@pytest.fixture
def app(web, sdk, make_key, transactional_db, save, dev, actor):  # noqa: F811
    """What a Node.js app prints while it runs, a line for each commit that it sees live."""
    services.deploy(environment=dev, commit=save("1"), actor=actor)
    command = ["node", "--input-type=module", "--eval", SCRIPT, web, make_key("runtime", "logs"), str(sdk / "index.js")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    lines: Queue[tuple[float, dict[str, object]]] = Queue()

    def read() -> None:
        for line in process.stdout or ():
            lines.put((time.monotonic(), json.loads(line)))

    reader = threading.Thread(target=read)
    reader.start()
    with process:
        yield lines
        process.kill()
        reader.join()


def test_a_deploy_reaches_a_node_app_by_stream(app, save, dev, actor):
    _, first = app.get(timeout=60)
    assert first["messages"] == [{"role": "user", "content": "Sort hi 1."}]
    second = save("2")
    began = time.monotonic()
    services.deploy(environment=dev, commit=second, actor=actor)
    at, told = app.get(timeout=60)
    assert (told["commit"], told["messages"]) == (second, [{"role": "user", "content": "Sort hi 2."}])
    assert at - began < 30  # a second on a machine that is not busy; without the stream it would be an hour
    logged = Log.objects.filter(project=dev.project_id).values_list("commit", flat=True)
    assert set(logged) == {first["commit"], second}
