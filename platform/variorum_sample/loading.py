"""Everything the sample project needs, made once; and the jobs that bring it to life at first start."""

from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.datasets.models import Dataset, DatasetVersion
from variorum.datasets.services import add_version, create_dataset
from variorum_sample import access, story, texts

ABOUT = "Messages to an invented shop's support desk, written for this project. No real customer wrote them."


def ensure() -> access.SignIn:
    """Make what is missing; give the sign-in. Safe to run at every start."""
    found = story.people()
    made = story.project(found)
    story.history(made, found)
    story.open_review(made, found)
    actor = Actor.of_user(found.mara)
    for part in ("train", "test"):
        dataset(made, actor, part)
    return access.ensure(project=made, owner=found.mara)


def dataset(project: Project, actor: Actor, part: str) -> DatasetVersion:
    """The messages of a part as a dataset with one version."""
    slug = f"messages-{part}"
    found = Dataset.objects.filter(project=project, slug=slug).first() or create_dataset(
        project=project, actor=actor, name=f"Messages, {part}", slug=slug, description=ABOUT
    )
    version = found.versions.order_by("number").first()
    if version is not None:
        return version
    messages = texts.messages(part)
    rows = [{"input": {"message": row["message"]}, "expected": row["label"], "tags": []} for row in messages]
    source = {"kind": "file", "file": {"filename": f"messages-{part}.csv"}}
    return add_version(
        dataset=found, rows=rows, actor=actor, source=source, columns=["message"], expected_column="label"
    )
