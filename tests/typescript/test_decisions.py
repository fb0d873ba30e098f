"""The SDK for TypeScript decides as this one does, whatever the rule and the context."""

import json
import subprocess
from pathlib import Path

from tests.typescript.expressions import Maker
from variorum_client.rules import Rules, meter

SCRIPT = """
import { readFileSync } from "node:fs";
const { Rules } = await import(`${process.argv[1]}/rules.js`);
const { left } = await import(`${process.argv[1]}/meter.js`);
const cases = JSON.parse(readFileSync(0, "utf8"));
const decided = cases.map(({ document, context }) => [new Rules(document).decide("r", context), left()]);
console.log(JSON.stringify(decided.map(([one, rest]) => [one.variant, one.value, one.reason, one.code, rest])));
"""


def test_random_rules_are_decided_alike(sdk: Path, pytestconfig) -> None:
    maker = Maker(pytestconfig.getoption("randomly_seed", 1))
    cases = [{"document": maker.document(), "context": maker.context()} for _ in range(3000)]
    command = ["node", "--input-type=module", "--eval", SCRIPT, str(sdk)]
    done = subprocess.run(command, input=json.dumps(cases), capture_output=True, text=True, check=True, timeout=120)
    found = json.loads(done.stdout)
    reasons = set()
    for case, theirs in zip(cases, found, strict=True):
        ours = list(Rules(case["document"]).decide("r", case["context"])[:4])
        assert theirs == [*ours, meter.left()], case  # and both counted the same steps
        reasons.add(ours[2])
    assert reasons == {"TARGETING_MATCH", "DEFAULT", "ERROR"}
