from django.urls import path

from variorum.drafts import api, importing_api, naming, playground, resolving_api, reverting_api, review_api
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
    path(f"{DRAFT}/suggestions", review_api.SuggestionsView.as_view(), name="suggestions"),
    path(f"{DRAFT}/reviewers", review_api.ReviewersView.as_view(), name="reviewers"),
    path(f"{DRAFT}/reviewers/<int:user>", review_api.ReviewerView.as_view(), name="reviewer"),
    path("projects/<slug:project>/reviews", review_api.ReviewsView.as_view(), name="reviews"),
    path("projects/<slug:project>/owners", review_api.OwnersView.as_view(), name="owners"),
    path("projects/<slug:project>/approval-rules", review_api.ApprovalRulesView.as_view(), name="approval_rules"),
    path(
        "projects/<slug:project>/approval-rules/<int:rule>",
        review_api.ApprovalRuleView.as_view(),
        name="approval_rule",
    ),
    path("projects/<slug:project>/required-checks", review_api.RequiredChecksView.as_view(), name="required_checks"),
    path(
        "projects/<slug:project>/required-checks/<int:check>",
        review_api.RequiredCheckView.as_view(),
        name="required_check",
    ),
    path("projects/<slug:project>/checks", api.ChecksView.as_view(), name="checks"),
    path(f"{DRAFT}/revert", reverting_api.DraftRevertView.as_view(), name="draft_revert"),
    path("projects/<slug:project>/commits/<str:sha>/revert", reverting_api.RevertView.as_view(), name="revert"),
    path("projects/<slug:project>/next-tag", naming.NextTagView.as_view(), name="next_tag"),
    path(
        "projects/<slug:project>/prompt-imports/preview",
        importing_api.PromptImportPreviewView.as_view(),
        name="prompt_import_preview",
    ),
    path("projects/<slug:project>/prompt-imports", importing_api.PromptImportsView.as_view(), name="prompt_imports"),
    path("projects/<slug:project>/playground", playground.PlaygroundView.as_view(), name="playground"),
]
