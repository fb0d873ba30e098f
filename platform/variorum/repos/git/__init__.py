"""The only module that runs Git. It takes paths of bare repositories and knows no Django.

Reads and commits run in process (libgit2, fsync on); the git binary serves a path's history, blame, fsck and gc.
Writers hold an flock per repository and move refs by compare-and-swap, so two of them never overwrite each
other, and a killed one leaves at most objects that nothing points at.
"""

from variorum.repos.git.blame import Written, blame
from variorum.repos.git.bundle import own_refs, read_bundle, write_bundle
from variorum.repos.git.diff import FileDiff, Hunk, Line, changed_paths, diff, tree_changes
from variorum.repos.git.errors import BadPath, Busy, GitError, Missing, StaleHead
from variorum.repos.git.handle import MAIN, appear, command, environment, init_bare, locked
from variorum.repos.git.incoming import BadPack, Incoming, incoming, sweep_incoming
from variorum.repos.git.merge import Conflict, Merge, merge
from variorum.repos.git.naming import names_after, names_of
from variorum.repos.git.paths import MAX_FILE, check_files, check_path
from variorum.repos.git.read import (
    CommitInfo,
    Entry,
    ahead,
    commit_info,
    file_paths,
    head,
    heads,
    is_ancestor,
    last_changes,
    list_tree,
    log,
    merge_base,
    peeled,
    read_blobs,
    read_file,
    read_files,
    refs,
    resolve,
    small_blobs,
)
from variorum.repos.git.revert import revert, write_undone
from variorum.repos.git.tags import Tag, find_tag, point_tag, tagged_commit, tags, write_tag
from variorum.repos.git.upkeep import fsck, pack
from variorum.repos.git.write import (
    Author,
    Move,
    Stored,
    commit,
    create,
    move_ref,
    move_refs,
    write_commit,
    write_tree,
)

__all__ = [
    "MAIN",
    "MAX_FILE",
    "Author",
    "BadPack",
    "BadPath",
    "Busy",
    "CommitInfo",
    "Conflict",
    "Entry",
    "FileDiff",
    "GitError",
    "Hunk",
    "Incoming",
    "Line",
    "Merge",
    "Missing",
    "Move",
    "StaleHead",
    "Stored",
    "Tag",
    "Written",
    "ahead",
    "appear",
    "blame",
    "changed_paths",
    "check_files",
    "check_path",
    "command",
    "commit",
    "commit_info",
    "create",
    "diff",
    "environment",
    "file_paths",
    "find_tag",
    "fsck",
    "head",
    "heads",
    "incoming",
    "init_bare",
    "is_ancestor",
    "last_changes",
    "list_tree",
    "locked",
    "log",
    "merge",
    "merge_base",
    "move_ref",
    "move_refs",
    "names_after",
    "names_of",
    "own_refs",
    "pack",
    "peeled",
    "point_tag",
    "read_blobs",
    "read_bundle",
    "read_file",
    "read_files",
    "refs",
    "resolve",
    "revert",
    "small_blobs",
    "sweep_incoming",
    "tagged_commit",
    "tags",
    "tree_changes",
    "write_bundle",
    "write_commit",
    "write_tag",
    "write_tree",
    "write_undone",
]
