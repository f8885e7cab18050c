#!/bin/sh
# Installs what the lockfile names where it is missing or out of date, so that every npm script works
# from a fresh clone. Says one line, and only when there is something to do.
set -eu
cd "$(dirname "$0")/.."
if [ node_modules/.package-lock.json -nt package-lock.json ]; then exit 0; fi
echo 'installing what is missing (once) …' >&2
if ! said=$(npm ci --no-audit --no-fund --loglevel=error 2>&1); then
  printf '%s\nnpm could not install the dependencies; is the registry reachable?\n' "$said" >&2
  exit 1
fi
touch node_modules/.package-lock.json
