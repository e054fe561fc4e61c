#!/usr/bin/env bash
# Tells Spark the addresses of this machine's NVIDIA GPUs, as JSON: {"name": "gpu", "addresses": ["0", "1"]}.
# Where a container sees some of them only, nvidia-smi lists those.
set -euo pipefail

if ! command -v nvidia-smi >/dev/null; then
  echo "error: nvidia-smi is not on the PATH: this machine or container has no NVIDIA driver." >&2
  exit 4
fi
addresses=()
while read -r index; do
  addresses+=("\"$index\"")
done < <(nvidia-smi --query-gpu=index --format=csv,noheader)
if [[ ${#addresses[@]} -eq 0 ]]; then
  echo "error: nvidia-smi lists no GPU." >&2
  exit 4
fi
list="$(IFS=,; echo "${addresses[*]}")"
echo "{\"name\": \"gpu\", \"addresses\": [${list//,/, }]}"
