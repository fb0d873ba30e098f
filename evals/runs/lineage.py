"""Where an adapter comes from and what became of it: data -> job -> adapter -> evaluation -> deployment.

What counts is the weights: evaluations and deployments of the same path with other weights belong to other versions.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from evals.runs.models import EvaluationJob
from evals.runs.queries import evaluations_of
from variorum.accounts.models import Project
from variorum.deployments.models import Deployment
from variorum.deployments.queries import deployments_of
from variorum.drafts.models import Draft
from variorum.lib.errors import NotFound
from variorum.repos import queries as repos
from variorum.repos.git import CommitInfo
from variorum.training.models import TrainingJob
from variorum.training.queries import trainings_of
from variorum_client.formats import FormatError, Pointer, parse_adapter_config, parse_card, parse_pointer
from variorum_client.formats.adapter import CARD_FILE, CONFIG_FILE, WEIGHTS_FILE

Kind = Literal["dataset", "base", "prompt", "parent", "job", "author", "draft", "adapter", "evaluation", "deployment"]
KINDS = list(get_args(Kind))
COLUMN = {
    **dict.fromkeys(("dataset", "base", "prompt", "parent"), 0),
    **dict.fromkeys(("job", "author"), 1),
    **dict.fromkeys(("draft", "adapter"), 2),
    "evaluation": 3,
    "deployment": 4,
}
MOST = 6  # evaluations and deployments each; the newest
LOOKED_AT = 200  # deployments


@dataclass(frozen=True)
class Node:
    """One thing with its page; `state` is a job's, a draft's, a verdict's or "live"."""

    id: str
    kind: Kind
    title: str
    detail: str
    url: str
    state: str = ""

    @property
    def column(self) -> int:
        """Where it stands between the data (0) and the deployments (4)."""
        return COLUMN[self.kind]


@dataclass
class Lineage:
    """Nodes and the arrows between them; `earlier` counts what is left out of evaluations and deployments."""

    folder: str
    commit: str
    nodes: list[Node] = field(default_factory=list)
    edges: list[tuple[str, str]] = field(default_factory=list)
    earlier: dict[str, int] = field(default_factory=dict)

    def add(self, nodes: Iterable[Node], *, to: str = "", of: str = "") -> None:
        """Put nodes in, each with an arrow to the node `to` or from the node `of`."""
        for node in nodes:
            self.nodes.append(node)
            if to:
                self.edges.append((node.id, to))
            if of:
                self.edges.append((of, node.id))


def lineage(project: Project, ref: str, folder: str) -> Lineage:
    """The lineage of the adapter in a folder at a branch, tag or commit. Raises NotFound."""
    commit = repos.resolve(project, ref)
    files = repos.read_files(project, commit, [f"{folder}/{name}" for name in (WEIGHTS_FILE, CARD_FILE, CONFIG_FILE)])
    pointer = parse_pointer(files.get(f"{folder}/{WEIGHTS_FILE}", b""))
    if pointer is None:
        raise NotFound(f"There is no adapter in {folder[:200]!r} at {ref[:80]}.")
    made = _made(project, commit, folder)
    training = _training(project, folder, pointer, files.get(f"{folder}/{CARD_FILE}"))
    found = Lineage(folder, commit)
    _before(found, project, training, made, files.get(f"{folder}/{CONFIG_FILE}"))
    detail = f"weights {pointer.oid[:8]}"
    found.add([Node("adapter", "adapter", folder.rpartition("/")[2], detail, _url(project, f"commits/{made.sha}"))])
    _after(found, project, folder, pointer)
    return found


def _made(project: Project, commit: str, folder: str) -> CommitInfo:
    """The commit that brought the weights as they are."""
    return repos.log(project, commit, f"{folder}/{WEIGHTS_FILE}", limit=1)[0]


def _training(project: Project, folder: str, pointer: Pointer, card: bytes | None) -> TrainingJob | None:
    """The fine-tune whose card it is, if the card speaks of these weights."""
    try:
        told = parse_card(card).value if card else {}
    except FormatError:
        return None
    number = told.get("job") if isinstance(told, dict) else None
    if not isinstance(number, int) or not isinstance(told, dict) or told.get("weights_sha256") != pointer.oid:
        return None
    return trainings_of(project).filter(job__number=number, adapter_path=folder).first()


def _before(
    found: Lineage, project: Project, training: TrainingJob | None, made: CommitInfo, config: bytes | None
) -> None:
    base = _base(project, config)
    if training is None:
        text = f"{made.at:%Y-%m-%d}, not trained here"
        found.add([Node("author", "author", made.author_name, text, _url(project, f"commits/{made.sha}"))])
        found.edges.append(("author", "adapter"))
        found.add(base, to="adapter")
        return
    number = training.job.number
    detail = f"by {training.job.actor_name}" if training.job.actor_name else training.recipe
    job = Node("job", "job", f"Fine-tune #{number}", detail, _url(project, f"training/{number}"), training.job.state)
    found.add([*_inputs(project, training), *base], to=job.id)
    found.add([job])
    draft = training.draft
    found.edges.append((job.id, "draft" if draft else "adapter"))
    if draft:
        found.add([_draft(project, draft)], to="adapter")


def _inputs(project: Project, training: TrainingJob) -> Iterator[Node]:
    version = training.dataset_version
    slug = version.dataset.slug
    address = _url(project, f"datasets/{slug}?version={version.number}")
    yield Node("dataset", "dataset", f"{slug} v{version.number}", f"dataset, {version.sha256[:8]}", address)
    if training.prompt_path:
        commit, path = training.prompt_commit, training.prompt_path
        yield Node(
            "prompt",
            "prompt",
            path.removeprefix("prompts/"),
            f"prompt, {commit[:8]}",
            _url(project, f"files/{path}?ref={commit}"),
        )
    if start := training.start_from:
        address = _url(project, f"files/{start['path']}/{CONFIG_FILE}?ref={start['commit']}")
        name = str(start["path"]).rpartition("/")[2]
        yield Node("parent", "parent", f"{name} before", f"weights {start['sha256'][:8]}", address)


def _base(project: Project, config: bytes | None) -> list[Node]:
    try:
        name = parse_adapter_config(config or b"").base_model
    except FormatError:
        return []
    return [Node("base", "base", name, "base model", _url(project, "settings/models"))]


def _draft(project: Project, draft: Draft) -> Node:
    return Node(
        "draft", "draft", f"Draft #{draft.number}", draft.title, _url(project, f"drafts/{draft.number}"), draft.state
    )


def _after(found: Lineage, project: Project, folder: str, pointer: Pointer) -> None:
    evaluations = evaluations_of(project).filter(adapter__path=folder, adapter__sha256=pointer.oid)
    newest = list(evaluations.order_by("-number")[:MOST])
    deployments = list(_deployments(project, folder, pointer))
    found.earlier = {
        "evaluation": max(evaluations.count() - len(newest), 0),
        "deployment": max(len(deployments) - MOST, 0),
    }
    found.add((_evaluation(project, one) for one in newest), of="adapter")
    shown = sorted(deployments, key=lambda one: (not _is_live(one), -one.number))[:MOST]
    found.add((_deployment(project, one) for one in shown), of="adapter")


def _evaluation(project: Project, one: EvaluationJob) -> Node:
    state = one.verdict or one.job.state
    address = _url(project, f"evaluations/{one.number}")
    return Node(f"evaluation-{one.number}", "evaluation", one.suite.name, f"evaluation #{one.number}", address, state)


def _deployments(project: Project, folder: str, pointer: Pointer) -> Iterator[Deployment]:
    """Those, newest first, whose commit has these weights at this path."""
    held: dict[str, bool] = {}
    path = f"{folder}/{WEIGHTS_FILE}"
    for one in deployments_of(project).order_by("-number")[:LOOKED_AT]:
        if one.commit not in held:
            held[one.commit] = parse_pointer(repos.read_files(project, one.commit, [path]).get(path, b"")) == pointer
        if held[one.commit]:
            yield one


def _is_live(one: Any) -> bool:
    """`until` is what deployments_of adds."""
    return one.until is None


def _deployment(project: Project, one: Deployment) -> Node:
    state = "live" if _is_live(one) else ""
    detail = f"#{one.number}, {one.created_at:%Y-%m-%d}"
    address = _url(project, f"deployments/{one.number}")
    return Node(f"deployment-{one.number}", "deployment", one.environment.name, detail, address, state)


def _url(project: Project, rest: str) -> str:
    return f"/p/{project.slug}/{rest}"
