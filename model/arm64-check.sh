#!/usr/bin/env bash
# Runs tests of the model on an emulated 64-bit ARM processor; --help explains it.
set -euo pipefail

project="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
work="$project/model/target/arm64"
root="$work/root"
cpu=neoverse-n1

case "${1:-}" in
  -h | --help)
    cat <<'HELP'
Usage: arm64-check.sh [TESTS]

Builds with the natives of linux-arm64 and runs tests of model/ on a processor that QEMU emulates, with
vectors of 128 bits. TESTS are class names as Surefire takes them. The default, the golden tests and those
that compare the back ends, takes more than an hour on one core: an emulated JVM is slow.

Needs Maven, and Debian or Ubuntu with apt-get and dpkg-deb. QEMU and a JDK 17 for ARM are downloaded into
model/target/arm64 and unpacked there; nothing is installed.
HELP
    exit 0
    ;;
esac
tests="${1:-Golden*Test,BackendAgreementTest,ConvolutionTest,MatrixProductTest}"

# Downloads packages of an architecture with all that they need, and unpacks them.
unpack() {
  local architecture=$1 target=$2 state="$work/apt-$1"
  shift 2
  mkdir -p "$state/lists/partial" "$state/archives/partial" "$target"
  : >"$state/status"
  local options=(
    -q -y
    -o "APT::Architecture=$architecture" -o "APT::Architectures=$architecture"
    -o "Dir::State=$state" -o "Dir::State::status=$state/status" -o "Dir::Cache=$state"
  )
  apt-get "${options[@]}" update
  apt-get "${options[@]}" --no-install-recommends --download-only install "$@"
  local package
  for package in "$state"/archives/*.deb; do
    dpkg-deb -x "$package" "$target"
  done
}

# Links that mean the root of the emulated system would be followed in that of this machine.
relink() {
  local link target
  while IFS= read -r -d '' link; do
    target="$(readlink "$link")"
    [[ "$target" != /* ]] || ln -sfn "$root$target" "$link"
  done < <(find "$root" -type l -print0)
}

if [[ ! -x "$work/bin/java" ]]; then
  rm -rf "$work"
  unpack "$(dpkg --print-architecture)" "$work/qemu" qemu-user-static >&2
  unpack arm64 "$root" openjdk-17-jre-headless libgomp1 libstdc++6 >&2
  relink
  mkdir -p "$work/bin"
  cat >"$work/bin/java" <<JAVA
#!/bin/sh
exec "$work/qemu/usr/bin/qemu-aarch64-static" -cpu $cpu -L "$root" \\
  "$root/usr/lib/jvm/java-17-openjdk-arm64/bin/java" "\$@"
JAVA
  chmod +x "$work/bin/java"
fi

cd "$project"
"$work/bin/java" -version
exec mvn -B -ntp -pl model -Djavacpp.platform=linux-arm64 "-Djvm=$work/bin/java" "-Dtest=$tests" \
  -Dsurefire.failIfNoSpecifiedTests=false test
