#!/bin/sh
# Installs what the lockfile names where it is missing or out of date, so that every npm script works
# from a fresh clone. Says one line, and only when there is something to do.
set -eu
cd "$(dirname "$0")/.."
if [ node_modules/.package-lock.json -nt package-lock.json ]; then exit 0; fi
# Of two scripts in one fresh clone each would clear away what the other installs: one waits.
if command -v flock >/dev/null; then
  exec 9<package-lock.json
  flock 9
  if [ node_modules/.package-lock.json -nt package-lock.json ]; then exit 0; fi
fi
echo 'installing what is missing (once) …' >&2
if ! said=$(npm ci --no-audit --no-fund --loglevel=error 2>&1); then
  printf '%s\nnpm could not install the dependencies; is the registry reachable?\n' "$said" >&2
  exit 1
fi
# npm leaves out, without a word, what is not made for this machine.
if [ ! -e node_modules/.bin/node ] && ! node -e 'process.exit(parseInt(process.versions.node) < 26)'; then
  echo "Node 26 comes along for Linux on x86-64 and arm64 only, and this is $(uname -sm): install it" >&2
  exit 1
fi
touch node_modules/.package-lock.json
