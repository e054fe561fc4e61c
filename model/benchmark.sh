#!/usr/bin/env bash
# Times the training step and the sampler step; --help explains the options. With --libtorch the same steps on
# libtorch are timed in turn, and the ratios printed.
set -euo pipefail

project="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$project"

options=()
profiles=()
modules=model
for option in "$@"; do
  if [[ "$option" == --libtorch ]]; then
    profiles=(-Ppeer)
    modules=model,model/peer
  else
    options+=("$option")
  fi
done

mvn -q -B -ntp "${profiles[@]}" -pl "$modules" test-compile \
  dependency:build-classpath@class-path >&2
if [[ "${#profiles[@]}" -gt 0 ]]; then
  options+=(--peer "model/peer/target/classes:$(<model/peer/target/class-path)")
fi
exec java -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
  -cp "model/target/test-classes:model/target/classes:$(<model/target/class-path)" \
  dev.ddpm.bench.Benchmark "${options[@]}"
