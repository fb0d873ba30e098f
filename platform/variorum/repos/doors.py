"""Addresses outside of /api/v1/, where the clients of others look: Git LFS below /<project>.git."""

from django.urls import path

from variorum.repos.lfs import batch, locks_api, transfer

LFS = "<slug:project>.git/info/lfs"

urlpatterns = [
    path(f"{LFS}/objects/batch", batch.BatchView.as_view(), name="lfs_batch"),
    path(f"{LFS}/objects/verify", batch.VerifyView.as_view(), name="lfs_verify"),
    path(f"{LFS}/objects/<str:oid>", transfer.ObjectView.as_view(), name="lfs_object"),
    path(f"{LFS}/locks", locks_api.LocksView.as_view(), name="lfs_locks"),
    path(f"{LFS}/locks/verify", locks_api.VerifyLocksView.as_view(), name="lfs_locks_verify"),
    path(f"{LFS}/locks/<int:lock>/unlock", locks_api.UnlockView.as_view(), name="lfs_unlock"),
]
