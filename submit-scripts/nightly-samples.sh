#!/usr/bin/env bash
# The nightly batch: samples into a dated folder, resumes a night that failed, keeps the last nights.
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

fail() {
  echo "error: $1 (see 'nightly-samples.sh --help')" >&2
  exit "${2:-2}"
}

usage() {
  cat <<'HELP'
Usage: nightly-samples.sh --model FOLDER --output BASE --count N [OPTION...] [-- SUBMIT-OPTION...]
       nightly-samples.sh --model FOLDER --output BASE --classes all=N [OPTION...] [-- SUBMIT-OPTION...]

Samples N images into BASE/DATE. The seed is the date (20261124), so that every night has other images and a
night that is repeated has the same. A night that failed or was killed goes on where it ended when it is run
again: at once (--attempts), or later with --date. BASE is a folder or a URI such as hdfs:///samples; where a
folder without a scheme lies is for Hadoop's configuration to say, if there is one (HADOOP_CONF_DIR).

Options:
  --model FOLDER     run folder of 'train', or a model folder in it
  --output BASE      where the dated folders lie
  --count N          images per night; may be left out where --classes says how many of each
  --classes CLASSES  which classes, as 'sample' takes them: all=5000, trouser=500,bag=500, "from-table TABLE"
  --guidance SCALE   how far images are led towards their class, such as 2
  --config FILE      configuration of the experiment, as 'sample' takes it
  --set KEY=VALUE    overrides a configuration key; may be repeated
  --format FORMAT    png or npz besides the table
  --date YYYY-MM-DD  which night (default: today)
  --keep N           complete nights to keep, the newest ones (default: all)
  --attempts N       runs of the job before the night counts as failed (default: 2)
  --manager NAME     local, standalone, yarn or kubernetes (default: local)
  --dry-run          print what would be done instead of doing it
  -h, --help         this text
What follows -- goes to the manager's script, such as --executors 8 (see yarn.sh --help).

Exit codes: those of the job: 0 all images are there, 1 failure, 2 wrong option or configuration, 3 bad data,
4 machine or cluster, 130 and 143 interrupted; 2 and 3 are not tried again. Whatever a manager reports, only a
folder whose manifest says "complete" counts as success.
In the folder: images/ (Parquet), manifest.json, contact-sheet.png and report.html, one page with the sheet,
throughput and failures.

Examples:
  nightly-samples.sh --model runs/fashion-mnist --config conf/fashion-mnist.conf --output nights --count 1000
  nightly-samples.sh --model runs/clothes --output nights --classes all=5000 --guidance 2
  nightly-samples.sh --model hdfs:///runs/celeba --output hdfs:///samples --count 50000 --keep 14 \
    --manager yarn -- --executors 8 --executor-cores 4
As a cron line, with conf/nightly-cronjob.yaml for Kubernetes:
  15 1 * * *  /opt/ddpm/submit-scripts/nightly-samples.sh --model /runs/m --output /nights --count 1000 --keep 14
HELP
}

whole() {
  [[ "$2" =~ ^[1-9][0-9]*$ ]] || fail "$1 = $2: must be a whole number, at least 1"
}

model=""
output=""
count=""
classes=""
date="$(date +%F)"
keep=""
attempts=2
manager=local
dry_run=false
sample_options=()
submit_options=()
while [[ $# -gt 0 ]]; do
  case "$1" in
    -h | --help) usage; exit 0 ;;
    --dry-run) dry_run=true; shift; continue ;;
    --) shift; submit_options=("$@"); break ;;
    --model | --output | --count | --classes | --guidance | --config | --set | --format | --date | --keep | --attempts | --manager)
      [[ $# -ge 2 ]] || fail "$1 needs a value"
      ;;
    *) fail "unknown option $1" ;;
  esac
  case "$1" in
    --model) model=$2 ;;
    --output) output=${2%/} ;;
    --count) count=$2; whole "$1" "$2" ;;
    --classes) classes=$2; sample_options+=("$1" "$2") ;;
    --guidance | --config | --set | --format) sample_options+=("$1" "$2") ;;
    --date) date=$2 ;;
    --keep) keep=$2; whole "$1" "$2" ;;
    --attempts) attempts=$2; whole "$1" "$2" ;;
    --manager) manager=$2 ;;
  esac
  shift 2
done
[[ -n "$model" ]] || fail "--model is missing"
[[ -n "$output" ]] || fail "--output is missing"
[[ -n "$count" || "$classes" == *=* ]] || fail "--count is missing"
[[ "$date" =~ ^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$ ]] || fail "--date = $date: must be a day such as 2026-11-24"
[[ "$manager" =~ ^(local|standalone|yarn|kubernetes)$ ]] \
  || fail "--manager = $manager: must be local, standalone, yarn or kubernetes"

night="$output/$date"
command=("$scripts/$manager.sh" ${submit_options[@]+"${submit_options[@]}"} sample
  ${sample_options[@]+"${sample_options[@]}"}
  --set "sampling.seed=${date//-/}" --model "$model" --output "$night")
[[ -z "$count" ]] || command+=(--count "$count")
if "$dry_run"; then
  printf '%q ' "${command[@]}"
  echo
  [[ -z "$keep" ]] || echo "then keep the newest $keep complete nights in $output"
  exit 0
fi

use_utf8

# Where the nights lie on this machine; empty if only Hadoop knows. Its configuration says where paths without a scheme
# lead to: its files, or settings for the job.
folder=""
hadoop_options=()
hadoop_decides=false
spark_conf="${SPARK_CONF_DIR:-${SPARK_HOME:-$project/spark-job/target/spark}/conf}"
if [[ -n "${HADOOP_CONF_DIR:-}${YARN_CONF_DIR:-}" || -f "$spark_conf/core-site.xml" ]]; then
  hadoop_decides=true
fi
for word in ${submit_options[@]+"${submit_options[@]}"}; do
  if [[ "$word" == spark.hadoop.*=* ]]; then
    hadoop_options+=(-D "${word#spark.hadoop.}")
    [[ "$word" != spark.hadoop.fs.defaultFS=* ]] || hadoop_decides=true
  fi
done
if [[ "$output" =~ ^file:/+(.*)$ ]]; then
  folder="/${BASH_REMATCH[1]}"
elif ! "$hadoop_decides" && [[ ! "$output" =~ ^[A-Za-z][A-Za-z0-9+.-]+:/ ]]; then
  folder=$output
fi

# What is not on this machine is reached with Hadoop's own shell.
hadoop_fs() {
  SPARK_HOME="${SPARK_HOME:-$project/spark-job/target/spark}" \
    "$scripts/bin/spark-class" org.apache.hadoop.fs.FsShell ${hadoop_options[@]+"${hadoop_options[@]}"} "$@"
}

sha256() {
  if command -v sha256sum >/dev/null; then
    sha256sum
  else
    shasum -a 256
  fi
}

# Whether the manifest of a night says "complete", and its digest, which came with format 2, is that of its text.
is_complete() {
  local manifest text sum
  if [[ -n "$folder" ]]; then
    manifest="$(cat "$folder/$1/manifest.json" 2>/dev/null || true)"
  else
    manifest="$(hadoop_fs -cat "$output/$1/manifest.json" 2>/dev/null || true)"
  fi
  grep -q '^  "complete" : true' <<<"$manifest" || return 1
  if grep -q '^  "digest" : ' <<<"$manifest" || ! grep -q '^  "format_version" : 1,$' <<<"$manifest"; then
    text="${manifest%,*}"
    sum="$(printf '%s\n}\n' "$text" | sha256)"
    [[ "${manifest#"$text"}" == $',\n  "digest" : "sha256:'"${sum%% *}"$'"\n}' ]] || return 1
  fi
}

nights() {
  if [[ -n "$folder" ]]; then
    ls "$folder"
  else
    hadoop_fs -ls -C "$output" 2>/dev/null || true
  fi | sed 's:.*/::' | grep -E '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' | sort -r || true
}

remove() {
  echo "Removing $output/$1"
  if [[ -n "$folder" ]]; then
    rm -r "${folder:?}/$1"
  else
    hadoop_fs -rm -r -skipTrash "$output/$1"
  fi
}

# Two runs would do each other's work; on a file system that is not mounted they do, without harm.
if [[ -n "$folder" ]] && command -v flock >/dev/null; then
  mkdir -p "$folder"
  exec 9>"$folder/.nightly.lock"
  flock --nonblock 9 || fail "another run is at work in $output" 4
fi

for ((attempt = 1; ; attempt++)); do
  code=0
  passing_signals "${command[@]}" 9>&- || code=$?
  [[ -z "$signalled" ]] || exit "$code"
  if [[ $code -eq 0 ]] && ! is_complete "$date"; then
    echo "error: the job ended, but $night is not complete." >&2
    code=1
  fi
  [[ $code -ne 0 && $code -ne 2 && $code -ne 3 && $attempt -lt $attempts ]] || break
  echo "Attempt $attempt of $attempts failed with exit code $code: going on where it ended." >&2
done
if [[ $code -ne 0 ]]; then
  echo "error: the night $date failed with exit code $code after $attempt attempt(s); to go on, run again with --date $date." >&2
  exit "$code"
fi
echo "Report: $night/report.html"

if [[ -n "$keep" ]]; then
  kept=0
  for old in $(nights); do
    # A night that is incomplete, or whose manifest is damaged, is for someone to look at.
    if is_complete "$old"; then
      kept=$((kept + 1))
      [[ $kept -le $keep ]] || remove "$old"
    fi
  done
fi
