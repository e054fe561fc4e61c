#!/usr/bin/env bash
# What several of the scripts need; they read it with 'source'.
set -euo pipefail

# The last signal that this script has got while it ran something; empty for none.
signalled=""

# Runs a command and returns its exit code. Signals to this script go to the command, whose end is waited for: without
# this a SIGTERM would end the script alone.
passing_signals() {
  local child code signal interrupted=true
  # A process group of its own, which does not ignore Ctrl-C as other processes in the background do.
  set -m
  "$@" &
  child=$!
  set +m
  for signal in HUP INT TERM; do
    # shellcheck disable=SC2064
    trap "interrupted=true; signalled=$signal; kill -$signal $child 2>/dev/null || true" "$signal"
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
