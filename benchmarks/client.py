"""The SDK's hot paths beside what they could cost at best, and beside the official Dotprompt engine, in one run.

    python benchmarks/client.py

Targets (DESIGN section 7): a cached fetch at most 2 µs, by a rule 2 µs more than the rule, a compiled 1 KB prompt with
5 variables at most 200 µs.
"""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from dotpromptz import Dotprompt
from dotpromptz.typing import DataArgument
from timing import best

from tests.fakes.variorum_server import KEY, FakeVariorum, commit_rule, ruled_bytes
from variorum_client import Client
from variorum_client.bundle import build_bundle, canonical_bytes
from variorum_client.formats import parse_prompt
from variorum_client.rules import Rules, ramp

FRONT = """---
model: local/smollm2-135m
config:
  temperature: 0.2
input:
  schema:
    name: string
    product: string
    order: string
    tone: string
    count: integer
---
"""
TEMPLATE = (
    '{{role "system"}}You answer for {{product}} in a {{tone}} voice.\n'
    + "Keep to what is known and say so when it is not. " * 10
    + '\n{{role "user"}}Dear {{name}}, about order {{order}} with {{count}} parts.\n'
    + "The customer wrote in detail what happened and when. " * 8
)
VARIABLES = {"name": "Ada", "product": "Parcels", "order": "X-17", "tone": "kind", "count": 3}


def official() -> Callable[[], object]:
    """The same prompt in dotpromptz, compiled once, in its own event loop."""
    loop = asyncio.new_event_loop()
    compiled = loop.run_until_complete(Dotprompt().compile(FRONT + TEMPLATE))
    data = DataArgument(input=VARIABLES)
    return lambda: loop.run_until_complete(compiled(data))


def fetches() -> tuple[float, float]:
    """Microseconds of a cached fetch, and of a bare dictionary lookup by a bound method."""
    body = canonical_bytes(
        build_bundle(
            project="p", environment="production", commit="a" * 40, files={"prompts/x.prompt": TEMPLATE.encode()}
        )
    )
    with FakeVariorum() as server, tempfile.TemporaryDirectory() as folder:
        server.serve(body)
        with Client(server.url, KEY, cache_dir=Path(folder), refresh=3600) as client:
            client.prompt("x")
            bare = {"x": client.prompt("x")}.get
            return best(lambda: client.prompt("x"), 50_000), best(lambda: bare("x"), 50_000)


def choices() -> list[tuple[str, float]]:
    """Microseconds of what rules decide: two conditions and a percentage for all artefacts, and the same as a flag."""
    commit = "b" * 40
    only = {"and": [{"==": [{"var": "plan"}, "pro"]}, {"in": [{"var": "country"}, ["de", "at", "ch"]]}]}
    parts = ramp(arms={"new": 1}, control="old", percent=20, seed="s", only=only)
    rule = commit_rule({"new": commit, "old": "live"}, parts["targeting"], **parts["metadata"])
    flag = {"state": "ENABLED", "variants": {"new": "n", "old": "o"}, "defaultVariant": "old", **parts}
    flags = {"all": rule, **{f"flag-{number}": flag for number in range(49)}}
    context = {"targetingKey": "person-17", "plan": "pro", "country": "de", "age": 40}
    with FakeVariorum() as server, tempfile.TemporaryDirectory() as folder:
        server.serve(ruled_bytes(flags, {commit: "New {{name}}"}))
        with Client(server.url, KEY, cache_dir=Path(folder), refresh=3600) as client:
            client.wait()
            rules = Rules({"flags": flags})
            return [
                ("the rule alone", best(lambda: rules.decide("all", context), 20_000)),
                ("prompt by rule", best(lambda: client.prompt("hello", context), 20_000)),
                ("config by rule", best(lambda: client.config("limits", context), 20_000)),
                ("flag", best(lambda: client.flag("flag-7", "o", context), 20_000)),
            ]


def main() -> None:
    """Print the figures."""
    fetch, lookup = fetches()
    print(f"cached fetch        {fetch:8.3f} µs   dictionary lookup {lookup:8.3f} µs   ratio {fetch / lookup:.1f}")
    for name, took in choices():
        print(f"{name:19} {took:8.3f} µs")
    prompt = parse_prompt(FRONT + TEMPLATE, "prompts/x.prompt")
    render, peer = best(lambda: prompt.messages(VARIABLES), 2_000), best(official(), 30)
    print(f"render ({len(TEMPLATE)} chars) {render:8.2f} µs   dotpromptz {peer:8.0f} µs   {peer / render:.0f} times")
    print(f"parse and compile   {best(lambda: parse_prompt(FRONT + TEMPLATE), 50):8.0f} µs")


if __name__ == "__main__":
    main()
