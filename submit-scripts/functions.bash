#!/usr/bin/env bash
# What several of the scripts need; they read it with 'source'.
set -euo pipefail

# Java tells names of files by the locale; in that of cron and of many containers, C, it finds none that are not ASCII.
use_utf8() {
  if [[ "$(locale charmap 2>/dev/null)" == ANSI_X3.4-1968 \
    && "$(LC_ALL=C.UTF-8 locale charmap 2>/dev/null)" == UTF-8 ]]; then
    export LC_ALL=C.UTF-8
  fi
}

# Refuses a path that cannot be an entry of a class path, whose entries colons part.
refuse_colon() {
  if [[ "$2" == *:* ]]; then
    echo "error: $1 $2 has a colon in its path, which Java takes for the end of a path: move it." >&2
    exit 4
  fi
}

# Megabytes of memory of this machine, or of the container that this runs in; 0 where that is not known.
machine_megabytes() {
  local megabytes=0 key size controllers group file
  if [[ -r /proc/meminfo ]]; then
    read -r key size _ </proc/meminfo
    [[ "$key" != MemTotal: ]] || megabytes=$((size >> 10))
  elif size="$(sysctl -n hw.memsize 2>/dev/null)"; then
    megabytes=$((size >> 20))
  fi
  # The control group of this process, and each that it lies in, may have a bound. A container may see the last alone.
  if [[ -r /proc/self/cgroup ]]; then
    while IFS=: read -r _ controllers group; do
      case ",$controllers," in
        ,,) group=/sys/fs/cgroup$group file=memory.max ;;
        *,memory,*) group=/sys/fs/cgroup/memory$group file=memory.limit_in_bytes ;;
        *) continue ;;
      esac
      while [[ "$group" == /sys/fs/cgroup* ]]; do
        if [[ -r "$group/$file" ]] && read -r size <"$group/$file" && [[ "$size" =~ ^[0-9]+$ ]] \
          && ((size >> 20 < megabytes)); then
          megabytes=$((size >> 20))
        fi
        group=${group%/*}
      done
    done </proc/self/cgroup
  fi
  echo "$megabytes"
}

# The last signal that this script has got while it ran something; empty for none.
# shellcheck disable=SC2034
signalled=""

# Runs a command and returns its exit code. Signals to this script go to the command and all that it runs, whose end is
# waited for: without this a SIGTERM would end the script alone.
passing_signals() {
  local child code signal interrupted=true
  # A process group of its own, which does not ignore Ctrl-C as other processes in the background do.
  set -m
  "$@" &
  child=$!
  set +m
  for signal in HUP INT TERM; do
    # shellcheck disable=SC2064
    trap "interrupted=true; signalled=$signal; kill -$signal -- -$child 2>/dev/null || true" "$signal"
  done
  # A signal ends 'wait', not the command.
  while "$interrupted"; do
    interrupted=false
    code=0
    wait "$child" || code=$?
  done
  trap - HUP INT TERM
  return "$code"
}

# Sets archived_job to a job in which the JVM loads nearly all classes that jobs need: it trains a tiny network for two
# rounds, with all that belongs to it.
# Arguments: conf/fashion-mnist.conf, the images, a folder for the run.
set_archived_job() {
  # shellcheck disable=SC2034
  archived_job=(train --config "$1" --data "$2" --run "$3"
    --set model.channels=8 --set 'model.channel-multipliers=[1]' --set 'model.attention=[true]'
    --set training.batch-size=2 --set training.averaging-frequency=2 --set training.max-rounds=2
    --set training.warm-up-steps=0 --set validation.fraction=0.001 --set validation.every=1
    --set validation.sheet-every=2 --set sampling.steps=2)
}
