#!/bin/sh
# Builds the programs, packs the Node they run on, and prints as JSON what was made: see release.ts.
#   sh packaging/release.sh [--bundles FOLDER] x64|arm64 …
set -eu
cd "$(dirname "$0")/.."
sh scripts/ready.sh
case "$*" in
*--bundles*) ;;
*) npm run --silent build >&2 ;;
esac
exec npm exec --silent -- node packaging/release.ts "$@"
