"""The sample project's history, made through the same services that the pages use. Every step may run again."""

from collections.abc import Callable
from dataclasses import dataclass

from variorum.accounts.access import Actor
from variorum.accounts.models import Membership, Project, User
from variorum.accounts.roles import Role
from variorum.accounts.services import create_project, set_member
from variorum.deployments import queries as deployment_queries
from variorum.deployments.services import deploy, ensure_environments
from variorum.drafts.merging import merge_draft
from variorum.drafts.models import Draft
from variorum.drafts.review import comment, review
from variorum.drafts.services import open_draft
from variorum.repos.tags import create_tag, tags_of
from variorum_sample.texts import artefact

SLUG = "support-desk"
DOMAIN = "sample.example"
OPEN_DRAFT = "Answer in two sentences"
CLASH = "Sound like a neighbour"


@dataclass(frozen=True)
class People:
    """Three invented people: an owner, a maintainer, and a domain expert who knows no Git."""

    mara: User
    jonas: User
    priya: User


def people() -> People:
    """Make or find them. Mara and Jonas can sign in (see variorum_sample.access)."""

    def person(name: str) -> User:
        email = f"{name.split()[0].lower()}@{DOMAIN}"
        return User.objects.filter(email=email).first() or User.objects.create_user(email, name=name)

    return People(person("Mara Lind"), person("Jonas Okafor"), person("Priya Nair"))


def project(found: People) -> Project:
    """The project with its three members and environments."""
    made = Project.objects.filter(slug=SLUG).first() or create_project(
        owner=found.mara,
        name="Support desk",
        slug=SLUG,
        description="A sample: an invented shop's support desk. Its messages were written for this project.",
    )
    for user, role in ((found.jonas, Role.MAINTAINER), (found.priya, Role.EDITOR)):
        if not Membership.objects.filter(project=made, user=user).exists():
            set_member(project=made, actor=Actor.of_user(found.mara), user=user, role=role)
    ensure_environments(made)
    return made


@dataclass(frozen=True)
class Chapter:
    """One merged draft of the history: who wrote it, who approved it, what it changed, where it then went live."""

    title: str
    why: str
    author: str
    reviewer: str
    said: str
    files: dict[str, str]
    live: tuple[str, ...] = ()


HISTORY = [
    Chapter(
        "Sort messages by topic",
        "The first prompt: one line, no examples.",
        "jonas",
        "mara",
        "Good enough to start with.",
        {"prompts/triage.prompt": "triage-1.prompt"},
    ),
    Chapter(
        "Add the reply prompt and the desk's settings",
        "The app needs a first answer to show, and the settings it used to keep in its own code.",
        "jonas",
        "mara",
        "The schema will save us from typos.",
        {
            "prompts/reply.prompt": "reply-1.prompt",
            "configs/desk.yaml": "desk-1.yaml",
            "configs/desk.schema.json": "desk.schema.json",
        },
    ),
    Chapter(
        "Tell the model its role",
        "Answers came back as sentences. A system message and “one word” should stop that.",
        "priya",
        "jonas",
        "Tried it on ten messages, reads much better.",
        {"prompts/triage.prompt": "triage-2.prompt"},
        ("production",),
    ),
    Chapter(
        "Greet people by name, in three sentences",
        "Customers like to be called by name. Falls back to “there”.",
        "priya",
        "mara",
        "Lovely.",
        {"prompts/reply.prompt": "reply-2.prompt"},
        ("staging",),
    ),
    Chapter(
        "Show one example per label",
        "With an example for each label the model has something to go by. Also hand over to a person a little earlier.",
        "jonas",
        "mara",
        "Let us watch the scores before it goes to production.",
        {"prompts/triage.prompt": "triage-3.prompt", "configs/desk.yaml": "desk-2.yaml"},
        ("dev",),
    ),
    Chapter(
        "Say who looks after what",
        "The file `OWNERS` names who must agree to a change of which file.",
        "jonas",
        "mara",
        "So nobody has to ask around any more.",
        {"OWNERS": "owners"},
    ),
]
TAG = "first-desk"
TAGGED = "Tell the model its role"
NOTES = """The first version that went to production.

The triage prompt now has a system message and asks for one word."""


def history(made: Project, found: People) -> None:
    """Open, approve, merge and deploy each chapter that is not there yet."""
    for chapter in HISTORY:
        draft = Draft.objects.filter(project=made, title=chapter.title).first() or open_draft(
            project=made,
            actor=_actor(found, chapter.author),
            title=chapter.title,
            description=chapter.why,
            files={path: artefact(name) for path, name in chapter.files.items()},
        )
        if draft.state == Draft.State.OPEN:
            _approve(draft, found, chapter.reviewer, chapter.said)
            draft = merge_draft(draft=draft, actor=_actor(found, chapter.reviewer), expected_head=draft.head_commit)
        _go_live(made, draft, chapter, found)


def name_version(made: Project, found: People) -> None:
    """A tag with notes on the commit that first went to production."""
    if not any(tag.name == TAG for tag in tags_of(made)):
        draft = Draft.objects.get(project=made, title=TAGGED)
        create_tag(project=made, actor=_actor(found, "jonas"), name=TAG, ref=draft.merged_commit, notes=NOTES)


def _go_live(made: Project, draft: Draft, chapter: Chapter, found: People) -> None:
    for environment in ensure_environments(made):
        if environment.slug in chapter.live and deployment_queries.current(environment) is None:
            actor = _actor(found, "jonas")
            deploy(environment=environment, commit=draft.merged_commit, actor=actor, note=chapter.title)


def open_review(made: Project, found: People) -> Draft:
    """The draft that the tour visits: open, with a thread on a line and a general remark."""
    draft = Draft.objects.filter(project=made, title=OPEN_DRAFT).first()
    if draft is not None:
        return draft
    draft = open_draft(
        project=made,
        actor=_actor(found, "priya"),
        title=OPEN_DRAFT,
        description="People skim. Two sentences, and always say what happens next. Cooler, so that it invents less.",
        files={"prompts/reply.prompt": artefact("reply-3.prompt")},
    )
    say = _say(draft, found)
    line = artefact("reply-3.prompt").decode().splitlines().index("  temperature: 0.2") + 1
    thread = say("jonas", "Is 0.2 not too stiff for a greeting?", path="prompts/reply.prompt", side="new", line=line)
    say("priya", "I tried both in the playground. At 0.4 it promised refunds that we do not give.", parent=thread)
    say("mara", "I like it. Please show one reply for a returns message before we merge.")
    say(
        "jonas",
        "Halfway, then?",
        path="prompts/reply.prompt",
        side="new",
        line=line,
        end_line=line,
        suggestion="  temperature: 0.3",
    )
    return draft


def open_clash(made: Project, found: People) -> None:
    """A draft from before the replies were made shorter: it clashes with main."""
    if Draft.objects.filter(project=made, title=CLASH).exists():
        return
    before = Draft.objects.get(project=made, title=HISTORY[1].title).merged_commit
    open_draft(
        project=made,
        actor=_actor(found, "jonas"),
        title=CLASH,
        description="Written before the replies became three sentences: main says something else by now.",
        files={"prompts/reply.prompt": artefact("reply-warm.prompt")},
        base=before,
    )


def _say(draft: Draft, found: People) -> Callable[..., int]:
    def say(who: str, body: str, **place: object) -> int:
        made = comment(draft=draft, actor=_actor(found, who), body=body, **place)  # type: ignore[arg-type]
        return made.pk

    return say


def _approve(draft: Draft, found: People, who: str, said: str) -> None:
    user: User = getattr(found, who)
    review(draft=draft, actor=Actor.of_user(user), user=user, verdict="approve", commit=draft.head_commit, body=said)


def _actor(found: People, who: str) -> Actor:
    return Actor.of_user(getattr(found, who))
