#!/usr/bin/env bash
# From a fresh clone to generated images: builds, trains on the shipped images, samples 80.
set -euo pipefail

self="${BASH_SOURCE[0]}"
while [[ -L "$self" ]]; do
  target="$(readlink "$self")"
  [[ "$target" == /* ]] || target="$(dirname "$self")/$target"
  self=$target
done
scripts="$(CDPATH="" cd -- "$(dirname -- "$self")" && pwd)"
project="$(dirname "$scripts")"
# shellcheck source=/dev/null
source "$scripts/functions.bash"
run=runs/fashion-mnist

case "${1:-}" in
  "") ;;
  -h | --help)
    cat <<'HELP'
Usage: quickstart.sh [--dry-run]

Builds the project (JDK 17 and Maven), trains conf/fashion-mnist.conf on the 10,000 Fashion-MNIST images that
come with it, with two workers of one core each, and samples 80 images, eight of every class, on all cores. Everything it
makes is in runs/fashion-mnist: run again, it continues there; remove that folder to start over.

Options:
  --dry-run   print the commands of training and sampling instead of building and running
  -h, --help  this text
HELP
    exit 0
    ;;
  --dry-run) ;;
  *)
    echo "error: unknown option $1 (see 'quickstart.sh --help')" >&2
    exit 2
    ;;
esac

cd "$project"
[[ "${1:-}" == --dry-run ]] || passing_signals "$scripts/build.sh" --no-archive
passing_signals "$scripts/local.sh" --master 'local[2]' "$@" train --config conf/fashion-mnist.conf \
  --data spark-job/data/fashion-mnist-10k --run "$run" || {
  code=$?
  [[ "$code" != 2 ]] || echo "To start over, as with a $run of an earlier version, remove it." >&2
  exit "$code"
}
if [[ "${1:-}" != --dry-run && -f "$run/samples/contact-sheet.png" ]]; then
  echo "Sampled before. Contact sheet: $run/samples/contact-sheet.png"
else
  passing_signals "$scripts/local.sh" "$@" sample --config conf/fashion-mnist.conf \
    --model "$run" --output "$run/samples" --count 80
fi
