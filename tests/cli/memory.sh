#!/bin/bash
# The bound on memory, --max-memory, during a scan of the network: the process stays within it,
# evicted flows are reported, and no round trip of a live connection is lost.
#
#     memory.sh PROGRAM MAKE_CAPTURE USAGE
#
# The capture is a scan of bench/make_capture: N SYNs to N addresses, never
# answered, 100,000 per second, and 200 connections between them. bench/usage reports the
# maximum resident set size. Prints TAP. The status is 1 if a test failed, except with --tap (for
# Meson).
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
if [ $# != 3 ]; then
  echo "usage: memory.sh PROGRAM MAKE_CAPTURE USAGE" >&2
  exit 2
fi
program=$(realpath "$1") && make_capture=$(realpath "$2") && usage=$(realpath "$3") || exit 1
export LC_ALL=C TZ=UTC
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

# A flow of the scan takes 184 bytes; for its SYN, which is outstanding, 98, in memory that
# grows by doubling and to no more than half of all; and 7 to 14 in the index of flows, which
# doubles too. The capture is over before any is too old, so all of it would be
# 400,200 * 184 + 2^20 * 49 + 2^16 * 64 bytes, which are 124 MiB.
syns=400000
live=200
fits=160
"$make_capture" --seed 5 scan $syns $live scan.pcap truth || exit 1
head -c 24 scan.pcap >empty.pcap

# kilobytes ARGUMENTS...: of the largest resident set of a run; what it prints is in `out`.
kilobytes() {
  "$usage" used "$program" "$@" >out 2>err </dev/null || { cat err >&2; return 1; }
  sed 's/.* memory \([0-9]*\) kB.*/\1/' used
}

# The flows that were forgotten for want of room, by the report in `out`; nothing: none.
forgotten() {
  sed -n 's/^note  *\([0-9,]*\) flows* w[aser]* evicted early.*/\1/p' out | tr -d ,
}

# stays_within MIB THREADS: beside what the program has without any flow, and 2 MiB: the capture
# that is read, and what huge pages round up. A second thread has 3: a stack and a heap, too.
stays_within() {
  local empty peak allowed lost
  empty=$(kilobytes -r empty.pcap --quiet --max-memory "$1M" --threads "$2") || return
  peak=$(kilobytes -r scan.pcap --max-memory "$1M" --threads "$2") || return
  allowed=$((empty + ($1 + 3 * $2 - 1) * 1024))
  lost=$(forgotten)
  [ "$peak" -le $allowed ] ||
    echo "$peak kB, of which $empty are the program's; at most $allowed were allowed"
  # It is used, too.
  [ "$peak" -ge $((empty + $1 * 1024 * 7 / 10)) ] || echo "only $peak kB were used"
  # A flow takes at most 184 + 2 * 98 + 14 bytes; none is evicted without need.
  [ "${lost:-0}" -gt 0 ] && [ "$lost" -le $((syns + live - $1 * 1048576 / 394)) ] ||
    echo "forgotten: ${lost:-none}"
}

all_fits() {
  kilobytes -r scan.pcap --max-memory "$1" >/dev/null || return
  [ -z "$(forgotten)" ] || grep '^note' out
  grep -q '^flows  *400,200 ' out || cat out
}

# Every round trip of the living is among the samples as often as it happened, to the
# nanosecond, and nothing else is; the eviction of others is reported. finds_all SIZE THREADS
finds_all() {
  "$program" -r scan.pcap --quiet --samples --format csv --max-memory "$1" --threads "$2" \
    >"samples-$1" 2>err || cat err
  grep -q '^tcpmetro: [0-9]* flows were evicted early' err || echo "it reports: $(cat err)"
  awk -F, '
    NR == FNR {
      want[$1, $2, $3, $4, $5] = $6
      all += $6
      next
    }
    FNR == 1 {
      for (i = 1; i <= NF; i++)
        column[$i] = i
      next
    }
    {
      key = $column["src"] SUBSEP $column["sport"] SUBSEP $column["dst"] SUBSEP \
        $column["dport"] SUBSEP $column["rtt_ns"]
      if (!(key in want) || got[key]++ >= want[key])
        more++
      else
        found++
    }
    END {
      if (all < 1000 || found != all || more)
        printf "%d of %d round trips found, %d that never were\n", found, all, more
    }' truth "samples-$1"
}

same() {
  cmp -s "$1" "$2" || diff -u "$1" "$2" | head -n 20
}

# same_samples FILE SIZE...: whatever the bound, the same bytes.
same_samples() {
  local file=$1 format size
  shift
  for format in csv json table; do
    "$program" -r "$file" --samples --format $format >want 2>&1 || cat want
    [ "$(wc -l <want)" -gt 1000 ] || echo "only $(wc -l <want) lines"
    for size; do
      "$program" -r "$file" --samples --format $format --max-memory "$size" >out 2>&1
      same want out
    done
  done
}

demo_is_same() {
  same_samples "$here/../net/demo.pcap" 16M 1G
}

# Threads that share the flows have a part of the memory each. Those that live do not feel it.
threads_are_same() {
  finds_all 32M 1
  mv samples-32M one
  finds_all 32M 2
  same one samples-32M
}

echo 1..10
for bound in '16 1' '64 1' '64 2'; do
  read -r size threads <<<"$bound"
  name="a scan within $size MiB, threads: $threads"
  if grep -qa __asan_init "$program"; then
    skip "$name" 'the memory is largely that of the sanitizer'
  else
    check "$name" "$(stays_within "$size" "$threads")"
  fi
done
check "a scan that fits in $fits MiB" "$(all_fits ${fits}M)"
check 'a scan that fits in the default' "$(all_fits 256M)"
check 'round trips within 16 MiB' "$(finds_all 16M 1)"
check 'round trips within 64 MiB' "$(finds_all 64M 1)"
check 'samples of the scan: the same within 16 and 64 MiB' "$(same samples-16M samples-64M)"
check 'samples within 32 MiB: the same with two threads' "$(threads_are_same)"
check 'samples of what fits: the same within any bound' "$(demo_is_same)"
[ $failed = 0 ] || exit $failure_status
