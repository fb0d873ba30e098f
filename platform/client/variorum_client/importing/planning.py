"""What an import would write: every version checked as the server checks a save, and the commits in their order."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from variorum_client.formats import Problem, check_file, check_name
from variorum_client.importing.shapes import Imported, Version

Read: TypeAlias = Callable[[str], bytes | None]


@dataclass(slots=True)
class Plan:
    """What will be written: each prompt's versions that are fit, oldest first; `read` gives the files as they are."""

    read: Read
    prompts: list[Imported]
    fit: dict[str, list[Version]] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, str]:
        """The newest text of every file."""
        return {
            path: text for versions in self.fit.values() for version in versions for path, text in version.files.items()
        }


def plan(read: Read, into: str, prompts: list[Imported]) -> Plan:
    """Check every version as the server would. What is not fit gets its `failure` and is left out."""
    folder = f"prompts/{into}/" if into else "prompts/"
    for version in (version for prompt in prompts for version in prompt.versions):
        version.files = {f"{folder}{path}": text for path, text in version.files.items()}
    _refuse_twins(prompts)
    made = Plan(read, prompts)
    changed = True
    while changed:  # what includes a prompt that is not fit is not fit either
        made.fit = {prompt.name: [each for each in prompt.versions if not each.failure] for prompt in prompts}
        made.fit = {name: versions for name, versions in made.fit.items() if versions and _newest(prompts, name)}
        changed = _check(made)
    return made


def _newest(prompts: list[Imported], name: str) -> bool:
    """A prompt whose newest version is not fit is not imported at all."""
    return not next(prompt for prompt in prompts if prompt.name == name).versions[-1].failure


def _refuse_twins(prompts: list[Imported]) -> None:
    owners: dict[str, str] = {}
    for prompt in prompts:
        for version in prompt.versions:
            for path in version.files:
                other = owners.setdefault(path.lower(), prompt.name)
                if other != prompt.name:
                    version.failure = f"{path} is also what {other!r} would be called."


def _check(made: Plan) -> bool:
    """Look at every version among the newest of the others; whether one was found unfit."""
    newest = made.files
    found = False
    for versions in made.fit.values():
        for version in versions:
            problems = _problems(made.read, version, newest)
            if problems:
                version.failure = "; ".join(map(str, problems[:3]))
                found = True
    return found


def _problems(there: Read, version: Version, newest: dict[str, str]) -> list[Problem]:
    def read(path: str) -> bytes | None:
        text = version.files.get(path, newest.get(path))
        return there(path) if text is None else text.encode()

    try:
        found = [item for path, text in version.files.items() for item in check_file(path, text.encode(), read=read)]
        return [*filter(None, map(check_name, version.files)), *found]
    except UnicodeEncodeError:
        return [Problem(next(iter(version.files)), 1, 1, "not_utf8", "The text has a character that is none.")]


def steps(made: Plan, *, newest: bool) -> list[tuple[str, Version]]:
    """(name, version) of what is not there yet, in the order of their dates when all have one, else of their numbers;
    never against a prompt's own order. `newest`: only each prompt's newest version."""
    fresh = {name: all_ for name, all_ in made.fit.items() if not _is_there(made.read, all_[-1])}
    chosen = [(name, version) for name, all_ in fresh.items() for version in (all_[-1:] if newest else all_)]
    dated = all(version.date for _, version in chosen)
    by_date = sorted(chosen, key=lambda item: (item[1].date or "", item[1].number))
    if dated and all(_ascending([each for owner, each in by_date if owner == name]) for name in made.fit):
        return by_date
    return sorted(chosen, key=lambda item: item[1].number)


def _is_there(read: Read, version: Version) -> bool:
    return all(read(path) == text.encode() for path, text in version.files.items())


def _ascending(versions: list[Version]) -> bool:
    numbers = [version.number for version in versions]
    return numbers == sorted(numbers)


def changes(steps: Iterable[tuple[str, Version]], read: Read, system: str) -> Iterator[tuple[str, dict[str, bytes]]]:
    """(message, files) of each commit; a version that changes nothing makes none."""
    now: dict[str, bytes | None] = {}
    for name, version in steps:
        changed = {path: text.encode() for path, text in version.files.items()}
        changed = {path: content for path, content in changed.items() if now.get(path, read(path)) != content}
        now |= changed
        if changed:
            yield _message(name, version, system), changed


def _message(name: str, version: Version, system: str) -> str:
    trailers = {
        "Imported-From": f"{system} {name} version {version.number}",
        "Original-Author": version.author,
        "Original-Date": version.date,
        "Original-Labels": ", ".join(version.labels),
    }
    lines = [f"{key}: {' '.join(str(value).split())}" for key, value in trailers.items() if value]
    note = f"{version.note.strip()}\n\n" if version.note.strip() else ""
    return f"Import {name}, version {version.number}, from {system}\n\n{note}" + "\n".join(lines) + "\n"
