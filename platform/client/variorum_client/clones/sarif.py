"""Problems as SARIF 2.1.0 (docs.oasis-open.org/sarif/sarif/v2.1.0), which code scanning and editors read."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from variorum_client.connection import USER_AGENT
from variorum_client.formats import Problem

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "SRCROOT"


def sarif(problems: Sequence[Problem]) -> str:
    """One run of one tool. Columns are counted in Unicode code points; paths are relative to the repository."""
    rules = sorted({problem.code for problem in problems})
    run: dict[str, Any] = {
        "tool": {"driver": {**_driver(), "rules": [_rule(code) for code in rules]}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, rules.index(problem.code)) for problem in problems],
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _driver() -> dict[str, str]:
    return {"name": "variorum check", "version": USER_AGENT.rpartition("/")[2]}


def _rule(code: str) -> dict[str, Any]:
    words = code.replace("_", " ")
    return {
        "id": code,
        "shortDescription": {"text": f"{words[:1].upper()}{words[1:]}."},
        "defaultConfiguration": {"level": "error"},
    }


def _result(problem: Problem, rule: int) -> dict[str, Any]:
    place = {
        "artifactLocation": {"uri": quote(problem.path), "uriBaseId": ROOT},
        "region": {"startLine": problem.line, "startColumn": problem.column},
    }
    return {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": "error",
        "message": {"text": problem.message},
        "locations": [{"physicalLocation": place}],
    }
