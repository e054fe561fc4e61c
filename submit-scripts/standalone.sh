#!/usr/bin/env bash
# Runs a command of the job jar on a Spark standalone cluster: ./submit-scripts/standalone.sh --help
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/submit.sh" --manager standalone "$@"
