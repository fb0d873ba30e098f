"""What an import did and what it could not carry over, for people and as JSON."""

from argparse import Namespace
from typing import Any, TextIO

from variorum_client.importing.planning import Plan
from variorum_client.importing.shapes import Imported, Version
from variorum_client.terms import Painter, count, painter


def as_json(made: Plan, options: Namespace, there: list[str], commits: list[str]) -> dict[str, Any]:
    """The whole report."""
    return {
        "system": options.system,
        "source": options.source,
        "written": not (options.dry_run or there),
        "in_the_way": there,
        "commits": commits,
        "prompts": prompts_of(made),
    }


def prompts_of(made: Plan) -> list[dict[str, Any]]:
    """Each prompt with its files, and what of each version could not be carried over."""
    return [_prompt(prompt, made) for prompt in made.prompts]


def _prompt(prompt: Imported, made: Plan) -> dict[str, Any]:
    fit = made.fit.get(prompt.name, [])
    files = sorted({path for version in fit for path in version.files})
    return {
        "name": prompt.name,
        "imported": bool(fit),
        "files": files,
        "versions": [_version(version, imported=version in fit) for version in prompt.versions],
    }


def _version(version: Version, *, imported: bool) -> dict[str, Any]:
    lost = [{"place": item.place, "what": item.what, "why": item.why} for item in version.lost]
    return {
        "number": version.number,
        "imported": imported,
        "failure": version.failure,
        "author": version.author,
        "date": version.date,
        "not_carried_over": lost,
    }


def as_text(report: dict[str, Any], out: TextIO) -> str:
    """A table of prompts, then what was not carried over, then how it ended."""
    paint = painter(out)
    rows = [_row(prompt) for prompt in report["prompts"]]
    lines = [*_table([("PROMPT", "VERSIONS", "FILE"), *rows]), ""]
    lost = [row for prompt in report["prompts"] for row in _lost(prompt)]
    if lost:
        lines += [paint("Not carried over as it was:", "yellow"), *_table(lost), ""]
    failed = [row for prompt in report["prompts"] for row in _failed(prompt)]
    if failed:
        lines += [paint("Not imported:", "red"), *(f"  {row}" for row in failed), ""]
    return "\n".join([*lines, *_ending(report, paint)]) + "\n"


def _row(prompt: dict[str, Any]) -> tuple[str, str, str]:
    numbers = [version["number"] for version in prompt["versions"] if version["imported"]]
    return prompt["name"], _ranges(numbers) or "none", ", ".join(prompt["files"]) or "-"


def _lost(prompt: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(prompt and versions, place, what and why), the same remark of several versions once."""
    seen: dict[tuple[str, str, str], list[int]] = {}
    for version in prompt["versions"]:
        for item in version["not_carried_over"]:
            seen.setdefault((item["place"], item["what"], item["why"]), []).append(version["number"])
    several = len(prompt["versions"]) > 1
    return [
        (f"  {prompt['name']}{f' v{_ranges(numbers)}' if several else ''}", place, f"{what}: {why}")
        for (place, what, why), numbers in seen.items()
    ]


def _failed(prompt: dict[str, Any]) -> list[str]:
    failed = [version for version in prompt["versions"] if version["failure"]]
    several = len(prompt["versions"]) > 1
    return [
        " ".join([prompt["name"], *([f"v{version['number']}"] if several else [])]) + f": {version['failure']}"
        for version in failed
    ]


def _ranges(numbers: list[int]) -> str:
    """1-3, 5."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _table(rows: list[tuple[str, str, str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    return [f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}".rstrip() for row in rows]


def _ending(report: dict[str, Any], paint: Painter) -> list[str]:
    good = sum(prompt["imported"] for prompt in report["prompts"])
    total = count(len(report["prompts"]), "prompt")
    if report["in_the_way"]:
        there = [f"  {path}" for path in report["in_the_way"]]
        return [paint("Nothing was written: these files are there already. --force replaces them.", "red"), *there]
    if not report["written"]:
        return [f"{good} of {total} can be imported. Nothing was written (--dry-run)."]
    commits = f" as {count(len(report['commits']), 'commit')}" if report["commits"] else ""
    return [paint(f"{good} of {total} imported{commits}.", "green" if good else "yellow")]
