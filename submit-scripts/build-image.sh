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
  --gpus         on an image with the libraries of CUDA 13 and cuDNN 9, for submit scripts with --gpus
  --gpus-nd4j    with the job jar of profile cuda on an image with those of CUDA 11.6 and cuDNN 8, for --gpus-nd4j
  --engine NAME  docker or podman (default: docker)
  --dry-run      print the commands instead of running them
  -h, --help     this text
HELP
}

engine=docker
gpus=false
nd4j=false
dry_run=false
name=""
while [[ $# -gt 0 ]]; do
  case "$1" in
    -h | --help) usage; exit 0 ;;
    --gpus) gpus=true; shift ;;
    --gpus-nd4j) nd4j=true; shift ;;
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
! { "$gpus" && "$nd4j"; } || fail "--gpus and --gpus-nd4j are two images"
[[ -n "$name" ]] || fail "the name of the image is missing"
[[ "$engine" == docker || "$engine" == podman ]] || fail "--engine = $engine: must be docker or podman"

build=("$project/submit-scripts/build.sh" --no-archive)
image=("$engine" build --file "$project/image/Dockerfile" --tag "$name")
if "$gpus"; then
  image+=(--build-arg BASE_IMAGE=nvidia/cuda:13.0.1-cudnn-runtime-ubuntu22.04)
elif "$nd4j"; then
  build=("$project/submit-scripts/build.sh" --gpus-nd4j)
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
