"""Tables of drafts under review: the draft, what people say of it, their verdicts, and checks on commits."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from variorum.accounts.models import ApiKey, Project, User
from variorum.accounts.roles import Role

SHA = 40


class Draft(models.Model):
    """A branch of edits under review. `head_commit` is the truth for pages; the ref is brought in line with it.

    `merging_commit` is an intent: the merge commit that is about to become `main`. It is empty but for moments.
    `reverts` is the commit of main that the draft takes back; while `base_commit` is that commit, the draft is what
    was there before it, and its conflicts are about what came after.
    """

    class State(models.TextChoices):
        """Open until it is merged into `main` or closed without."""

        OPEN = "open"
        MERGED = "merged"
        CLOSED = "closed"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="drafts")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="drafts")
    author_name = models.CharField(max_length=220)
    branch = models.CharField(max_length=200)
    base_commit = models.CharField(max_length=SHA)
    head_commit = models.CharField(max_length=SHA)
    paths = ArrayField(models.CharField(max_length=400), default=list)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    merging_commit = models.CharField(max_length=SHA, blank=True, default="")
    merged_commit = models.CharField(max_length=SHA, blank=True, default="")
    reverts = models.CharField(max_length=SHA, blank=True, default="")
    ended_by_name = models.CharField(max_length=220, blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("project", "number", name="draft_number_once"),
            models.CheckConstraint(
                name="draft_merged_has_commit",
                condition=models.Q(state="merged") ^ models.Q(merged_commit=""),
            ),
        ]
        indexes = [
            models.Index(fields=["project", "state", "-number"], name="draft_list"),  # the list page
            models.Index(
                fields=["id"], name="draft_merging", condition=~models.Q(merging_commit="")
            ),  # the repairing sweep
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.title}"


class Comment(models.Model):
    """A remark on a draft. A thread is a comment without parent and its replies; it may stand at a line of a file.

    `suggestion` is the text that would take the place of the lines `line` to `end_line` of the new side, without the
    last line's end; empty: they would go. `original` is what those lines were, `applied_commit` the version that took
    the suggestion up.
    """

    class Side(models.TextChoices):
        """Which side of the difference the line belongs to; none for a remark on the whole draft."""

        NONE = ""
        OLD = "old"
        NEW = "new"

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="comments")
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="replies")
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    author_name = models.CharField(max_length=220)
    body = models.TextField()
    path = models.CharField(max_length=400, blank=True, default="")
    side = models.CharField(max_length=3, choices=Side.choices, blank=True, default=Side.NONE)
    line = models.PositiveIntegerField(null=True)
    end_line = models.PositiveIntegerField(null=True)
    suggestion = models.TextField(null=True)  # noqa: DJ001  (empty means: remove the lines)
    original = models.TextField(blank=True, default="")
    applied_commit = models.CharField(max_length=SHA, blank=True, default="")
    commit = models.CharField(max_length=SHA, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by_name = models.CharField(max_length=220, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["draft", "id"], name="comment_of_draft")]  # the conversation
        constraints = [
            models.CheckConstraint(
                name="suggestion_has_lines",
                condition=models.Q(suggestion=None) | models.Q(side="new", line__isnull=False, end_line__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.body[:60]


class Mention(models.Model):
    """Somebody was named in a draft: in a comment, in the text of a verdict, or in the description (neither)."""

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="mentions")
    comment = models.ForeignKey(Comment, null=True, on_delete=models.CASCADE, related_name="mentions")
    approval = models.ForeignKey("Approval", null=True, on_delete=models.CASCADE, related_name="mentions")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint("draft", "comment", "approval", "user", name="mention_once", nulls_distinct=False),
        ]
        indexes = [models.Index(fields=["user", "-id"], name="mention_of_user")]  # the review page

    def __str__(self) -> str:
        return f"{self.user_id} in {self.draft_id}"


class ReviewRequest(models.Model):
    """Somebody was asked to look at a draft. It is answered by any verdict of theirs on the latest version."""

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="review_requests")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    asked_by_name = models.CharField(max_length=220)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint("draft", "user", name="review_request_once")]

    def __str__(self) -> str:
        return f"{self.user_id} for {self.draft_id}"


class Approval(models.Model):
    """One verdict of one person on one commit of a draft; a person's newest one counts."""

    class Verdict(models.TextChoices):
        """Approve holds for this very commit; a request for changes holds until its author thinks otherwise."""

        APPROVE = "approve"
        REQUEST_CHANGES = "request_changes"

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="approvals")
    author = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    commit = models.CharField(max_length=SHA)
    body = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["draft", "author", "-id"], name="approval_newest")
        ]  # what counts towards a merge

    def __str__(self) -> str:
        return f"{self.verdict} by {self.author_id}"


class Check(models.Model):
    """A named verdict on a commit, as a code host's commit status. Upper rooms write it."""

    class State(models.TextChoices):
        """Inconclusive is an honest answer and does not pass."""

        PENDING = "pending"
        PASS = "pass"  # noqa: S105
        FAIL = "fail"
        INCONCLUSIVE = "inconclusive"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="checks")
    commit = models.CharField(max_length=SHA)
    name = models.CharField(max_length=100)
    state = models.CharField(max_length=12, choices=State.choices)
    summary = models.CharField(max_length=300, blank=True, default="")
    url = models.CharField(max_length=300, blank=True, default="")
    details = models.JSONField(default=dict)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint("project", "commit", "name", name="check_once")]

    def __str__(self) -> str:
        return f"{self.name}: {self.state}"


class RequiredCheck(models.Model):
    """A check that must pass before a draft that changes `path` (a file or a folder; empty: any file) may merge."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="required_checks")
    name = models.CharField(max_length=100)
    path = models.CharField(max_length=400, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint("project", "name", name="required_check_once")]

    def __str__(self) -> str:
        return self.name


class SharedText(models.Model):
    """A file of a draft while people edit it together: a CRDT document on top of what was last committed.

    `state` holds the document up to update `merged`; the rows of TextUpdate after that belong to it. `base_state` is
    the document as it was when it last agreed with `base_commit`.
    """

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="texts")
    path = models.CharField(max_length=400)
    state = models.BinaryField()
    merged = models.PositiveIntegerField(default=0)
    seq = models.PositiveIntegerField(default=0)
    base_commit = models.CharField(max_length=SHA)
    base_state = models.BinaryField()
    base_digest = models.CharField(max_length=64)
    is_new = models.BooleanField(default=False)
    changed = models.BooleanField(default=False)
    deleted = models.BooleanField(default=False)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint("draft", "path", name="shared_text_once")]
        indexes = [models.Index(fields=["updated_at"], name="shared_text_idle")]  # the sweep of what nobody edits

    def __str__(self) -> str:
        return self.path


class TextUpdate(models.Model):
    """One edit of a shared text that is not merged into its state yet."""

    shared = models.ForeignKey(SharedText, on_delete=models.CASCADE, related_name="updates")
    seq = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint("shared", "seq", name="text_update_once")]

    def __str__(self) -> str:
        return f"{self.shared_id}/{self.seq}"


class TextSave(models.Model):
    """What a save is about to commit onto `onto`; thus a commit is known again as our own, whoever was killed."""

    shared = models.ForeignKey(SharedText, on_delete=models.CASCADE, related_name="saves")
    onto = models.CharField(max_length=SHA)
    digest = models.CharField(max_length=64)
    state = models.BinaryField()

    def __str__(self) -> str:
        return self.digest


class TextWriter(models.Model):
    """Who is behind a client id of a shared text. `removed`: they took away others' words since the last save."""

    shared = models.ForeignKey(SharedText, on_delete=models.CASCADE, related_name="writers")
    client = models.BigIntegerField()
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=220)
    email = models.CharField(max_length=254)
    removed = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint("shared", "client", name="text_writer_once")]

    def __str__(self) -> str:
        return self.name


class Presence(models.Model):
    """An open page of a draft: who looks at what, and what they do right now. Unlogged: a crash may lose it."""

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="+")
    page = models.UUIDField()
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    tab = models.CharField(max_length=20, blank=True, default="")
    path = models.CharField(max_length=400, blank=True, default="")
    doing = models.CharField(max_length=12, blank=True, default="")
    client = models.BigIntegerField(null=True)
    cursor = models.JSONField(null=True)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint("draft", "page", name="presence_once")]
        indexes = [models.Index(fields=["seen_at"], name="presence_old")]  # the sweep of pages that went away

    def __str__(self) -> str:
        return f"{self.user_id} on {self.draft_id}"


class Push(models.Model):
    """An intent: refs that a push is about to move, `[[ref, old, new], ...]`. It lives but for moments."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="pushes")
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    key = models.ForeignKey(ApiKey, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_name = models.CharField(max_length=220)
    actor_email = models.CharField(max_length=254)
    moves = models.JSONField()
    options = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"push by {self.actor_name}: {len(self.moves)} refs"


class ApprovalRule(models.Model):
    """So many approvals for drafts that change a file covered by `pattern` (CODEOWNERS syntax).

    They count from members with at least `role` (empty: from nobody by role) and from the `people` named.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="approval_rules")
    pattern = models.CharField(max_length=400)
    count = models.PositiveSmallIntegerField(default=1)
    role = models.CharField(max_length=12, choices=Role.choices, blank=True, default="")
    people = models.ManyToManyField(User, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint("project", "pattern", name="approval_rule_once"),
            models.CheckConstraint(name="approval_rule_count", condition=models.Q(count__gte=1, count__lte=10)),
        ]

    def __str__(self) -> str:
        return f"{self.count} for {self.pattern}"

    @property
    def by_name(self) -> list[User]:
        """The people named, always in the same order."""
        return sorted(self.people.all(), key=lambda person: (person.name, person.pk))
