#!/bin/bash
# Compares samples with what the receivers' own captures prove, on real TCP stacks.
#
#   test-two-ends.sh TCPMETRO LAB_BIN [all | NAME...]
#
# Linux talks to Linux through the two wires of lab.sh, which delay, lose, duplicate and
# reorder packets on either side of a router. The same packets are recorded on the client, on
# the router in the middle, and on the server, by one clock. What was measured on the client
# and in the middle must agree with the server's own record of what entered its stack before
# each of its acknowledgements left it, and the other way round (two_ends.c).
#
# Without names, the few settings that a quick test runs; `all` for each one. One line per
# setting, direction and capture point; the bounds are in judge().
#
# Needs root. Status 77: cannot run here, the last line says why.
set -u
tcpmetro=$1
LAB_BIN=$2
shift 2
# shellcheck source=tests/net/lab.sh
. "$(dirname "$0")/lab.sh"

if ! reason=$(lab_possible tcpdump); then
  echo "$reason"
  exit 77
fi
trap 'lab_down' EXIT
trap 'exit 1' INT TERM HUP
keep=${KEEP_CAPTURES:-}

# A setting: name, quick or -, options of wire one, of wire two, sysctls (name=value, below
# net.ipv4), offload (on or off), traffic (KIND:COUNT, all at the same time).
settings() {
  cat <<'TEXT'
lan           quick --delay-us 100 | --delay-us 100 | | on | echo:20 http:5 bulk:1 fetch:1 small:50
far           quick --delay-us 5000 --loss 3 --seed 3 | --delay-us 25000 --loss 3 --reorder 10 --duplicate 3 --seed 4 | | off | bulk:1 fetch:1 up:10 echo:20
plain         - --delay-us 1000 | --delay-us 4000 | | on | up:10 down:10 echo:20 http:10 small:100 think:4
no-offload    - --delay-us 1000 | --delay-us 4000 | | off | up:10 down:10 echo:20 http:10 bulk:1 fetch:1
lossy         - --delay-us 1000 --loss 20 --seed 11 | --delay-us 4000 --loss 20 --seed 12 | | off | bulk:2 fetch:2 up:20 down:20 echo:50
reordered     - --delay-us 1000 --reorder 10 --seed 13 | --delay-us 4000 --reorder 10 --seed 14 | | off | bulk:2 fetch:2 up:20 down:20 echo:50
mixed         - --delay-us 1000 --loss 5 --reorder 10 --duplicate 5 --seed 15 | --delay-us 4000 --loss 5 --reorder 10 --duplicate 5 --seed 16 | | off | bulk:2 fetch:2 up:20 down:20 echo:50 nagle:100
no-sack       - --delay-us 1000 --loss 5 --reorder 10 --seed 17 | --delay-us 4000 --loss 5 --reorder 10 --seed 18 | tcp_sack=0 | off | bulk:2 fetch:2 up:20 down:20 echo:50
no-timestamps - --delay-us 1000 --loss 5 --reorder 10 --seed 19 | --delay-us 4000 --loss 5 --reorder 10 --seed 20 | tcp_timestamps=0 | off | bulk:2 fetch:2 up:20 down:20 echo:50
bare          - --delay-us 1000 --loss 5 --reorder 10 --seed 21 | --delay-us 4000 --loss 5 --reorder 10 --seed 22 | tcp_timestamps=0 tcp_sack=0 | off | bulk:2 fetch:2 up:20 down:20 echo:50
reno          - --delay-us 1000 --loss 20 --seed 23 | --delay-us 4000 --loss 5 --seed 24 | tcp_congestion_control=reno | on | bulk:2 fetch:2 up:20 down:20
bbr           - --delay-us 1000 --loss 5 --seed 25 | --delay-us 9000 --loss 5 --seed 26 | tcp_congestion_control=bbr | on | bulk:2 fetch:2 up:20 down:20
slow-readers  - --delay-us 1000 | --delay-us 4000 | | on | stall:3 deaf:10 think:5 nagle:100
lossy-60      - --delay-us 10000 --loss 10 --seed 27 | --delay-us 20000 --loss 20 --reorder 10 --seed 28 | | off | bulk:2 fetch:2 up:10 echo:30
near-lossy    - --delay-us 100 --loss 10 --reorder 10 --reorder-us 200:2000 --seed 29 | --delay-us 100 --loss 10 --seed 30 | | off | bulk:3 fetch:3 up:30 down:30 echo:50
TEXT
}

# record WHERE NAMESPACE: to WHERE.pcap, until record_end.
recorders=()
record() {
  lab_start "$1" "$2" tcpdump -i eth0 -n -p -U -B 65536 -s 120 \
    --time-stamp-precision=nano -Z root -w "$LAB_DIR/$1.pcap" tcp
  recorders+=("$LAB_PID")
  lab_wait_for "$1" 'listening on'
}

record_end() {
  sleep 1 # what the kernel still holds back reaches tcpdump
  lab_stop "${recorders[@]}"
  recorders=()
  if grep -h 'dropped by kernel' "$LAB_DIR"/{client,middle,server}.err | grep -qv '^0 '; then
    fail "$name: a capture is incomplete"
  fi
}

# judge WHAT FIELDS...: the bars, for a line of two_ends. Under a hundred of something there
# is no share to judge.
judge() {
  local what=$1
  shift
  awk -v what="$what" -v line="$*" 'BEGIN {
    n = split(line, field, " ")
    for (i = 1; i < n; i += 2)
      v[field[i]] = field[i + 1]
    split("", wrong)
    if (v["samples"] < 20) wrong["too few samples"]
    if (v["false"] > v["samples"] / 10000 && v["false"] > 0) wrong["false"]
    if (v["provable"] >= 100 && v["found"] < v["provable"] * 0.995) wrong["found"]
    if (v["network"] >= 100) {
      if (v["p50_ns"] > 50000 && v["p50_ppm"] > 10000) wrong["network p50"]
      if (v["p99_ns"] > 200000 && v["p99_ppm"] > 50000) wrong["network p99"]
    }
    text = ""
    for (i in wrong)
      text = text " [" i "]"
    printf "%s %-32s %s%s\n", text == "" ? "ok  " : "FAIL", what, line, text
    exit text != ""
  }' || bad=1
}

# compare POINT RECEIVER SENDER-ADDRESS
compare() {
  if ! "$tcpmetro" -r "$LAB_DIR/$1.pcap" --samples --format csv >"$LAB_DIR/$1.csv" ||
    ! lab_columns frame src rtt_ns method class <"$LAB_DIR/$1.csv" >"$LAB_DIR/$1.samples"; then
    fail "$name: tcpmetro failed on the capture of $1"
    return
  fi
  result=$("$LAB_BIN/two_ends" "$LAB_DIR/$1.pcap" "$LAB_DIR/$2.pcap" "$3" \
    "$LAB_DIR/$1.samples" 2>"$LAB_DIR/two_ends.err") || {
    fail "$name: $(cat "$LAB_DIR/two_ends.err")"
    return
  }
  judge "$name: at $1, to $2" "$result"
  head -n 5 "$LAB_DIR/two_ends.err" | sed 's/^/       /'
}

run() {
  local one=$1 two=$2 sysctls=$3 offload=$4 traffic=$5 item namespace pids=() pid
  lab_up "$one" "$two" || exit 1
  for namespace in "$LAB_CLIENT" "$LAB_FAR"; do
    for item in $sysctls; do
      if ! ip netns exec "$namespace" sh -c "echo ${item#*=} >/proc/sys/net/ipv4/${item%%=*}" 2>/dev/null; then
        echo "skip $name: this kernel has no $item"
        lab_down
        return
      fi
    done
    [ "$offload" = on ] || ip -n "$namespace" link set eth0 gso_max_segs 1
  done
  record client "$LAB_CLIENT" && record middle "$LAB_NEAR" && record server "$LAB_FAR" || exit 1
  for item in $traffic; do
    lab_client 198.51.100.2 "${item%:*}" "${item#*:}" >>"$LAB_DIR/traffic.out" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do
    wait "$pid" || fail "$name: a connection failed"
  done
  record_end
  compare client server 192.0.2.1
  compare middle server 192.0.2.1
  compare server client 198.51.100.2
  compare middle client 198.51.100.2
  if [ -n "$keep" ]; then
    mkdir -p "$keep/$name" && cp "$LAB_DIR"/*.pcap "$LAB_DIR"/*.samples "$keep/$name"
  fi
  lab_down
}

wanted=" $* "
while read -r name quick rest; do
  if [ "$wanted" = "  " ]; then
    [ "$quick" = quick ] || continue
  elif [ "$wanted" != " all " ] && [[ $wanted != *" $name "* ]]; then
    continue
  fi
  IFS='|' read -r one two sysctls offload traffic <<<"$rest"
  run "$one" "$two" "$sysctls" "${offload// /}" "$traffic" </dev/null
done < <(settings)
exit $bad
