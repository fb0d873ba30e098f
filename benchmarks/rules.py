"""A decision of a rule beside flagd's own Python evaluator and beside a bare dict lookup, in one run.

    python benchmarks/rules.py

Target (DESIGN section 7): two conditions and a percentage, 50 rules stored, at most 2 µs.
"""

from typing import Any

from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
from timing import best

from variorum_client.rules import Rules, ramp

ONLY = {"and": [{"==": [{"var": "plan"}, "pro"]}, {"in": [{"var": "country"}, ["de", "at", "ch"]]}]}
FIELDS = {"plan": "pro", "country": "de", "age": 40}


def document(rules: int) -> dict[str, Any]:
    """So many rules: two conditions, then a percentage, else the control."""
    parts = ramp(arms={"new": 1}, control="old", percent=20, seed="s", only=ONLY)
    rule = {"state": "ENABLED", "variants": {"new": "n", "old": "o"}, "defaultVariant": "old", **parts}
    return {"flags": {f"rule-{i}": dict(rule) for i in range(rules)}}


def main() -> None:
    """Print the figures and the ratios."""
    rules, theirs = Rules(document(50)), FlagdCore()
    theirs.set_flags(document(50))
    context, other = {"targetingKey": "person-17", **FIELDS}, EvaluationContext("person-17", FIELDS)
    assert rules.decide("rule-7", context).variant == theirs.resolve_string_value("rule-7", "", other).variant
    # Many short rounds: on a busy machine some of them are quiet.
    mine = best(lambda: rules.decide("rule-7", context), 500, 600)
    refused = best(lambda: rules.decide("rule-7", {**context, "plan": "free"}), 500, 600)
    flagd = best(lambda: theirs.resolve_string_value("rule-7", "", other), 100, 300)
    table = {f"rule-{i}": i for i in range(50)}
    lookup = best(lambda: table["rule-7"], 2_000, 300)
    compiled = best(lambda: Rules(document(50)), 5, 5) / 50
    print(f"decision, all conditions met   {mine:7.2f} µs   {mine / lookup:5.1f}x a dict lookup ({lookup:.3f} µs)")
    print(f"decision, first condition not  {refused:7.2f} µs")
    print(f"flagd core, the same rule      {flagd:7.2f} µs   {flagd / mine:5.1f}x ours")
    print(f"compiling one rule             {compiled:7.2f} µs")


if __name__ == "__main__":
    main()
