# shellcheck shell=bash
# Functions of the scripts that print TAP. To be sourced, without arguments, before the caller
# parses its own: removes --tap from these. With --tap the exit status does not depend on
# failures, since Meson reads the lines.
# shellcheck disable=SC2034 # the caller's
failure_status=1
if [ "${1:-}" = --tap ]; then
  failure_status=0
  shift
fi
number=0
failed=0
# Meson sets MALLOC_PERTURB_, which fills allocated memory: an engine's 100 MB, each time the
# program starts.
unset MALLOC_PERTURB_

# check NAME PROBLEM: passes if PROBLEM is empty.
check() {
  number=$((number + 1))
  if [ -z "$2" ]; then
    echo "ok $number - $1"
  else
    echo "not ok $number - $1"
    printf '%s\n' "$2" | sed 's/^/# /'
    failed=1
  fi
}

# skip NAME REASON
skip() {
  number=$((number + 1))
  echo "ok $number - $1 # SKIP $2"
}

# within TENTHS COMMAND...: repeats the command until it succeeds; 1 if it does not within that
# many tenths of a second.
within() {
  local left=$1
  shift
  while ! "$@"; do
    [ $((left--)) -gt 0 ] || return 1
    sleep 0.1
  done
}

# Whether the caller's process $child has ended.
# shellcheck disable=SC2154
ended() {
  ! kill -0 "$child" 2>/dev/null
}

# Whether the process $child waits: it was asleep in each of three checks.
waits() {
  local state
  for _ in 1 2 3; do
    state=$(sed 's/.*) \(.\).*/\1/' "/proc/$child/stat" 2>/dev/null)
    [ "$state" = S ] || return 1
    sleep 0.05
  done
}
