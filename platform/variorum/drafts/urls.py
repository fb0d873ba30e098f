from django.urls import path

from variorum.drafts import api, naming, playground, resolving_api, reverting_api
from variorum.drafts.together import api as together

DRAFT = "projects/<slug:project>/drafts/<int:number>"
urlpatterns = [
    path("projects/<slug:project>/drafts", api.DraftsView.as_view(), name="drafts"),
    path(DRAFT, api.DraftView.as_view(), name="draft"),
    path(f"{DRAFT}/diff", api.DraftDiffView.as_view(), name="draft_diff"),
    path(f"{DRAFT}/commits", api.DraftCommitsView.as_view(), name="draft_commits"),
    path(f"{DRAFT}/files", api.DraftFilesView.as_view(), name="draft_files"),
    path(f"{DRAFT}/conflicts", api.DraftConflictsView.as_view(), name="draft_conflicts"),
    path(f"{DRAFT}/resolution", resolving_api.ResolutionView.as_view(), name="draft_resolution"),
    path(f"{DRAFT}/update", resolving_api.UpdateView.as_view(), name="draft_update"),
    path(f"{DRAFT}/merge", api.DraftMergeView.as_view(), name="draft_merge"),
    path(f"{DRAFT}/close", api.DraftCloseView.as_view(), name="draft_close"),
    path(f"{DRAFT}/reopen", api.DraftReopenView.as_view(), name="draft_reopen"),
    path(f"{DRAFT}/comments", api.CommentsView.as_view(), name="comments"),
    path(f"{DRAFT}/comments/<int:comment>", api.CommentView.as_view(), name="comment"),
    path(f"{DRAFT}/approvals", api.ApprovalsView.as_view(), name="approvals"),
    path(f"{DRAFT}/texts", together.TextsView.as_view(), name="texts"),
    path(f"{DRAFT}/texts/<int:text>", together.TextView.as_view(), name="text"),
    path(f"{DRAFT}/texts/save", together.TextsSaveView.as_view(), name="texts_save"),
    path(f"{DRAFT}/texts/discard", together.TextsDiscardView.as_view(), name="texts_discard"),
    path(f"{DRAFT}/presence", together.PresenceView.as_view(), name="presence"),
    path("projects/<slug:project>/checks", api.ChecksView.as_view(), name="checks"),
    path(f"{DRAFT}/revert", reverting_api.DraftRevertView.as_view(), name="draft_revert"),
    path("projects/<slug:project>/commits/<str:sha>/revert", reverting_api.RevertView.as_view(), name="revert"),
    path("projects/<slug:project>/next-tag", naming.NextTagView.as_view(), name="next_tag"),
    path("projects/<slug:project>/playground", playground.PlaygroundView.as_view(), name="playground"),
]
