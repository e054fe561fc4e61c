#!/usr/bin/env bash
# Builds the container image with Spark, the job jar, conf/ and the submit scripts.
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
  echo "error: $1 (see 'build-image.sh --help')" >&2
  exit "${2:-2}"
}

usage() {
  cat <<'HELP'
Usage: build-image.sh [OPTION...] NAME

Builds the image NAME, such as registry/ddpm-spark:0.2, from image/Dockerfile: Java 17, Spark, the job jar, conf/
and submit-scripts/. Needs Docker (with BuildKit) or Podman. Push it where the cluster finds it.

Options:
  --gpus         with the job jar of profile cuda on an image with the CUDA 11.6 and cuDNN libraries
  --engine NAME  docker or podman (default: docker)
  --dry-run      print the commands instead of running them
  -h, --help     this text
HELP
}

engine=docker
gpus=false
dry_run=false
name=""
while [[ $# -gt 0 ]]; do
  case "$1" in
    -h | --help) usage; exit 0 ;;
    --gpus) gpus=true; shift ;;
    --dry-run) dry_run=true; shift ;;
    --engine)
      [[ $# -ge 2 ]] || fail "$1 needs a value"
      engine=$2
      shift 2
      ;;
    -*) fail "unknown option $1" ;;
    *)
      [[ -z "$name" ]] || fail "two names: $name and $1"
      name=$1
      shift
      ;;
  esac
done
[[ -n "$name" ]] || fail "the name of the image is missing"
[[ "$engine" == docker || "$engine" == podman ]] || fail "--engine = $engine: must be docker or podman"

build=("$project/submit-scripts/build.sh" --no-archive)
image=("$engine" build --file "$project/image/Dockerfile" --tag "$name")
if "$gpus"; then
  build=("$project/submit-scripts/build.sh" --gpus)
  image+=(--build-arg BASE_IMAGE=nvidia/cuda:11.6.2-cudnn8-runtime-ubuntu20.04
    --build-arg JOB_JAR=ddpm-spark-cuda.jar)
fi
image+=("$project")

if "$dry_run"; then
  printf '%q ' "${build[@]}"
  echo
  printf '%q ' "${image[@]}"
  echo
  exit 0
fi
command -v "$engine" >/dev/null || fail "$engine is not on the PATH" 4
"${build[@]}"
# Docker reads image/Dockerfile.dockerignore only with BuildKit.
DOCKER_BUILDKIT=1 "${image[@]}"
