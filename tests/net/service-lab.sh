# shellcheck shell=bash
# Services in a network of namespaces, for tests that have many of them side by side. To be
# sourced by bash, after lab.sh; needs root.
#
#   client == eth0, eth1, ... == near
#
# Link N is a plain one, with addresses of its own (link_address, link_peer). A part of a test
# runs beside the others, with what it has started; its output is printed when it ends.
#
# The caller sets LAB_BIN, and tcpmetro, the program, where other users may run it.
# shellcheck disable=SC2034,SC2154,SC2317 # some variables are for the caller, some are its own

# until_true MS COMMAND...: repeats the command until it succeeds; 1 if it does not within MS.
until_true() {
  local until=$((${EPOCHREALTIME/[.,]/} / 1000 + $1))
  shift
  until "$@"; do
    [ $((${EPOCHREALTIME/[.,]/} / 1000)) -gt $until ] && return 1
    sleep 0.03
  done
}

# ---- links ----

link_net() {
  if [ "$1" -lt 4 ]; then echo 192.0.2; else echo 198.51.100; fi
}

# link_address N: the client's. link_peer N [HOST]: near's, 2 (or 3, 4).
link_address() { echo "$(link_net "$1").$((1 + 64 * ($1 % 4)))"; }
link_peer() { echo "$(link_net "$1").$((${2:-2} + 64 * ($1 % 4)))"; }

# link_up N: with three addresses of each version at the other end. Without routers and
# neighbours asking, so that nothing passes but what the test sends.
link_up() {
  local host
  lab_link "$LAB_CLIENT" "eth$1" "$LAB_NEAR" "eth$1" &&
    lab_address "$LAB_CLIENT" "eth$1" "$(link_address "$1")/26" "2001:db8:$1::1/64" || return 1
  for host in 2 3 4; do
    lab_address "$LAB_NEAR" "eth$1" "$(link_peer "$1" $host)/26" "2001:db8:$1::$host/64" || return 1
  done
}

client() { ip netns exec "$LAB_CLIENT" "$@" </dev/null; }

# talk ADDRESS [KIND [COUNT]]: a connection.
talk() {
  client timeout 5 "$LAB_BIN/traffic" client "$1" "$LAB_PORT" "${2:-up}" "${3:-2}" >/dev/null 2>&1
}

# keep_talking KIND COUNT ADDRESS...: one connection after another, until it is ended.
keep_talking() {
  local kind=$1 count=$2 address
  shift 2
  (
    trap 'kill $! 2>/dev/null; exit' TERM
    while :; do
      for address in "$@"; do
        ip netns exec "$LAB_CLIENT" timeout 5 "$LAB_BIN/traffic" client "$address" "$LAB_PORT" \
          "$kind" "$count" </dev/null >/dev/null 2>&1 &
        wait $!
        sleep 0.05
      done
    done
  ) &
  LAB_PID=$!
  LAB_PIDS+=("$LAB_PID")
}

# ---- services ----

declare -A PID
lines() { wc -l <"$LAB_DIR/$1"; }

# count WORD FILE: how many lines of it have the word.
count() { grep -c -e "$1" "$LAB_DIR/$2" 2>/dev/null; }
has() { grep -q -e "$1" "$LAB_DIR/$2" 2>/dev/null; }
has_more() { [ "$(count "$1" "$2")" -gt "$3" ]; }

# config NAME: standard input becomes the file NAME.yaml, all at once.
config() {
  cat >"$LAB_DIR/$1.yaml.new" && chmod 644 "$LAB_DIR/$1.yaml.new" &&
    mv "$LAB_DIR/$1.yaml.new" "$LAB_DIR/$1.yaml"
}

# run NAME COMMAND...: in the background; its id in PID[NAME].
run() {
  local name=$1
  shift
  # A shell's children in the background ignore SIGINT from the start.
  lab_start "$name" "$LAB_CLIENT" env --default-signal=INT "$@"
  PID[$name]=$LAB_PID
}

# serve NAME [VARIABLE=VALUE...]: a service by NAME.yaml; until it has begun.
serve() {
  local name=$1
  shift
  run "$name" env "$@" "$tcpmetro" -c "$LAB_DIR/$name.yaml"
  lab_wait_for "$name" ' started with ' || fail "$name: did not begin"
}

# sink NAME udp PORT, or unix PATH: what comes there is in NAME.out.
sink() {
  run "$1" "$LAB_BIN/notify_sink" "$2" "$3"
  lab_wait_for "$1" ready
}

# ended NAME MS: waits up to MS for its end; its status in STATUS.
STATUS=
ended() {
  local until=$(($(now_ms) + $2))
  while kill -0 "${PID[$1]}" 2>/dev/null; do
    if [ "$(now_ms)" -gt "$until" ]; then
      STATUS="none, it runs on"
      return 1
    fi
    sleep 0.02
  done
  wait "${PID[$1]}"
  STATUS=$?
}

# ends_by SIGNAL NAME: within 2 s, with status 0.
ends_by() {
  local start
  start=$(now_ms)
  kill -s "$1" "${PID[$2]}"
  if ended "$2" 2000 && [ "$STATUS" = 0 ]; then
    echo "ok   SIG$1: $2 ended in $(($(now_ms) - start)) ms"
  else
    fail "SIG$1: $2 has status $STATUS after $(($(now_ms) - start)) ms"
    tail -n 5 "$LAB_DIR/$2.err"
  fi
}

# metric PORT NAME: the sum of a metric of Prometheus, by what its line begins with.
metric() {
  client curl -s --max-time 5 "http://127.0.0.1:$1/metrics" |
    awk -v name="$2" 'index($0, name) == 1 { sum += $NF } END { printf "%.0f\n", sum }'
}

# packets_of NAME: what an ended `tcpmetro --interval 0s` has counted.
packets_of() { awk '$1 == "packets" { gsub(/,/, "", $2); print $2 }' "$LAB_DIR/$1.out"; }

# ---- parts ----

PARTS=()

# part NAME: runs the function part_NAME concurrently with others.
part() {
  (
    LAB_PIDS=()
    bad=0
    trap 'lab_stop "${LAB_PIDS[@]}"' EXIT
    trap 'exit 1' INT TERM HUP
    SECONDS=0
    "part_$1"
    echo "     ($SECONDS s)"
    exit $bad
  ) >"$LAB_DIR/part-$1.txt" 2>&1 </dev/null &
  PARTS+=("$1:$!")
  LAB_PIDS+=("$!")
}

# Waits for all parts, and prints what they say.
parts_end() {
  local part
  for part in "${PARTS[@]}"; do
    wait "${part#*:}" || {
      echo "FAIL part ${part%%:*}"
      bad=1
    }
    echo "---- ${part%%:*}"
    cat "$LAB_DIR/part-${part%%:*}.txt"
  done
}
