#!/usr/bin/env bash
# Runs a command of the job jar on this machine: ./submit-scripts/local.sh --help
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/submit.sh" --manager local "$@"
