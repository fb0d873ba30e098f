"""flagd's own evaluator suite through the SDK for TypeScript; docs/rules.md says how to get it."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.variorum_client.rules.flagd_suite import document, folder, questions
from variorum_client.rules import HASHES, Decision

SCRIPT = """
import { readFileSync } from "node:fs";
const { Rules } = await import(process.argv[1]);
const { documents, asked } = JSON.parse(readFileSync(0, "utf8"));
const rules = Object.fromEntries(Object.entries(documents).map(([name, one]) => [name, new Rules(one)]));
const decided = asked.map(([hash, flag, context]) => rules[hash].decide(flag, context));
console.log(JSON.stringify(decided.map(({ variant, value, reason, code }) => [variant, value, reason, code])));
"""


def test_flagds_suite(sdk: Path) -> None:
    place = folder()
    if place is None:
        pytest.skip("flagd's suite is not here: FLAGD_TESTBED names its folder (docs/rules.md)")
    all_of_it = questions(place)
    asked = [(one.hash_name, one.flag, one.context) for one in all_of_it]
    told = json.dumps({"documents": {name: document(place, name) for name in HASHES}, "asked": asked})
    command = ["node", "--input-type=module", "--eval", SCRIPT, str(sdk / "rules.js")]
    done = subprocess.run(command, input=told, capture_output=True, text=True, check=True, timeout=120)
    found = [one.judge(Decision(*answer)) for one, answer in zip(all_of_it, json.loads(done.stdout), strict=True)]
    assert {one.name: wrong for one, wrong in zip(all_of_it, found, strict=True) if wrong} == {}
