"""Addresses outside of /api/v1/, where the clients of others look: Git, Git LFS, and the read side of the Hub."""

from django.urls import path

from variorum.repos.hub import api as hub
from variorum.repos.lfs import batch, locks_api, transfer
from variorum.repos.transport import api as transport

LFS = "<slug:project>.git/info/lfs"
MODEL = "api/models/<slug:project>/<str:name>"

urlpatterns = [
    path(f"{LFS}/objects/batch", batch.BatchView.as_view(), name="lfs_batch"),
    path(f"{LFS}/objects/verify", batch.VerifyView.as_view(), name="lfs_verify"),
    path(f"{LFS}/objects/<str:oid>", transfer.ObjectView.as_view(), name="lfs_object"),
    path(f"{LFS}/locks", locks_api.LocksView.as_view(), name="lfs_locks"),
    path(f"{LFS}/locks/verify", locks_api.VerifyLocksView.as_view(), name="lfs_locks_verify"),
    path(f"{LFS}/locks/<int:lock>/unlock", locks_api.UnlockView.as_view(), name="lfs_unlock"),
    path("api/models", hub.ModelsView.as_view(), name="hub_models"),
    path("api/whoami-v2", hub.WhoAmIView.as_view(), name="hub_whoami"),
    path(MODEL, hub.ModelView.as_view(), name="hub_model"),
    path(f"{MODEL}/revision/<path:revision>", hub.ModelView.as_view(), name="hub_revision"),
    path(f"{MODEL}/tree/<path:rest>", hub.TreeView.as_view(), name="hub_tree"),
    path(f"{MODEL}/paths-info/<path:revision>", hub.PathsView.as_view(), name="hub_paths"),
    path(f"{MODEL}/refs", hub.RefsView.as_view(), name="hub_refs"),
    path(f"{MODEL}/commits/<path:revision>", hub.CommitsView.as_view(), name="hub_commits"),
    path("<slug:project>/<str:name>/resolve/<path:rest>", hub.ResolveView.as_view(), name="hub_resolve"),
    path("<slug:project>.git/info/refs", transport.RefsView.as_view(), name="git_refs"),
    path("<slug:project>.git/git-upload-pack", transport.UploadPackView.as_view(), name="git_upload_pack"),
    path("<slug:project>.git/git-receive-pack", transport.ReceivePackView.as_view(), name="git_receive_pack"),
]
