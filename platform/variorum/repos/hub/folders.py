"""Which adapters a commit holds, as repositories of the Hub."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from variorum.accounts.models import Project
from variorum.lib.errors import NotFound
from variorum.repos import queries
from variorum.repos.queries import Entry
from variorum_client.formats import FormatError, parse_adapter_config, parse_card
from variorum_client.formats.adapter import CARD_FILE, CONFIG_FILE

ROOT = "adapters/"
DEEPER = "__"  # a Hub name has no slash, and its clients refuse "--"
NO_REPO, NO_REVISION, NO_ENTRY = "RepoNotFound", "RevisionNotFound", "EntryNotFound"


@dataclass(frozen=True)
class Adapter:
    """One adapter's folder at a commit; `files` by their path inside the folder."""

    project: Project
    name: str
    folder: str
    commit: str
    files: Mapping[str, Entry]

    @property
    def repo_id(self) -> str:
        """How the Hub's clients call it."""
        return f"{self.project.slug}/{self.name}"

    def read(self, file: str) -> bytes:
        """A file's bytes as they stand in Git (a pointer for weights). Raises NotFound."""
        return queries.read_file(self.project, self.commit, f"{self.folder}/{file}")

    def says(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """(adapter_config.json, card.yaml) as data; empty for one that is missing or cannot be read."""
        config, card = (self._try(file) for file in (CONFIG_FILE, CARD_FILE))
        return config, card

    def _try(self, file: str) -> dict[str, Any]:
        if file not in self.files:
            return {}
        try:
            if file == CONFIG_FILE:
                return parse_adapter_config(self.read(file)).data
            return dict(parse_card(self.read(file)).value)  # type: ignore[arg-type]  # a mapping, says parse_card
        except FormatError:
            return {}


def find(project: Project, name: str, revision: str) -> Adapter:
    """The adapter of that name at a branch, tag or commit. Raises NotFound with the Hub's code."""
    try:
        commit = queries.resolve(project, revision)
    except NotFound as error:
        raise missing(NO_REVISION, error.detail) from None
    adapter = adapters(project, commit).get(name)
    if adapter is None:
        elsewhere = name in adapters(project, queries.resolve(project, "main"))
        text = f"There is no adapter {folder_of(name)[:200]!r} at {revision[:80]}."
        raise missing(NO_REVISION if elsewhere else NO_REPO, text)
    return adapter


def adapters(project: Project, commit: str) -> dict[str, Adapter]:
    """Every adapter of a commit by its Hub name."""
    found: dict[str, dict[str, Entry]] = {}
    for entry in queries.list_files(project, commit):
        if entry.kind == "adapter":
            folder, _, file = entry.path.rpartition("/")
            found.setdefault(folder, {})[file] = entry
    made = [Adapter(project, name_of(folder), folder, commit, files) for folder, files in found.items()]
    return {adapter.name: adapter for adapter in made if CONFIG_FILE in adapter.files}


def split(project: Project, rest: str, name: str) -> tuple[Adapter, str]:
    """(adapter, path inside it) of `<revision>/<path>`, where a revision may hold slashes. Raises NotFound."""
    parts = rest.split("/")
    for count in range(1, min(len(parts), 8) + 1):
        revision = "/".join(parts[:count])
        try:
            queries.resolve(project, revision)
        except NotFound:
            continue
        return find(project, name, revision), "/".join(parts[count:])
    raise missing(NO_REVISION, f"There is no branch, tag or commit {parts[0][:80]!r}.")


def name_of(folder: str) -> str:
    """adapters/support/triage -> support__triage."""
    return folder.removeprefix(ROOT).replace("/", DEEPER)


def folder_of(name: str) -> str:
    """The other way."""
    return ROOT + name.replace(DEEPER, "/")


def missing(code: str, detail: str) -> NotFound:
    """What the Hub's clients know as one of their errors."""
    return NotFound(detail, headers={"X-Error-Code": code})
