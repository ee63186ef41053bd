# shellcheck shell=bash
# What the scripts of TAP here share. To be sourced, without arguments, before the caller
# looks at its own: takes --tap away from these, with which the status does not tell of
# failures, for Meson reads the lines.
# shellcheck disable=SC2034 # the caller's
failure_status=1
if [ "${1:-}" = --tap ]; then
  failure_status=0
  shift
fi
number=0
failed=0
# Meson has all memory filled that is allocated: an engine's 100 MB, for each start of the
# program.
unset MALLOC_PERTURB_

# check NAME COMPLAINT: passes if there is no complaint.
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

# within TENTHS COMMAND...: whether the command succeeds before so many tenths of a second
# have passed.
within() {
  local left=$1
  shift
  while ! "$@"; do
    [ $((left--)) -gt 0 ] || return 1
    sleep 0.1
  done
}

# Whether the process $child, the caller's, has ended.
# shellcheck disable=SC2154
ended() {
  ! kill -0 "$child" 2>/dev/null
}

# Whether the process $child sits and waits: it has slept in each of three looks.
waits() {
  local state
  for _ in 1 2 3; do
    state=$(sed 's/.*) \(.\).*/\1/' "/proc/$child/stat" 2>/dev/null)
    [ "$state" = S ] || return 1
    sleep 0.05
  done
}
