#!/bin/bash
# Captures from a pipe: samples are printed as they arrive, and a silent pipe does not block
# signals.
#
#     pipes.sh PROGRAM
#
# Prints TAP. The status is 1 if a test failed, except with --tap (for Meson).
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
if [ $# != 1 ]; then
  echo "usage: pipes.sh PROGRAM" >&2
  exit 2
fi
program=$(realpath "$1") || exit 1
export LC_ALL=C TZ=UTC
folder=$(mktemp -d) || exit 1
child=
trap '[ -z "$child" ] || kill -9 "$child" 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder" || exit 1
cp "$here/../net/demo.pcap" . || exit 1

# silent_pipe ARGUMENTS...: the program on a pipe that stays open. Its process is $child,
# the writing end is descriptor 9.
silent_pipe() {
  rm -f pipe
  mkfifo pipe || exit 1
  exec 9<>pipe
  "$program" -r pipe "$@" >out 2>err 9<&- &
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

# Packets come in pieces that end anywhere; what each piece proves is seen before the next.
trickles() {
  local at=0 size want
  silent_pipe --samples --format csv
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
  local signal=$1
  silent_pipe
  cat demo.pcap >&9
  within 100 waits
  kill -"$signal" "$child"
  end_pipe 20
  [ $status = 1 ] || echo "status $status, expected 1"
  same whole out
  echo 'tcpmetro: stopped by a signal; the report covers what was read until then' >words
  same words err
}

# Whether the child has got as far as to catch SIGINT, which is ignored before that.
catches() {
  local caught
  caught=$(sed -n 's/^SigCgt:[^0-9a-f]*//p' "/proc/$child/status" 2>/dev/null)
  [ -n "$caught" ] && [ $((0x$caught & 2)) != 0 ]
}

# A signal at any moment of a stream without an end; where it falls, nobody knows. The feeder
# ends when nobody reads any more.
stopped_anywhere() {
  local feeder pause
  for pause in 0 0.01 0.05 0.1 0.13 0.17 0.2 0.23 0.3 0.31; do
    rm -f pipe
    mkfifo pipe || exit 1
    {
      cat demo.pcap
      while tail -c +25 demo.pcap; do :; done
    } >pipe 2>/dev/null &
    feeder=$!
    "$program" -r pipe --format csv -g receiver >out 2>err &
    child=$!
    within 100 catches || echo 'it does not catch the signal'
    sleep $pause
    kill -INT "$child"
    end_pipe 30
    kill "$feeder" 2>/dev/null
    wait "$feeder" 2>/dev/null
    [ $status = 1 ] || echo "status $status after $pause s, expected 1"
    grep -q 'stopped by a signal' err || cat err
  done
}

# The reader of the samples goes away. A few packets more, and the pipe is silent again: the
# program sees both.
closed_output() {
  rm -f pipe status
  mkfifo pipe || exit 1
  exec 9<>pipe
  {
    "$program" -r pipe --samples 2>err 9<&-
    echo $? >status
  } | head -n 1 >out 9<&- &
  child=$!
  head -c 20000 demo.pcap >&9
  within 50 ended || echo 'no line came'
  tail -c +20001 demo.pcap | head -c 20000 >&9
  if ! within 30 test -s status; then
    echo 'the program continues'
    tail -c +40001 demo.pcap >&9 # which ends it
  fi
  end_pipe 10
  grep -q '^ *frame' out || echo "the first line is: $(cat out)"
  cat err
}

# Nobody reads the report: the first signal cannot end that, a second one does.
second_signal() {
  rm -f full
  mkfifo full || exit 1
  exec 8<>full
  head -c 65536 /dev/zero >&8
  silent_pipe --samples
  kill -9 "$child"
  wait "$child" 2>/dev/null
  "$program" -r pipe --samples >full 2>err 9<&- 8<&- &
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

"$program" -r demo.pcap >whole || exit 1
echo 1..6
check 'samples of a trickling pipe' "$(trickles)"
check 'SIGINT on a silent pipe' "$(stopped INT)"
check 'SIGTERM on a silent pipe' "$(stopped TERM)"
check 'SIGINT at any moment' "$(stopped_anywhere)"
check 'a closed output ends the run' "$(closed_output)"
check 'the second signal ends all' "$(second_signal)"
[ $failed = 0 ] || exit $failure_status
