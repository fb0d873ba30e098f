"""What of drafts and their review travels with an export."""

from variorum.drafts.models import (
    Approval,
    ApprovalRule,
    Check,
    Comment,
    Draft,
    Mention,
    Presence,
    Push,
    RequiredCheck,
    ReviewRequest,
    SharedText,
    TextSave,
    TextUpdate,
    TextWriter,
)
from variorum.lib.portable import Row, Stays, Table


def unplaced(row: Row, slug: str) -> Row:
    """A check's page has the project's name in its address; in the file it has none."""
    start = f"/p/{slug}/"
    url = row["url"]
    return {**row, "url": f"/p/{{project}}/{url[len(start) :]}" if url.startswith(start) else url}


def placed(row: Row, slug: str) -> Row:
    """The other way. Raises ValueError for a page elsewhere: people would follow it as one of ours."""
    if row["url"] and not row["url"].startswith("/p/{project}/"):
        raise ValueError("url is no page of the project")
    return {**row, "url": row["url"].replace("/p/{project}/", f"/p/{slug}/", 1)}


TABLES = [
    Table(Draft),
    Table(Comment, project="draft__project"),
    Table(Approval, project="draft__project"),
    Table(Mention, project="draft__project"),
    Table(ReviewRequest, project="draft__project"),
    Table(ApprovalRule),
    Table(Check, out=unplaced, into=placed),
    Table(RequiredCheck),
]
TYPED = "what people type now and have not saved; what was saved is in the repository"
STAYS: Stays = {
    **dict.fromkeys((SharedText, TextUpdate, TextSave, TextWriter), TYPED),
    Presence: "who looks at what now",
    Push: "a push that is under way",
}
