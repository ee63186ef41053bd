#!/bin/bash
# Live capture while interfaces go up and down, runs end, and captures are refused.
#
#   test-live-link.sh TCPMETRO LAB_BIN
#
# Two hosts with two plain links between them, and later two with tagged frames on their
# way; no delays, for this is not about figures: rights that are given up, interfaces
# that go down or are deleted and come back, signals, pipes, several interfaces and
# threads, 802.1Q tags.
#
# Needs root. Status 77: cannot run here, the last line says why.
set -u
# shellcheck disable=SC2034 # lab.sh's
LAB_BIN=$2
# shellcheck source=tests/net/lab.sh
. "$(dirname "$0")/lab.sh"

if ! reason=$(lab_possible setpriv); then
  echo "$reason"
  exit 77
fi
trap 'lab_down' EXIT
trap 'exit 1' INT TERM HUP

UNPRIVILEGED=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
# capture NAME ARGUMENTS...: tcpmetro on the client, in the background; its id in PID[NAME].
declare -A PID
capture() {
  local name=$1
  shift
  # A shell's children in the background ignore SIGINT from the start.
  lab_start "$name" "$LAB_CLIENT" env --default-signal=INT "$tcpmetro" "$@"
  PID[$name]=$LAB_PID
}

# listening NAME...: or the test ends.
listening() {
  local name
  for name in "$@"; do
    lab_wait_for "$name" listening || exit 1
  done
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

# ends_by SIGNAL NAME WHEN: within 2 s, with status 0 and the report.
ends_by() {
  local start
  start=$(now_ms)
  kill -s "$1" "${PID[$2]}"
  if ended "$2" 2000 && [ "$STATUS" = 0 ] && grep -q '^samples  ' "$LAB_DIR/$2.out"; then
    echo "ok   SIG$1 $3: ended in $(($(now_ms) - start)) ms, with the report"
  else
    fail "SIG$1 $3: status $STATUS after $(($(now_ms) - start)) ms; it printed:"
    tail -n 20 "$LAB_DIR/$2.out" "$LAB_DIR/$2.err"
  fi
}

lines() { wc -l <"$LAB_DIR/$1"; }

# values FILE COLUMN: the different ones, in a row.
values() {
  lab_columns "$2" <"$LAB_DIR/$1.out" | LC_ALL=C sort -u | tr '\n' ' '
}

# ---- two hosts, two links ----

link_up() {
  lab_link "$LAB_CLIENT" "eth$1" "$LAB_NEAR" "eth$1" &&
    lab_address "$LAB_CLIENT" "eth$1" "192.0.2.$((1 + 64 * $1))/26" "2001:db8:$1::1/64" &&
    lab_address "$LAB_NEAR" "eth$1" "192.0.2.$((2 + 64 * $1))/26" "2001:db8:$1::2/64"
}

# The host at the other end of a link, by its IPv4 address.
server_of() {
  case $1 in
  0) echo 192.0.2.2 ;;
  1) echo 192.0.2.66 ;;
  2) echo 198.51.100.2 ;;
  esac
}

# talk LINK [COUNT]: connections over IPv4 and IPv6, one after another.
talk() {
  local i address
  for ((i = 0; i < ${2:-1}; i++)); do
    for address in "$(server_of "$1")" "2001:db8:$1::2"; do
      ip netns exec "$LAB_CLIENT" timeout 2 "$LAB_BIN/traffic" client "$address" "$LAB_PORT" up 2 \
        </dev/null >>"$LAB_DIR/talk.out" 2>&1 || return 1
    done
  done
}

# Talks on link 0 until it is ended, whatever becomes of the link.
keep_talking() {
  while :; do
    ip netns exec "$LAB_CLIENT" timeout 0.5 "$LAB_BIN/traffic" client 192.0.2.2 "$LAB_PORT" up 1 \
      </dev/null >/dev/null 2>&1
    sleep 0.02
  done
}

# refused NAME WORDS...: ended with status 1, and one line on standard error with these.
refused() {
  local name=$1 word good=yes
  shift
  ended "$name" 3000
  [ "$STATUS" = 1 ] && [ "$(lines "$name.err")" = 1 ] && [ "$(lines "$name.out")" = 0 ] || good=no
  for word in "$@"; do
    grep -qF -- "$word" "$LAB_DIR/$name.err" || good=no
  done
  if [ $good = yes ]; then
    echo "ok   refused: $(cat "$LAB_DIR/$name.err")"
  else
    fail "$name: status $STATUS, expected 1 and one line with: $*"
    cat "$LAB_DIR/$name.err" "$LAB_DIR/$name.out"
  fi
}

refusals() {
  capture nosuch -i nosuch0
  lab_start nobody "$LAB_CLIENT" "${UNPRIVILEGED[@]}" "$tcpmetro" -i eth0
  PID[nobody]=$LAB_PID
  refused nosuch nosuch0
  refused nobody CAP_NET_RAW setcap
}

# no_rights NAME: neither it nor one of its threads is root, or has or could get a right.
no_rights() {
  local task
  for task in /proc/"${PID[$1]}"/task/*/status; do
    awk '
      $1 == "Uid:" && !($2 && $3 && $4 && $5) { bad = 1 }
      $1 ~ /^Cap(Prm|Eff|Inh|Amb):$/ && $2 !~ /^0+$/ { bad = 1 }
      $1 == "NoNewPrivs:" && $2 != 1 { bad = 1 }
      $1 ~ /^(Uid|CapPrm|CapEff|NoNewPrivs):$/ { seen++ }
      END { exit bad || seen != 4 }' "$task" || return 1
  done
}

# printed_soon NAME: what passed is there within a second.
printed_soon() {
  local until before
  before=$(lines piped.txt)
  talk 0
  until=$(($(now_ms) + 1000))
  while [ "$(lines piped.txt)" -le "$before" ]; do
    [ "$(now_ms)" -gt "$until" ] && return 1
    sleep 0.02
  done
}

# Each pair, and how many samples of each class it has.
pairs() {
  lab_columns src dst flows network_samples response_samples <"$LAB_DIR/$1.out" | LC_ALL=C sort
}

several() {
  local name lasted i
  mkfifo "$LAB_DIR/pipe"
  cat "$LAB_DIR/pipe" >"$LAB_DIR/piped.txt" &
  LAB_PIDS+=($!)
  ip netns exec "$LAB_CLIENT" "$tcpmetro" -i eth0 --samples \
    >"$LAB_DIR/pipe" 2>"$LAB_DIR/piped.err" </dev/null &
  PID[piped]=$!
  LAB_PIDS+=($!)
  lab_start ambient "$LAB_CLIENT" "${UNPRIVILEGED[@]}" --inh-caps=+net_raw \
    --ambient-caps=+net_raw "$tcpmetro" -i eth0 --samples --format csv
  PID[ambient]=$LAB_PID
  capture any -i any --samples --format csv
  capture two -i eth0 -i eth1 --interval 0s --format csv
  capture one-thread -i eth0 --interval 0s --format csv
  capture two-threads -i eth0 --threads 2 --interval 0s --format csv
  capture count -i eth0 --count 100
  capture duration -i eth1 --duration 3s
  listening piped ambient any two one-thread two-threads count duration
  check "root gave up its rights" no_rights any
  check "and with threads" no_rights two-threads
  check "nobody gave up CAP_NET_RAW" no_rights ambient

  talk 0 8 && talk 1 2 || fail "no connection: $(tail -n 1 "$LAB_DIR/talk.out")"
  check "a pipe gets its samples within a second" printed_soon
  sleep 0.3
  for name in piped ambient any two one-thread two-threads; do
    kill -TERM "${PID[$name]}"
  done
  for name in piped ambient any two one-thread two-threads; do
    ended $name 2000 && [ "$STATUS" = 0 ] || fail "$name: status $STATUS"
  done
  check "nobody with CAP_NET_RAW has samples" [ "$(lines ambient.out)" -gt 50 ]
  check "-i any names $(values any interface)" [ "$(values any interface)" = "eth0 eth1 " ]
  check "-i eth0 -i eth1 names $(values two interface)" [ "$(values two interface)" = "eth0 eth1 " ]
  pairs one-thread >"$LAB_DIR/pairs-one"
  pairs two-threads >"$LAB_DIR/pairs-two"
  check "a thread sees 2 pairs" [ "$(lines pairs-one)" = 2 ]
  check "two threads see as much: $(tr '\n' ';' <"$LAB_DIR/pairs-two")" \
    diff "$LAB_DIR/pairs-one" "$LAB_DIR/pairs-two"
  ended count 2000
  check "--count 100 ended by itself: $(grep '^packets' "$LAB_DIR/count.out")" \
    grep -qE '^packets +100 ' "$LAB_DIR/count.out"
  check "with status $STATUS" [ "$STATUS" = 0 ]

  # Its reader leaves after three lines; the next line that it writes fails.
  mkfifo "$LAB_DIR/short"
  head -n 3 <"$LAB_DIR/short" >"$LAB_DIR/head.out" &
  LAB_PIDS+=($!)
  ip netns exec "$LAB_CLIENT" "$tcpmetro" -i eth0 --samples \
    >"$LAB_DIR/short" 2>"$LAB_DIR/head.err" </dev/null &
  PID[head]=$!
  LAB_PIDS+=($!)
  listening head
  for ((i = 0; i < 20; i++)); do
    ended head 100 && break
    talk 0
  done
  # Status 1: not all could be written.
  check "a closed pipe ends it, after $i times of traffic, with status $STATUS" [ "$STATUS" = 1 ]
  check "without messages" [ "$(lines head.err)" = 1 ]

  # It wrote for the last time when it ended, and on standard error when it began.
  ended duration 3000
  lasted=$(stat -c %.3Y "$LAB_DIR/duration.err" "$LAB_DIR/duration.out" |
    awk '{ end = $1 * 1000 } NR == 1 { start = end } END { printf "%d", end - start }')
  check "--duration 3s ended after $lasted ms with status $STATUS" \
    [ "$STATUS:$((lasted > 2500 && lasted < 4500))" = 0:1 ]
}

# ---- links that go and come ----

# goes_on WHAT NAME...: each of these captures has more samples within 5 s from now.
goes_on() {
  local what=$1 start name
  local -A before
  shift
  start=$(now_ms)
  for name in "$@"; do
    before[$name]=$(lines "$name.out")
  done
  for name in "$@"; do
    until [ "$(lines "$name.out")" -ge $((before[$name] + 5)) ] || [ $(($(now_ms) - start)) -gt 5000 ]; do
      sleep 0.05
    done
    if [ "$(lines "$name.out")" -ge $((before[$name] + 5)) ]; then
      echo "ok   $what: $name continues after $(($(now_ms) - start)) ms"
    else
      fail "$what: $name has no samples for 5 s; it said:"
      cat "$LAB_DIR/$name.err"
    fi
  done
}

# knows_its_side NAME: within 3 s, its newest samples are from this host to the other.
knows_its_side() {
  local until
  until=$(($(now_ms) + 3000))
  until (head -n 1 "$LAB_DIR/$1.out" && tail -n 5 "$LAB_DIR/$1.out") | lab_columns src side |
    awk '$0 != "192.0.2.1 remote" { exit 1 }'; do
    [ "$(now_ms)" -gt "$until" ] && return 1
    sleep 0.1
  done
}

links() {
  local name
  capture long -i eth0 --samples --format csv
  capture shared -i eth0 --threads 2 --samples --format csv
  capture everything -i any --samples --format csv
  for name in busy idle down gone; do
    capture $name -i eth0
  done
  listening long shared everything busy idle down gone
  ends_by TERM idle "before any packet"

  keep_talking &
  local talker=$!
  LAB_PIDS+=("$talker")
  goes_on "at first" long shared everything
  ends_by INT busy "amid traffic"
  ip -n "$LAB_CLIENT" link set eth0 down
  sleep 0.5
  ends_by INT down "while the link is down"
  ip -n "$LAB_CLIENT" link set eth0 up
  goes_on "link down and up" long shared everything

  ip -n "$LAB_CLIENT" link del eth0
  sleep 1
  ends_by TERM gone "while the interface is gone"
  capture missing -i eth0
  refused missing eth0
  link_up 0 || exit 1
  goes_on "interface deleted and made again" long shared everything
  # The other end takes it away this time; and the new one is not up at once.
  ip -n "$LAB_NEAR" link del eth0
  sleep 0.3
  ip -n "$LAB_CLIENT" link add eth0 type veth peer name eth0 netns "$LAB_NEAR"
  sleep 0.5
  ip -n "$LAB_CLIENT" link del eth0
  link_up 0 || exit 1
  goes_on "and once more" long everything shared
  check "this side's addresses are known again" knows_its_side long
  lab_stop "$talker"

  for name in long shared everything; do
    kill -INT "${PID[$name]}"
  done
  for name in long shared everything; do
    ended $name 2000
    check "SIGINT afterwards: $name ended with status $STATUS" [ "$STATUS" = 0 ]
    check "$name said $(lines $name.err) lines" [ "$(lines $name.err)" -le 8 ]
  done
}

# Before the program has come so far, a signal does what it does by itself.
early() {
  local delay signal name
  for delay in 0 0.03 0.1; do
    for signal in INT TERM; do
      name=early-$signal-$delay
      capture "$name" -i eth0
      until [ "$(cat "/proc/${PID[$name]}/comm")" = tcpmetro ]; do :; done
      sleep $delay
      kill -s $signal "${PID[$name]}"
      ended "$name" 2000
      if grep -q listening "$LAB_DIR/$name.err"; then
        check "SIG$signal after $delay s, listening: status $STATUS" [ "$STATUS" = 0 ]
      else
        case $STATUS in
        0 | 130 | 143) echo "ok   SIG$signal after $delay s: status $STATUS" ;;
        *) fail "SIG$signal after $delay s: status $STATUS" ;;
        esac
      fi
    done
  done
}

# ---- tags ----

# Between two forwarders, frames bear a tag: client (one) === (two) far.
tags() {
  local what
  lab_quiet "$LAB_ONE"
  lab_quiet "$LAB_TWO"
  lab_link "$LAB_CLIENT" eth2 "$LAB_ONE" left &&
    lab_link "$LAB_ONE" trunk "$LAB_TWO" trunk &&
    lab_link "$LAB_TWO" right "$LAB_FAR" eth0 &&
    lab_address "$LAB_CLIENT" eth2 198.51.100.1/24 2001:db8:2::1/64 &&
    lab_address "$LAB_FAR" eth0 198.51.100.2/24 2001:db8:2::2/64 || return 1
  lab_start one "$LAB_ONE" "$LAB_BIN/forwarder" --delay-us 1000 --vlan 7 left trunk
  lab_start two "$LAB_TWO" "$LAB_BIN/forwarder" --delay-us 2000 --vlan 7 right trunk
  lab_start far "$LAB_FAR" "$LAB_BIN/traffic" server "$LAB_PORT"
  lab_wait_for one ready && lab_wait_for two ready && lab_wait_for far ready || return 1
  # One side's frames bear their tag beside them, as it came off the wire, the other
  # side's among their bytes, as the forwarder sent them.
  for what in "tagged port $LAB_PORT" "other port 9" "vlan vlan 7 and port $LAB_PORT" "all tcp"; do
    # shellcheck disable=SC2086 # words
    set -- $what
    what=$1
    shift
    lab_start "$what" "$LAB_TWO" "$tcpmetro" -i trunk --samples --format csv "$*"
    PID[$what]=$LAB_PID
  done
  listening tagged other vlan all
  talk 2 3 || fail "no connection through tagged frames"
  sleep 0.3
  for what in tagged other vlan all; do
    kill -TERM "${PID[$what]}"
  done
  for what in tagged other vlan all; do
    ended $what 2000 && [ "$STATUS" = 0 ] || fail "$what: status $STATUS"
  done
  check "tagged frames: $(values tagged tunnel)" [ "$(values tagged tunnel)" = "$(values all tunnel)" ]
  # Ours, and theirs: both sides of the path of both versions of IP.
  check "from $(values tagged src)" \
    [ "$(values tagged src)" = "198.51.100.1 198.51.100.2 2001:db8:2::1 2001:db8:2::2 " ]
  check "port N: $(lines tagged.out) lines as all: $(lines all.out)" \
    [ "$(lines tagged.out)" = "$(lines all.out)" ]
  check "port 9: $(lines other.out) line" [ "$(lines other.out)" = 1 ]
  check "vlan 7: $(lines vlan.out) lines" [ "$(lines vlan.out)" -gt 1 ]
}

lab_namespaces || exit 1
# Other users run it, too, wherever it was built.
tcpmetro=$LAB_DIR/tcpmetro
cp "$1" "$tcpmetro" && chmod 755 "$tcpmetro" || exit 1
link_up 0 && link_up 1 || exit 1
lab_start near "$LAB_NEAR" "$LAB_BIN/traffic" server "$LAB_PORT"
lab_wait_for near ready || exit 1
talk 0 && talk 1 || exit 1

refusals
several
links
early
tags || exit 1
exit $bad
