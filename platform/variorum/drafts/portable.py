"""What of drafts and their review travels with an export."""

from variorum.drafts.models import Approval, Check, Comment, Draft, RequiredCheck
from variorum.lib.portable import Row, Stays, Table


def unplaced(row: Row, slug: str) -> Row:
    """A check's page has the project's name in its address; in the file it has none."""
    start = f"/p/{slug}/"
    url = row["url"]
    return {**row, "url": f"/p/{{project}}/{url[len(start) :]}" if url.startswith(start) else url}


def placed(row: Row, slug: str) -> Row:
    """The other way."""
    return {**row, "url": row["url"].replace("/p/{project}/", f"/p/{slug}/", 1)}


TABLES = [
    Table(Draft),
    Table(Comment, project="draft__project"),
    Table(Approval, project="draft__project"),
    Table(Check, out=unplaced, into=placed),
    Table(RequiredCheck),
]
STAYS: Stays = {}
