#!/bin/bash
# Captures read by several threads, each of which owns a partition of the flows
# (src/pipeline/partitioned_run.h), and by one: the output is the same, however the run ends.
#
#     partitions.sh PROGRAM MAKE_CAPTURES MAKE_CAPTURE
#
# The captures are those of the golden tests, a recorded one, and one of bench/make_capture that
# is long enough for several sections. Prints TAP. The status is 1 if a test failed, except
# with --tap (for Meson).
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
if [ $# != 3 ]; then
  echo "usage: partitions.sh PROGRAM MAKE_CAPTURES MAKE_CAPTURE" >&2
  exit 2
fi
program=$(realpath "$1") && make_captures=$(realpath "$2") && make_capture=$(realpath "$3") ||
  exit 1
export LC_ALL=C TZ=UTC
folder=$(mktemp -d) || exit 1
child=
trap '[ -z "$child" ] || kill -9 "$child" 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder" || exit 1
mkdir 1 2 3 || exit 1
"$make_captures" . || exit 1
cp "$here/../net/demo.pcap" . || exit 1
# 180,000 packets.
"$make_capture" --seed 6 idle 30000 long.pcap || exit 1
# Large records: trimmed, or, with a filter, read by each thread separately.
"$make_capture" --seed 7 full 20000 full.pcap || exit 1

# one THREADS ARGUMENTS: a run, for the comparison. The arguments are read by a shell.
one() {
  (eval "exec \"\$program\" --threads $1 $2" >"$1/out" 2>"$1/err" </dev/null)
  echo $? >"$1/status"
}

compare() {
  local threads what
  one 1 "$1"
  for threads in 2 3; do
    one $threads "$1"
    for what in out err status; do
      cmp -s "1/$what" "$threads/$what" && continue
      echo "$1: $what differs with $threads threads"
      diff -u "1/$what" "$threads/$what" | head -n 20
    done
  done
}

# The golden tests' arguments, but where the limit of flows is reached: it is divided.
goldens_are_same() {
  local name rest count=0
  while IFS='|' read -r name _ rest; do
    name=${name// /}
    [[ -z $name || $name == \#* || $rest != *-r* || $rest == */dev/full* || $rest == *--max-flows* ]] &&
      continue
    compare "$rest"
    count=$((count + 1))
  done <"$here/list"
  [ $count -gt 40 ] || echo "only $count lines of the list were compared"
}

formats_are_same() {
  local file
  for file in demo.pcap long.pcap full.pcap; do
    compare "-r $file --samples --format csv"
    compare "-r $file --samples --format json --both-sides"
    compare "-r $file -g flow --format csv"
    compare "-r $file -g hosts,interface,tunnel --format json"
    compare "-r $file -g receiver"
    compare "-r $file -g prefix"
    compare "-r $file --local 10.0.0.0/8 --format csv --sort p99 --limit 30"
    compare "-r $file --samples less 80"
    compare "-r $file --format json tcp port 443 or udp"
  done
}

# More rows than are kept apart.
caps_are_same() {
  local rows
  for rows in 1 2 100 20000; do
    compare "-r long.pcap --max-groups $rows --format csv"
    compare "-r demo.pcap --max-groups $rows -g flow"
  done
}

# A limit within a part or a stretch, at its edge, beyond the file, and across files.
counts_are_same() {
  local count
  for count in 1 255 256 257 1000 5000 999999999; do
    compare "-r demo.pcap --count $count --samples --format csv"
    compare "-r demo.pcap --count $count"
  done
  for count in 32767 32768 32769 100000 131072; do
    compare "-r long.pcap --count $count --samples"
  done
  compare '-r mixed.pcap -r mixed.pcap -r first.pcap --count 30 --format csv'
  compare '-r long.pcap -r long.pcap --count 200000 --format csv --samples'
}

# Files that continue the previous one, that start over, damaged files, missing files.
files_are_same() {
  head -c 300001 demo.pcap >cut-demo.pcap
  compare '-r demo.pcap -r demo.pcap --samples --format csv'
  compare '-r demo.pcap -r mixed.pcap -r long.pcap -r demo.pcap'
  compare '-r cut-demo.pcap -r demo.pcap -g flow'
  compare '-r cut-demo.pcap -r demo.pcap --samples'
  compare '-r no-such.pcap -r cut-demo.pcap -r text.pcap -r demo.pcap --samples'
  gzip -kf demo.pcap && compare '-r demo.pcap.gz --samples'
  head -c 100000 demo.pcap.gz >cut.pcap.gz && compare '-r cut.pcap.gz --samples --format csv'
  compare '-r full.pcap -r demo.pcap.gz -r long.pcap --format csv'
  head -c 9000001 full.pcap >cut-full.pcap
  { head -c 1514024 full.pcap && printf '%16s' ''; cat full.pcap; } >damaged-full.pcap
  compare '-r cut-full.pcap -r damaged-full.pcap --samples'
  compare '-r demo.pcap -r demo.pcap.gz --samples'
  compare '-r - <demo.pcap'
}

# begin_slow THREADS ARGUMENTS...: a run whose output is not read beyond the first
# 100,000 bytes, which are in `out`. Its process is $child; the rest is at descriptor 7.
begin_slow() {
  local threads=$1
  shift
  rm -f slow
  mkfifo slow || exit 1
  "$program" -r long.pcap --threads "$threads" --samples "$@" >slow 2>err &
  child=$!
  exec 7<slow
  head -c 100000 <&7 >out
  within 100 waits || echo 'it does not wait for its reader'
}

threads_are() {
  local count
  begin_slow "$1"
  count=$(find "/proc/$child/task" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l)
  [ "$count" = "$1" ] || echo "$count threads, expected $1"
  exec 7<&-
  wait "$child" 2>/dev/null
  child=
}

# A signal somewhere in the capture: the output covers the packets up to one of them, whose
# number is reported.
stopped() {
  local status packets
  begin_slow "$1"
  kill -"$2" "$child"
  cat <&7 >>out
  exec 7<&-
  wait "$child"
  status=$?
  child=
  [ $status = 1 ] || echo "status $status, expected 1"
  [ "$(cat err)" = 'tcpmetro: stopped by a signal; the report covers what was read until then' ] || cat err
  packets=$(sed -n 's/^packets  *\([0-9,]*\).*/\1/p' out | tr -d ,)
  [ "${packets:-0}" -gt 0 ] && [ "$packets" -lt 180000 ] || echo "packets: $packets"
  "$program" -r long.pcap --threads 1 --samples --count "${packets:-1}" >want ||
    echo 'the other run failed'
  cmp -s want out || diff want out | head -n 20
}

# The reader goes away: the run ends, without a word.
closed_output() {
  begin_slow "$1" --format csv
  exec 7<&-
  within 50 ended || echo 'it continues'
  wait "$child"
  child=
  cat err
}

echo "1..$((5 + 4 * 2))"
check 'golden tests: the same with 1, 2 and 3 threads' "$(goldens_are_same)"
check 'formats, groups, filters: the same' "$(formats_are_same)"
check 'more rows than are kept apart: the same' "$(caps_are_same)"
check 'limits of packets: the same' "$(counts_are_same)"
check 'several files: the same' "$(files_are_same)"
for threads in 2 3; do
  check "$threads threads: they are there" "$(threads_are $threads)"
  check "$threads threads: SIGINT" "$(stopped $threads INT)"
  check "$threads threads: SIGTERM" "$(stopped $threads TERM)"
  check "$threads threads: a closed output ends the run" "$(closed_output $threads)"
done
[ $failed = 0 ] || exit $failure_status
