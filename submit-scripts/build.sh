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
archive="$project/spark-job/target/ddpm-spark.jsa"
profile=()
with_archive=true

case "${1:-}" in
  "") ;;
  --no-archive) with_archive=false ;;
  -h | --help)
    cat <<'HELP'
Usage: build.sh [--no-archive | --gpus-nd4j]

Builds spark-job/target/ddpm-spark.jar and the embedded Spark in spark-job/target/spark with Maven
(JDK 17), if they are missing or older than the sources. Tests are not run: 'mvn verify' does that.
Then it trains a tiny network to write spark-job/target/ddpm-spark.jsa (170 MB), an archive of classes
with which jobs on this machine start sooner.

Options:
  --no-archive  without the archive of classes
  --gpus-nd4j   build spark-job/target/ddpm-spark-cuda.jar instead, with ND4J's own back end for NVIDIA GPUs
                (CUDA 11.6); the plain job jar has this project's, for CUDA 13
  -h, --help    this text
HELP
    exit 0
    ;;
  --gpus-nd4j)
    jar="$project/spark-job/target/ddpm-spark-cuda.jar"
    profile=(-Pcuda)
    with_archive=false
    ;;
  *)
    echo "error: unknown option $1 (see 'build.sh --help')" >&2
    exit 2
    ;;
esac

# Reads what Maven prints. Tells from time to time what it has downloaded, and hands on everything else.
tell_downloads() {
  local line files=0 bytes=0 told=0 current="" unit=0
  while IFS= read -r line; do
    case "$line" in
      tick)
        # Also while nothing but one large file is under way.
        [[ $files -eq $told && -z "$current" ]] \
          || echo "  Maven: $files files, $((bytes / 1000000)) MB downloaded${current:+; now $current}"
        told=$files
        ;;
      *"Downloading from "*) current="${line##*/}" ;;
      *"Downloaded from "*)
        files=$((files + 1))
        [[ "${line%% (*}" != *"/$current" ]] || current=""
        if [[ "$line" =~ \(([0-9]+)(\.([0-9]))?\ ([kMG]?)B ]]; then
          case "${BASH_REMATCH[4]}" in
            k) unit=1000 ;;
            M) unit=1000000 ;;
            G) unit=1000000000 ;;
            *) unit=1 ;;
          esac
          bytes=$((bytes + BASH_REMATCH[1] * unit + ${BASH_REMATCH[3]:-0} * unit / 10))
        fi
        ;;
      *) printf '%s\n' "$line" ;;
    esac
  done
}

# Maven, silent but for errors and its downloads, with a line now and then that asks to tell of these.
build() {
  local code=0 ticker levels=org.slf4j.simpleLogger
  # The sleep that is left over when the loop is killed must not hold the pipe.
  while sleep 5 >/dev/null; do echo tick; done &
  ticker=$!
  mvn -B "-D$levels.defaultLogLevel=error" \
    "-D$levels.log.org.apache.maven.cli.transfer.Slf4jMavenTransferListener=info" \
    ${profile[@]+"${profile[@]}"} -DskipTests package || code=$?
  kill "$ticker"
  return "$code"
}

# Runs a tiny job for the JVM to write down the classes of it. Jobs on this machine start sooner with that archive and
# need it for nothing else: so this may fail.
archive_classes() {
  local folder archived_job code=0
  echo "Writing an archive of classes, with which jobs on this machine start sooner (half a minute) ..."
  rm -f "$archive" "$archive.new"
  folder="$(mktemp -d)"
  set_archived_job conf/fashion-mnist.conf spark-job/data/fashion-mnist-10k "$folder/run"
  # What is on the class path besides, jobs may have behind it, and need not.
  env -u SPARK_HOME -u SPARK_CONF_DIR -u SPARK_DIST_CLASSPATH -u HADOOP_CONF_DIR -u YARN_CONF_DIR \
    "$scripts/submit.sh" --manager local --write-archive "$archive.new" --master 'local[2]' "${archived_job[@]}" \
    >"$archive.log" 2>&1 || code=$?
  rm -rf "$folder"
  # A JVM that finds half of an archive crashes: it gets its name when it is known to be whole.
  if [[ $code -eq 0 && -f "$archive.new" ]]; then
    mv "$archive.new" "$archive"
  else
    rm -f "$archive.new"
    echo "  There is none, and jobs do without: $archive.log tells why."
  fi
}

build_jar() {
  use_utf8
  refuse_colon "the project" "$project"
  if ! command -v mvn >/dev/null; then
    echo "error: mvn is not on the PATH; install Maven 3.8 or newer and a JDK 17." >&2
    exit 4
  fi
  echo "Building the job jar (a minute; the first time Maven also downloads its dependencies) ..."
  local code=0
  build | tell_downloads || code=$?
  if [[ $code -ne 0 ]]; then
    # Maven may have failed at what it had just built: the next call must not take that for current.
    [[ ! -f "$jar" ]] || touch -t 197001020000 "$jar"
    return "$code"
  fi
  # A build that found nothing to change leaves an older file.
  touch "$jar"
}

cd "$project"
sources=("$project"/pom.xml "$project"/*/pom.xml "$project"/*/src/main)
if [[ ! -f "$jar" || ! -d "$project/spark-job/target/spark/jars" \
  || -n "$(find "${sources[@]}" -type f -newer "$jar" -print -quit)" ]]; then
  build_jar
fi

if "$with_archive" && [[ ! "$archive" -nt "$jar" ]]; then
  archive_classes
fi
