#!/bin/bash
# Captures read ahead, in a thread (src/app/ahead.h), and captures read when they are asked
# for: what is printed is the same, and neither is kept by a pipe that is silent.
#
#     ahead.sh PROGRAM MAKE_CAPTURES
#
# --threads decides which of the two is done. Prints TAP. The status is 1 if a test failed, except with --tap (for Meson).
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
if [ $# != 2 ]; then
  echo "usage: ahead.sh PROGRAM MAKE_CAPTURES" >&2
  exit 2
fi
program=$(realpath "$1") && make_captures=$(realpath "$2") || exit 1
export LC_ALL=C TZ=UTC
folder=$(mktemp -d) || exit 1
child=
trap '[ -z "$child" ] || kill -9 "$child" 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder" || exit 1
mkdir inline ahead || exit 1
"$make_captures" . || exit 1
cp "$here/../net/demo.pcap" . || exit 1

# run MODE PROGRAM ARGUMENTS...: in that mode; exec, so that a process started by it is the
# program's.
run() {
  local mode=$1
  shift
  if [ "$mode" = inline ]; then
    exec "$@"
  fi
  exec "$1" --threads 2 "${@:2}"
}

# silent_pipe MODE ARGUMENTS...: the program on a pipe that stays open. Its process is $child,
# the writing end is descriptor 9.
silent_pipe() {
  local mode=$1
  shift
  rm -f pipe
  mkfifo pipe || exit 1
  exec 9<>pipe
  (run "$mode" "$program" -r pipe "$@") >out 2>err 9<&- &
  child=$!
}

# end_pipe TENTHS: the child's end, by force if need be; its status is $status.
end_pipe() {
  if ! within "$1" ended; then
    kill -9 "$child" 2>/dev/null
    echo "it did not end within $1 tenths of a second"
  fi
  wait "$child" 2>/dev/null
  status=$?
  child=
  exec 9>&-
}

same() {
  cmp -s "$1" "$2" || diff -u --label "expected $1" --label "got $2" "$1" "$2" | head -n 20
}

lines_are() {
  [ "$(wc -l <out)" -ge "$1" ]
}

# Threads of the child.
threads() {
  find "/proc/$child/task" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l
}

# one MODE ARGUMENTS: a run, for the comparison. The arguments are read by a shell.
one() {
  (eval "run $1 \"\$program\" $2" >"$1/out" 2>"$1/err" </dev/null)
  echo $? >"$1/status"
}

compare() {
  one inline "$1"
  one ahead "$1"
  for what in out err status; do
    cmp -s "inline/$what" "ahead/$what" && continue
    echo "$1: $what differs"
    diff -u "inline/$what" "ahead/$what" | head -n 20
  done
}

# The golden tests' arguments, each in both modes.
goldens_are_same() {
  local name rest count=0
  while IFS='|' read -r name _ rest; do
    name=${name// /}
    [[ -z $name || $name == \#* || $rest != *-r* || $rest == */dev/full* ]] && continue
    compare "$rest"
    count=$((count + 1))
  done <"$here/list"
  [ $count -gt 40 ] || echo "only $count lines of the list were compared"
}

# More packets than all parts hold.
demo_is_same() {
  compare '-r demo.pcap --samples --format csv'
  compare '-r demo.pcap --samples --format json'
  compare '-r demo.pcap -g flow --format csv'
  compare '-r demo.pcap --format json tcp port 443 or udp'
  compare '-r demo.pcap --samples less 80'
}

# A limit within a part, at its edge, beyond the file, and across files.
counts_are_same() {
  local count
  for count in 1 255 256 257 1000 1024 1025 5000 999999999; do
    compare "-r demo.pcap --count $count --samples --format csv"
    compare "-r demo.pcap --count $count"
  done
  compare '-r mixed.pcap -r mixed.pcap -r first.pcap --count 30 --format csv'
}

# Files that go on, that begin anew, that are damaged, that are not there.
files_are_same() {
  head -c 300001 demo.pcap >cut-demo.pcap
  compare '-r demo.pcap -r demo.pcap --samples --format csv'
  compare '-r demo.pcap -r mixed.pcap -r demo.pcap'
  compare '-r cut-demo.pcap -r demo.pcap -g flow'
  compare '-r no-such.pcap -r cut-demo.pcap -r text.pcap -r demo.pcap --samples'
  gzip -kf demo.pcap && compare '-r demo.pcap.gz --samples'
  head -c 100001 demo.pcap.gz >cut-demo.pcap.gz
  compare '-r cut-demo.pcap.gz --samples'
}

# The mode is the one that is meant: a thread more, or none.
threads_are() {
  local mode=$1 want=$2
  silent_pipe "$mode"
  cat mixed.pcap >&9
  within 50 waits
  within 50 eval "[ \$(threads) = $want ]" || echo "$(threads) threads, expected $want"
  kill -TERM "$child"
  end_pipe 30
}

# Packets come in pieces that end anywhere; what each piece proves is seen before the next.
trickles() {
  local mode=$1 at=0 size want
  silent_pipe "$mode" --samples --format csv
  for size in 30 500 777 1200 20000 40000; do
    tail -c +$((at + 1)) demo.pcap | head -c "$size" >&9
    at=$((at + size))
    head -c $at demo.pcap >part.pcap
    "$program" -r part.pcap --samples --format csv >want 2>/dev/null
    want=$(wc -l <want)
    # The header line, and only that, may wait for the first sample.
    [ "$want" -gt 1 ] || continue
    within 50 lines_are "$want" || echo "of $want lines for $at bytes $(wc -l <out) are there"
    same want out
  done
  exec 9>&-
  end_pipe 30
  [ "$want" -gt 100 ] || echo "only $want lines were expected"
}

# A signal while the pipe is silent: the report of what was read.
stopped() {
  local mode=$1 signal=$2
  silent_pipe "$mode"
  cat demo.pcap >&9
  within 100 waits
  kill -"$signal" "$child"
  end_pipe 20
  [ $status = 1 ] || echo "status $status, expected 1"
  same whole out
  echo 'tcpmetro: stopped by a signal; this is what was read until then' >words
  same words err
}

# A signal at any moment of a stream without an end; where it falls, nobody knows. The feeder
# ends when nobody reads any more.
stopped_anywhere() {
  local mode=$1 feeder pause
  for pause in 0.05 0.1 0.13 0.17 0.2 0.23 0.3 0.31; do
    rm -f pipe
    mkfifo pipe || exit 1
    {
      cat demo.pcap
      while tail -c +25 demo.pcap; do :; done
    } >pipe 2>/dev/null &
    feeder=$!
    (run "$mode" "$program" -r pipe --format csv -g receiver) >out 2>err &
    child=$!
    sleep $pause
    kill -INT "$child"
    end_pipe 30
    kill "$feeder" 2>/dev/null
    wait "$feeder" 2>/dev/null
    # 130: it had not got as far as to catch signals.
    [ $status = 1 ] || [ $status = 130 ] || echo "status $status after $pause s, expected 1"
    [ $status = 130 ] || grep -q 'stopped by a signal' err || cat err
  done
}

# The reader of the samples goes away. A few packets more, and the pipe is silent again: the
# program sees both, in two threads or in one.
closed_output() {
  local mode=$1
  rm -f pipe status
  mkfifo pipe || exit 1
  exec 9<>pipe
  {
    (run "$mode" "$program" -r pipe --samples) 2>err 9<&-
    echo $? >status
  } | head -n 1 >out 9<&- &
  child=$!
  head -c 20000 demo.pcap >&9
  within 50 ended || echo 'no line came'
  tail -c +20001 demo.pcap | head -c 20000 >&9
  if ! within 30 test -s status; then
    echo 'the program goes on'
    tail -c +40001 demo.pcap >&9 # which ends it
  fi
  end_pipe 10
  grep -q '^ *frame' out || echo "the first line is: $(cat out)"
  cat err
}

# Nobody reads the report: the first signal cannot end that, a second one does.
second_signal() {
  local mode=$1
  rm -f full
  mkfifo full || exit 1
  exec 8<>full
  head -c 65536 /dev/zero >&8
  silent_pipe "$mode" --samples
  kill -9 "$child"
  wait "$child" 2>/dev/null
  (run "$mode" "$program" -r pipe --samples) >full 2>err 9<&- 8<&- &
  child=$!
  cat demo.pcap >&9
  within 50 waits
  kill -TERM "$child"
  sleep 0.5
  ended && echo 'it ended with the first signal, though nobody had read'
  kill -TERM "$child" 2>/dev/null
  end_pipe 20
  exec 8>&-
  [ $status = 143 ] || echo "status $status, expected 143"
}

modes=(inline ahead)

"$program" -r demo.pcap >whole || exit 1
echo "1..$((4 + 7 * ${#modes[@]}))"
check 'golden tests: the same in both modes' "$(goldens_are_same)"
check 'many packets: the same in both modes' "$(demo_is_same)"
check 'limits: the same in both modes' "$(counts_are_same)"
check 'several files: the same in both modes' "$(files_are_same)"
for mode in "${modes[@]}"; do
  threads=1
  [ "$mode" = inline ] || threads=2
  check "$mode: threads" "$(threads_are "$mode" "$threads")"
  check "$mode: samples of a trickling pipe" "$(trickles "$mode")"
  check "$mode: SIGINT on a silent pipe" "$(stopped "$mode" INT)"
  check "$mode: SIGTERM on a silent pipe" "$(stopped "$mode" TERM)"
  check "$mode: SIGINT at any moment" "$(stopped_anywhere "$mode")"
  check "$mode: a closed output ends the run" "$(closed_output "$mode")"
  check "$mode: the second signal ends all" "$(second_signal "$mode")"
done
[ $failed = 0 ] || exit $failure_status
