"""Git LFS at /<project>.git/info/lfs (github.com/git-lfs/git-lfs, docs/api): batch, transfers, locks, collection."""
