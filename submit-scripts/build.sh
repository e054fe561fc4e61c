#!/usr/bin/env bash
# Builds the job jar and the embedded Spark if they are missing or older than the sources.
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
jar="$project/spark-job/target/ddpm-spark.jar"
profile=()

case "${1:-}" in
  "") ;;
  -h | --help)
    cat <<'HELP'
Usage: build.sh [--gpus]

Builds spark-job/target/ddpm-spark.jar and the embedded Spark in spark-job/target/spark with Maven
(JDK 17), if they are missing or older than the sources. Tests are not run: 'mvn verify' does that.

Options:
  --gpus      build spark-job/target/ddpm-spark-cuda.jar instead, with ND4J for NVIDIA GPUs
  -h, --help  this text
HELP
    exit 0
    ;;
  --gpus)
    jar="$project/spark-job/target/ddpm-spark-cuda.jar"
    profile=(-Pcuda)
    ;;
  *)
    echo "error: unknown option $1 (see 'build.sh --help')" >&2
    exit 2
    ;;
esac

sources=("$project"/pom.xml "$project"/*/pom.xml "$project"/*/src/main)
if [[ -f "$jar" && -d "$project/spark-job/target/spark/jars" \
  && -z "$(find "${sources[@]}" -type f -newer "$jar" -print -quit)" ]]; then
  exit 0
fi

use_utf8
refuse_colon "the project" "$project"
if ! command -v mvn >/dev/null; then
  echo "error: mvn is not on the PATH; install Maven 3.8 or newer and a JDK 17." >&2
  exit 4
fi
echo "Building the job jar (a minute; the first time Maven also downloads its dependencies) ..."
cd "$project"
mvn -q -B -ntp ${profile[@]+"${profile[@]}"} -DskipTests package
# A build that found nothing to change leaves an older file.
touch "$jar"
