#!/usr/bin/env bash
# Runs a command of the job jar on Kubernetes: ./submit-scripts/kubernetes.sh --help
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/submit.sh" --manager kubernetes "$@"
