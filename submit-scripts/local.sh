#!/usr/bin/env bash
# Runs a command of the job jar on this machine: ./submit-scripts/local.sh --help
set -euo pipefail
self="${BASH_SOURCE[0]}"
while [[ -L "$self" ]]; do
  target="$(readlink "$self")"
  [[ "$target" == /* ]] || target="$(dirname "$self")/$target"
  self=$target
done
exec "$(dirname "$self")/submit.sh" --manager local "$@"
