#!/usr/bin/env bash
# Packs what checks and times this project on an NVIDIA card, for a machine with the card and nothing else: --help explains.
set -euo pipefail

project="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
usage="Usage: gpu/check.sh [--peer FILE] [--class-path PATH] FOLDER

Fills FOLDER with at most 40 MiB: a small Java, the bindings to CUDA 13, this project's classes, golden vectors and results of
this machine's CPU. On a machine with an NVIDIA card, CUDA 13 and cuDNN 9 (those of PyTorch's wheels do) 'bash FOLDER/run.sh'
then says in less than five minutes whether the card computes what it should, and how fast. It writes check.json and check.md
into \$OUT, or into FOLDER. Exit status: 0 if all is as it should be, 1 if not, 3 without a card.

  --peer FILE         torch_unet.py, the same networks in PyTorch, which are compared with golden vectors and timed as well
  --class-path PATH   that of the tests of model/, which are compiled already: Maven is not started"

peer=""
class_path=""
folder=""
while [[ $# -gt 0 ]]; do
  case "$1" in
    -h | --help)
      echo "$usage"
      exit 0
      ;;
    --peer)
      peer="${2:?"--peer takes a file"}"
      shift
      ;;
    --class-path)
      class_path="${2:?"--class-path takes a path"}"
      shift
      ;;
    -*)
      echo "error: unknown option $1 (see 'gpu/check.sh --help')" >&2
      exit 2
      ;;
    *) folder=$1 ;;
  esac
  shift
done
if [[ -z "$folder" ]]; then
  echo "$usage" >&2
  exit 2
fi
if [[ -n "$peer" && ! -f "$peer" ]]; then
  echo "error: no file $peer" >&2
  exit 2
fi
mkdir -p "$folder"
folder="$(cd "$folder" && pwd)"

cd "$project"
if [[ -z "$class_path" ]]; then
  mvn -q -B -ntp -pl model test-compile dependency:build-classpath@class-path
  class_path="$(<model/target/class-path)"
fi
classes=model/target/classes
tests=model/target/test-classes

rm -rf "${folder:?}/lib" "$folder/golden" "$folder/jre" "$folder/jre.tgz" "$folder/torch_unet.py"
mkdir "$folder/lib" "$folder/golden"
IFS=: read -ra jars <<<"$class_path"
for jar in "${jars[@]}"; do
  case "${jar##*/}" in
    # natives of other platforms are left out, and so is all that ND4J and DL4J are made of
    javacpp-[0-9]*-linux-x86_64.jar | cuda-[0-9]*-linux-x86_64.jar) cp "$jar" "$folder/lib/" ;;
    javacpp-[0-9]*-*-*.jar) ;;
    javacpp-[0-9]* | cuda-[0-9]* | jna-[0-9]* | slf4j-api-* | slf4j-simple-*) cp "$jar" "$folder/lib/" ;;
    jackson-core-* | jackson-databind-* | jackson-annotations-*) cp "$jar" "$folder/lib/" ;;
  esac
done
jar --create --file "$folder/lib/ddpm.jar" -C "$classes" .
jar --create --file "$folder/lib/check.jar" -C "$tests" dev/ddpm/bench -C "$tests" dev/ddpm/golden
for name in layers tiny rgb_attn2 unet2d_classes_small; do
  cp "$tests/golden/$name.safetensors" "$folder/golden/"
done

OMP_NUM_THREADS=1 java --add-modules=jdk.incubator.vector -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
  -cp "$tests:$classes:$class_path" dev.ddpm.bench.gpu.CpuResults "$folder/cpu-results.bin"

jlink --compress=2 --strip-debug --no-header-files --no-man-pages --output "$folder/jre" \
  --add-modules java.base,java.logging,java.management,jdk.unsupported
tar -C "$folder" -czf "$folder/jre.tgz" jre
rm -rf "$folder/jre"
if [[ -n "$peer" ]]; then
  cp "$peer" "$folder/torch_unet.py"
fi

cat >"$folder/run.sh" <<'RUN'
#!/usr/bin/env bash
# Checks and times the card of this machine: see gpu/check.sh of the project that packed this.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
out="${OUT:-$PWD}"
[[ -x jre/bin/java ]] || tar xzf jre.tgz
if command -v nvidia-smi >/dev/null; then
  nvidia-smi --query-gpu=name,driver_version,memory.total,memory.used --format=csv,noheader
fi
wheels=""
if command -v python3 >/dev/null; then
  wheels="$(
    python3 - <<'PYTHON'
import glob, os, site
found = {os.path.dirname(f) for s in site.getsitepackages() for f in glob.glob(s + "/nvidia/**/lib*.so*", recursive=True)}
print(":".join(sorted(found)))
PYTHON
  )"
fi
export LD_LIBRARY_PATH="${wheels:+$wheels:}/usr/local/cuda/lib64:/usr/local/nvidia/lib64${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
peer=()
[[ ! -f torch_unet.py ]] || peer=(torch_unet.py)
exec jre/bin/java -Xmx1g -cp 'lib/*:.' dev.ddpm.bench.gpu.GpuCheck \
  "$out" cpu-results.bin golden/tiny.safetensors "${peer[@]}"
RUN
size="$(du -sk "$folder" | cut -f 1)"
echo "$folder: $((size / 1024)) MiB"
if [[ "$size" -gt 40960 ]]; then
  echo "error: that is more than 40 MiB" >&2
  exit 1
fi
