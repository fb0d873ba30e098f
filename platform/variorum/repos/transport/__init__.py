"""Git over HTTP: fetch by git's own upload-pack, push by our own receiver, which checks before anything lands."""
