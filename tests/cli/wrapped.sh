#!/bin/bash
# Samples of connections with known round trips, in every encapsulation of TCP: exactly those,
# whatever the encapsulation. make_wrapped writes the captures and lists what is in each.
#
#     wrapped.sh PROGRAM MAKE_WRAPPED
#
# Prints TAP. The status is 1 if a test failed, except with --tap (for Meson).
set -u
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
if [ $# != 2 ]; then
  echo "usage: wrapped.sh PROGRAM MAKE_WRAPPED" >&2
  exit 2
fi
program=$(realpath "$1") && make_wrapped=$(realpath "$2") || exit 1
export LC_ALL=C TZ=UTC
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
"$make_wrapped" "$folder" >"$folder/list" || exit 1

# The connection's samples, by hand: who sent what was acknowledged, after how many
# microseconds, and method and class. In the order of the packets:
#   SYN; SYN-ACK; two full segments acknowledged at once; 100 bytes answered with data, and
#   that acknowledged; two full segments of the server's; the two FINs.
conversation='
client 20000 syn network
server  1500 syn network
client 20300 ack network
client 65000 ack response
server  1250 ack response
server  1650 ack network
client 20200 ack response
server  1700 ack response'

# expect VERSION FACTOR: those samples between the hosts that talk in this version of IP,
# every time multiplied.
expect() {
  local client server
  case $1 in
  4) client=192.0.2.1 server=198.51.100.2 ;;
  6) client=2001:db8::1 server=2001:db8:0:1::2 ;;
  teredo) client=2001:0:4136:e378::1 server=2001:db8::2 ;;
  esac
  awk -v client="$client 40000" -v server="$server 80" -v factor="$2" 'NF {
    if ($1 == "client") { from = client; to = server } else { from = server; to = client }
    print from, to, $2 * 1000 * factor, $3, $4
  }' <<<"$conversation"
}

declare -A expected
for version in 4 6 teredo; do
  expected[$version]=$(expect $version 1)
done
expected[slow]=$(expect 4 2)

# samples NAME: what the program finds, by the columns' names, sorted.
samples() {
  "$program" -r "$folder/$1.pcap" --samples --format csv 2>&1 | awk -F, '
    NR == 1 {
      for (i = 1; i <= NF; i++) column[$i] = i
      count = split("src sport dst dport rtt_ns method class", names, " ")
      for (i = 1; i <= count; i++) if (!(names[i] in column)) print "no column " names[i]
      next
    }
    {
      for (i = 1; i <= count; i++) printf "%s%s", $column[names[i]], i < count ? " " : "\n"
    }' | sort
  [ "${PIPESTATUS[0]}" = 0 ] || echo "the program failed"
}

# differences NAME SAMPLES...: what the program finds against what it should, in any order.
differences() {
  local found
  found=$(samples "$1")
  shift
  set -- "$(printf '%s\n' "$@" | sort)"
  [ "$found" = "$1" ] && return
  diff --label expected --label found -U 0 - <(echo "$found") <<<"$1" | grep -v '^@@'
}

# report NAME TEXT...: prints each text that is not in the report.
report() {
  local text output
  output=$("$program" -r "$folder/$1.pcap" 2>&1)
  shift
  for text in "$@"; do
    grep -qE -- "$text" <<<"$output" || printf 'not in the report: %s\n%s\n' "$text" "$output"
  done
}

mapfile -t list <"$folder/list"
echo "1..$((${#list[@]} + 1))"
for line in "${list[@]}"; do
  read -r kind name versions <<<"$line"
  case $kind in
  wrapping)
    wanted=()
    for version in $versions; do
      wanted+=("${expected[$version]}")
    done
    check "in $name: IP version $versions" "$(differences "$name" "${wanted[@]}")"
    ;;
  networks)
    check "$name: one connection in two networks" \
      "$(differences "$name" "${expected[4]}" "${expected[slow]}"
        report "$name" '^flows +2 ')"
    ;;
  one-way)
    check "$name: a label for each direction" \
      "$(differences "$name" "${expected[4]}"
        report "$name" '^flows +1 ')"
    ;;
  # The tables of docs/MEASUREMENT.md, under "Copies".
  example)
    case $name in
    mirror)
      check "$name: each packet twice, used once" \
        "$(differences "$name" '192.0.2.1 40000 198.51.100.2 80 20000000 ack response'
          report "$name" '^flows +1 with 1 segment' 'captured twice and used once')"
      ;;
    bare-and-vxlan)
      check "$name: two capture points, a sample at each" \
        "$(differences "$name" '192.0.2.1 40000 198.51.100.2 80 20000000 ack response' \
          '192.0.2.1 40000 198.51.100.2 80 19600000 ack response'
          report "$name" '^flows +2 ')"
      ;;
    *) check "$name" 'no test knows this example' ;;
    esac
    ;;
  *) check "$line" 'no test knows this line' ;;
  esac
done
# A list that lost its lines would pass.
counts=$(cut -d ' ' -f 1 "$folder/list" | sort | uniq -c | xargs)
check 'there are captures of each kind' \
  "$(awk '{ if ($1 < 2 || $3 < 12 || $5 < 4 || $7 < 82 || NF != 8) print }' <<<"$counts")"
[ $failed = 0 ] || exit $failure_status
