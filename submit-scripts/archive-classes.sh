#!/usr/bin/env bash
# Writes an archive of classes with which the drivers and executors of a cluster start sooner.
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
images="$project/spark-job/data/fashion-mnist-10k"

fail() {
  echo "error: $1 (see 'archive-classes.sh --help')" >&2
  exit "${2:-2}"
}

usage() {
  cat <<HELP
Usage: archive-classes.sh [OPTION...] ARCHIVE

Trains a tiny network for the JVM to write the file ARCHIVE (180 MB): Spark's classes and those of the job jar as it keeps
them once it has read and checked them. JVMs of the same Java, with the same jars at the same paths, start sooner with it.
An image has one of its own; conf/CLUSTERS.md tells how executors of other clusters use one.

Spark is that of \$SPARK_HOME, else the embedded one in spark-job/target/spark.

Options:
  --jar PATH       job jar (default: $jar)
  --images FOLDER  a table to train on (default: $images)
  -h, --help       this text
HELP
}

archive=""
while [[ $# -gt 0 ]]; do
  case "$1" in
    -h | --help) usage; exit 0 ;;
    --jar | --images)
      [[ $# -ge 2 ]] || fail "$1 needs a value"
      if [[ "$1" == --jar ]]; then jar=$2; else images=$2; fi
      shift 2
      ;;
    -*) fail "unknown option $1" ;;
    *)
      [[ -z "$archive" ]] || fail "two archives: $archive and $1"
      archive=$1
      shift
      ;;
  esac
done
[[ -n "$archive" ]] || fail "the name of the archive is missing"
[[ "$archive" == /* ]] || archive="$PWD/$archive"
export SPARK_HOME="${SPARK_HOME:-$project/spark-job/target/spark}"
[[ -d "$SPARK_HOME/jars" ]] || fail "there is no Spark in $SPARK_HOME: run submit-scripts/build.sh, or set SPARK_HOME" 4
[[ -f "$jar" ]] || fail "there is no job jar $jar: run submit-scripts/build.sh" 4
use_utf8

folder="$(mktemp -d)"
trap 'rm -rf "$folder" "$archive.new"' EXIT
archived_job=()
set_archived_job "$project/conf/fashion-mnist.conf" "$images" "$folder/run"
options="--add-modules=jdk.incubator.vector -Djava.awt.headless=true -Djava.io.tmpdir=$folder"
options+=" -Dorg.bytedeco.javacpp.maxphysicalbytes=4g -Dorg.bytedeco.javacpp.cachedir=$folder/natives"
code=0
# The job jar comes before Spark's jars, as where it is put on the class path of executors.
(
  cd "$folder"
  exec env DDPM_WRITE_CLASS_ARCHIVE=true "DDPM_CLASS_ARCHIVE=$archive.new" SPARK_LOCAL_IP=127.0.0.1 OMP_NUM_THREADS=1 \
    "$scripts/bin/spark-submit" --master 'local[2]' --driver-memory 1g \
    --driver-class-path "$jar" --driver-java-options "$options" \
    --conf spark.serializer=org.apache.spark.serializer.JavaSerializer \
    --class dev.ddpm.spark.Main spark-internal "${archived_job[@]}"
) >"$folder/log" 2>&1 || code=$?
if [[ $code -ne 0 || ! -f "$archive.new" ]]; then
  cat "$folder/log" >&2
  fail "no archive of classes was written: the lines above tell why" 4
fi
# A JVM that finds half of an archive crashes: it gets its name when it is known to be whole.
mv -f "$archive.new" "$archive"
echo "Archive of classes: $archive"
