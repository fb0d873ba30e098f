"""Prompts of another system as a draft of ours. Reading them and saying what is lost is the command line's own code."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.drafts.models import Draft
from variorum.drafts.services import open_draft
from variorum.lib.errors import Conflict, Unprocessable
from variorum.lib.texts import storable
from variorum.repos import git, queries
from variorum.repos import services as repository
from variorum_client.importing.apart import read_apart
from variorum_client.importing.planning import Plan, changes, plan, steps
from variorum_client.importing.reading import folder_below
from variorum_client.importing.shapes import ImportRefused, Settings

SYSTEM_NAMES = {"langfuse": "Langfuse", "mlflow": "MLflow", "prompty": "Prompty", "promptl": "PromptL"}
MAX_FILES = 500
MAX_BYTES = 5_000_000
MAX_VERSIONS = 500  # each becomes a commit while one waits
MAX_READ = 2_000  # looked at
SHOWN_LOSSES = 50  # in the draft's description


@dataclass(frozen=True)
class Given:
    """What somebody brings: a system's files (path: text), and what they decided about them."""

    system: str
    files: Mapping[str, str]
    into: str = ""
    provider: str = ""
    newest: bool = False


@dataclass(frozen=True)
class Found:
    """What the files would become on top of main as it is at `base`.

    `commits` are (message, files), oldest first; `in_the_way` are files of main with another text.
    """

    base: str
    made: Plan
    commits: list[tuple[str, dict[str, bytes]]]
    in_the_way: list[str]

    @property
    def files(self) -> dict[str, bytes]:
        """What would be another text than now, or new."""
        return {path: content for _, files in self.commits for path, content in files.items()}


def look(project: Project, given: Given) -> Found:
    """What an import would make; writes nothing. Raises Unprocessable: `bad_import` for what cannot be read at all,
    `import_too_large` for more than a page should do."""
    _bounded(given)
    base = queries.resolve(project, git.MAIN)
    now = queries.overlay(project, base, {})
    read = cache(now)
    try:
        inner = folder_below(given.into)
        prompts = read_apart(given.system, dict(given.files), Settings(given.provider or None, inner))
    except ImportRefused as error:
        raise Unprocessable(str(error), code="bad_import") from None
    if sum(len(prompt.versions) for prompt in prompts) > MAX_READ:
        raise Unprocessable(f"More than {MAX_READ} versions do not come at once here.", code="import_too_large")
    made = plan(read, inner, prompts)
    commits = list(changes(steps(made, newest=given.newest), read, given.system))
    there = [path for path, text in made.files.items() if read(path) not in (None, text.encode())]
    return Found(base, made, commits, sorted(there))


def import_prompts(*, project: Project, actor: Actor, given: Given, replace: bool = False) -> Draft:
    """Open a draft with the prompts, a commit for each version.

    Raises as `look`; Conflict: `files_in_the_way` without `replace`, `nothing_to_import`; Unprocessable `bad_files`
    where a file that is there already would not be fit beside them.
    """
    found = look(project, given)
    if found.in_the_way and not replace:
        text = "Files of these names are there already, with another text. Choose another folder, or replace them."
        raise Conflict(text, code="files_in_the_way", extra={"paths": found.in_the_way})
    if not found.commits:
        raise Conflict("There is nothing to import that is not here already.", code="nothing_to_import")
    if len(found.commits) > MAX_VERSIONS:
        text = f"These are {len(found.commits)} versions; {MAX_VERSIONS} come at once. Take only the newest of each."
        raise Unprocessable(text, code="import_too_large")
    repository.check_files(project=project, base=found.base, files=found.files)
    head = found.base
    for message, files in found.commits:
        tree = repository.write_tree(project=project, onto=head, files=files)
        head = repository.write_commit(
            project=project, tree=tree, parents=[head], message=storable(message), actor=actor
        )
    return open_draft(
        project=project,
        actor=actor,
        title=f"Import prompts from {SYSTEM_NAMES[given.system]}",
        description=_description(found, given.system),
        base=found.base,
        head=head,
    )


def _bounded(given: Given) -> None:
    size = sum(len(text.encode(errors="replace")) for text in given.files.values())
    if len(given.files) > MAX_FILES or size > MAX_BYTES:
        text = f"At most {MAX_FILES} files of {MAX_BYTES // 1_000_000} MB in all come at once here."
        raise Unprocessable(f"{text} The command line takes more: variorum import.", code="import_too_large")


def _description(found: Found, system: str) -> str:
    """For the reviewers: what came, and what did not. Texts of the other system stand as code: they call nobody."""
    lost = [
        f"- {_code(prompt.name)} {_code(item.what)}: {_code(item.why) if '@' in item.why else _plain(item.why)}"
        for prompt in found.made.prompts
        for item in dict.fromkeys(item for version in prompt.versions for item in version.lost)
    ]
    failed = [
        f"- {_code(prompt.name)}, version {version.number}: {_code(version.failure)}"
        for prompt in found.made.prompts
        for version in prompt.versions
        if version.failure
    ]
    parts = [f"Prompts from {SYSTEM_NAMES[system]}, each version as a commit: {len(found.commits)} in all."]
    for title, lines in (("Not imported:", failed), ("Not carried over as it was:", lost)):
        more = [f"- and {len(lines) - SHOWN_LOSSES} more"] if len(lines) > SHOWN_LOSSES else []
        parts += ["\n".join([title, "", *lines[:SHOWN_LOSSES], *more])] if lines else []
    return "\n\n".join(parts)


def _code(text: str) -> str:
    return f"`{_plain(text.replace('`', ' '))}`"


def _plain(text: str) -> str:
    return " ".join(storable(text).split())[:200]
