"""How fast flags are evaluated over HTTP (OFREP), beside a bare server that parses the same and answers the same.

    python benchmarks/ofrep.py [--seconds 4] [--rounds 3]

Starts a database and two servers of its own, as `runtime_fetch.py` does, with 50 rules of two conditions and a
percentage in force. Asks for one flag, for all of them, and for the bundle that carries the rules (format 2), at 1 and
at 16 kept-alive connections, the servers taking turns. Prints requests/s, p50, p99, server CPU a request (medians), and
the ratios.
"""

import argparse
import json
import os
import statistics
import urllib.request
from pathlib import Path
from typing import Any

import runtime_fetch as fetch

ROOT = Path(__file__).resolve().parents[1]
RUNTIME = "/api/v1/runtime/dev"
RULES = 50
CONTEXT = {"targetingKey": "user-7", "plan": "pro", "country": "de"}


class _Bare:
    """Reads and parses the body, and answers with what $BENCH_BODY.<kind> holds, told apart by the path."""

    def __init__(self) -> None:
        stem = os.environ.get("BENCH_BODY", "")
        self.bodies = {kind: Path(f"{stem}.{kind}").read_bytes() for kind in ("one", "all", "bundle")} if stem else {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["method"] == "POST":
            sent, more = b"", True
            while more:
                message = await receive()
                sent, more = sent + message.get("body", b""), message.get("more_body", False)
            json.loads(sent)
        path = scope["path"]
        body = self.bodies["bundle" if path.endswith("bundle") else "all" if path.endswith("flags") else "one"]
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


bare = _Bare()


def put_rules() -> None:
    """The rules in force."""
    from variorum.deployments.models import Environment, RuleSet

    condition = {"and": [{"==": [{"var": "plan"}, "pro"]}, {"in": [{"var": "country"}, ["de", "at", "ch"]]}]}
    split = {"fractional": [{"cat": ["seed", {"var": "targetingKey"}]}, ["on", 30], ["off", 70]]}
    flag = {
        "state": "ENABLED",
        "variants": {"on": True, "off": False},
        "defaultVariant": "off",
        "targeting": {"if": [condition, split, None]},
        "metadata": {"hash": "murmur3-cbor"},
    }
    document = {"flags": {f"flag-{number}": flag for number in range(RULES)}}
    RuleSet.objects.create(environment=Environment.objects.get(slug="dev"), number=1, document=document, actor_name="x")


def requests(token: str) -> dict[str, bytes]:
    """The three requests as they go over the wire."""
    body = json.dumps({"context": CONTEXT}).encode()
    head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
    sent = f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    flags = f"{RUNTIME}/ofrep/v1/evaluate/flags"
    return {
        "one": f"POST {flags}/flag-7 HTTP/1.1\r\n{sent}".encode() + body,
        "all": f"POST {flags} HTTP/1.1\r\n{sent}".encode() + body,
        "bundle": f"GET {RUNTIME}/bundle HTTP/1.1\r\n{head}\r\n".encode(),
    }


def answers(port: int, token: str) -> dict[str, bytes]:
    """What Variorum answers to each."""
    found = {}
    flags = f"{RUNTIME}/ofrep/v1/evaluate/flags"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for kind, path in (("one", f"{flags}/flag-7"), ("all", flags), ("bundle", f"{RUNTIME}/bundle")):
        data = None if kind == "bundle" else json.dumps({"context": CONTEXT}).encode()
        asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data, headers=headers)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            found[kind] = answer.read()
    return found


def measure(servers: list[fetch.Server], token: str, bodies: dict[str, bytes], seconds: float, rounds: int) -> None:
    """Run every case on both servers in turns and print the table."""
    print(f"{RULES} rules, {rounds} rounds of {seconds:g} s, medians, load {os.getloadavg()[0]:.0f}\n")
    print("| answer | bytes | connections | server | requests/s | p50 ms | p99 ms | server CPU ms/request |")
    print("|---|---|---|---|---|---|---|---|")
    verdicts = []
    for kind, request in requests(token).items():
        for connections in (1, 16):
            found: dict[str, list[dict[str, float]]] = {server.name: [] for server in servers}
            for turn in range(rounds):
                for server in servers if turn % 2 == 0 else reversed(servers):
                    one = fetch.run(server, connections, seconds, request, len(bodies[kind]) - 64, 200)
                    found[server.name].append(one)
            for name, runs in found.items():
                row = {key: statistics.median(one[key] for one in runs) for key in runs[0]}
                cells = f"{row['rate']:,.0f} | {row['p50'] * 1e3:.3f} | {row['p99'] * 1e3:.2f} | {row['cpu'] * 1e3:.3f}"
                print(f"| {kind} | {len(bodies[kind]):,} | {connections} | {name} | {cells} |")
            pairs = list(zip(found["variorum"], found["bare"], strict=True))
            rate, p50, cpu = (statistics.median(a[key] / b[key] for a, b in pairs) for key in ("rate", "p50", "cpu"))
            verdicts.append(
                f"{kind}, {connections} connections: requests/s {rate:.2f} of bare, p50 {p50:.2f}x, CPU {cpu:.2f}x"
            )
    print("\n" + "\n".join(verdicts))


def main() -> None:
    """Print the table and clean up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with fetch.house() as (folder, env, servers):
        token, _ = fetch.prepare(folder)
        put_rules()
        servers.append(fetch.Server("variorum", "variorum.asgi:application", env))
        servers[0].wait()
        bodies = answers(servers[0].port, token)
        for kind, body in bodies.items():
            (folder / f"body.{kind}").write_bytes(body)
        servers.append(fetch.Server("bare", f"{__file__}:bare", {**env, "BENCH_BODY": str(folder / "body")}))
        servers[1].wait()
        for server in servers:
            fetch.run(server, 16, 1.0, requests(token)["one"], 0, 200)
        measure(servers, token, bodies, options.seconds, options.rounds)


if __name__ == "__main__":
    main()
