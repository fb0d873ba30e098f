"""What of repositories travels with an export: all of Git as a bundle, written apart, and the large files."""

from variorum.lib.portable import Stays, Table
from variorum.repos.models import LfsLock, LfsObject, Repository

TABLES = [Table(LfsObject, stays=("asked_at",), objects=("sha256",))]
STAYS: Stays = {
    LfsLock: "a lock says who works on a file now",
    Repository: "a folder's name on one installation; the repository itself travels as a Git bundle",
}
