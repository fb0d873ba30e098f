#!/bin/sh
# What goes into the images. The Dockerfiles run these lines, and docker/rehearse runs them in an empty folder.
#   docker/install.sh pages|server|train        in the folder that holds the sources
set -eu
case "${1:-}" in
  pages)
    cd frontend
    npm install --no-save --no-audit --no-fund
    npm run build
    ;;
  server)
    python3 -I platform/variorum/bootstrap.py --extras server --no-pages
    ;;
  train)
    python3 -I platform/variorum/bootstrap.py --extras server,train --no-pages
    ;;
  *)
    echo "Usage: docker/install.sh pages|server|train" >&2
    exit 2
    ;;
esac
