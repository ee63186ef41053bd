#!/bin/bash
# Behaviour that a comparison of output does not cover: closed pipes, silent pipes, signals, progress on a terminal.
#
#     behaviour.sh PROGRAM MAKE_CAPTURES
#
# Prints TAP. The status is 1 if a test failed, except with --tap (for Meson).
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
if [ $# != 2 ]; then
  echo "usage: behaviour.sh PROGRAM MAKE_CAPTURES" >&2
  exit 2
fi
program=$(realpath "$1") && make_captures=$(realpath "$2") || exit 1
export LC_ALL=C TZ=UTC
demo=$here/../net/demo.pcap
folder=$(mktemp -d) || exit 1
child=
trap '[ -z "$child" ] || kill -9 "$child" 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder" || exit 1
"$make_captures" . || exit 1

# silent_pipe FILE ARGUMENTS...: starts the program on a pipe that brings the file and then
# stays open and silent. Its process is $child, its writing end descriptor 9.
silent_pipe() {
  local file=$1
  shift
  rm -f pipe
  mkfifo pipe || exit 1
  exec 9<>pipe
  "$program" -r pipe "$@" >out 2>err 9<&- &
  child=$!
  cat "$file" >&9
}

# end_pipe SECONDS: the child's end, by force if need be; its status is $status.
end_pipe() {
  if ! within "$1" ended; then
    kill -9 "$child" 2>/dev/null
    echo "it did not end within $1 tenths of a second" >late
  fi
  wait "$child" 2>/dev/null
  status=$?
  child=
  exec 9>&-
}

same() {
  cmp -s "$1" "$2" || diff -u --label "expected $1" --label "got $2" "$1" "$2"
}

problems() {
  cat late 2>/dev/null
  rm -f late
}

# A signal ends the reading of a pipe that is silent, and the report is printed. With the
# sanitizers the end takes a moment longer, so a second is two here.
stopped_by() {
  silent_pipe mixed.pcap
  within 100 waits
  kill -"$1" "$child"
  end_pipe 20
  {
    problems
    [ $status = 1 ] || echo "status $status, expected 1"
    "$program" -r mixed.pcap >whole 2>&1
    same whole out
    echo 'tcpmetro: stopped by a signal; the report covers what was read until then' >words
    same words err
  }
}

# With the signal before anything was read: not even a header.
stopped_before_all() {
  silent_pipe /dev/null
  within 100 waits
  kill -INT "$child"
  end_pipe 20
  {
    problems
    [ $status = 1 ] || echo "status $status, expected 1"
    [ "$(wc -l <err)" -le 1 ] || cat err
  }
}

# What was read is to be seen while the pipe is still open.
samples_come_at_once() {
  local want
  silent_pipe mixed.pcap --samples --format csv
  want=$("$program" -r mixed.pcap --samples --format csv | wc -l)
  within 50 eval "[ \$(wc -l <out) -ge $want ]" ||
    echo "of $want lines $(wc -l <out) were printed while the pipe was open"
  kill -TERM "$child"
  end_pipe 20
  problems
}

# The reader of the samples goes away while packets may still come: nobody is told, and
# nothing waits.
closed_pipe() {
  rm -f pipe
  mkfifo pipe || exit 1
  exec 9<>pipe
  {
    timeout 10 "$program" -r pipe --samples 2>err 9<&-
    echo $? >status
  } | head -n 1 >out &
  child=$!
  cat "$demo" >&9
  end_pipe 50
  {
    problems
    grep -q '^ *frame' out || echo "the first line is: $(cat out)"
    [ -s err ] && cat err
    [ "$(cat status)" = 124 ] && echo "it had to be ended"
  }
}

closed_report() {
  "$program" -r "$demo" 2>err | true
  cat err
}

# with_terminal COMMAND: runs it, without input, on a terminal of its own, and has its status.
# What the terminal saw goes to `seen`. Where nothing comes of it in spite of no_terminal,
# below, the tests go on.
with_terminal() {
  : >seen
  timeout -k 2 15 script -qec "$1" seen </dev/null >/dev/null 2>&1
}

# on_terminal ARGUMENTS: runs the program with a terminal as standard error, a large pipe
# as its input that pauses for longer than the progress line takes to appear. What the
# terminal saw goes to `seen`, standard output to `out`.
on_terminal() {
  rm -f pipe
  mkfifo pipe || exit 1
  {
    head -c 200000 "$demo"
    sleep 0.8
    tail -c +200001 "$demo"
  } >pipe &
  local feeder=$!
  with_terminal "'$program' -r pipe $* >out"
  status=$?
  # Who was not read to the end waits for a reader that will not come.
  kill "$feeder" 2>/dev/null
  wait "$feeder" 2>/dev/null
}

progress_shows() {
  on_terminal
  [ $status = 0 ] || echo "status $status, expected 0"
  grep -q 'pipe: .*M packets' seen || { echo 'no progress on the terminal:'; cat -v seen; }
  # Nothing of it stays: the last word to the terminal clears the line.
  tail -n +2 seen | grep -av '^Script done' | tr -d '\n' | grep -qa $'\r\033\[K$' ||
    { echo 'the line was not taken away:'; cat -v seen; }
  "$program" -r "$demo" >whole
  same whole out
}

# Of a file, the share and the time left are known. What holds the run up is the reader of
# the samples, who begins late.
progress_of_a_file() {
  with_terminal "'$program' -r '$demo' --samples | (sleep 1.5; cat >out)"
  grep -qE 'demo.pcap: [0-9]+ %, [0-9]+ s left, [0-9.]+ M packets, [0-9.]+ M/s' seen ||
    { echo 'no share or no time left:'; cat -v seen; }
  "$program" -r "$demo" --samples >whole
  same whole out
}

# Samples on the same terminal would land in the line.
no_progress_among_samples() {
  with_terminal "{ head -c 200000 '$demo'; sleep 0.8; tail -c +200001 '$demo'; } |
    '$program' -r - --samples"
  grep -aq 'M packets' seen && { echo 'progress among the samples:'; grep -a 'M packets' seen; }
  [ "$(grep -ac ' -> ' seen)" -gt 1000 ] || echo 'the samples were not printed'
}

progress_keeps_quiet() {
  on_terminal --quiet
  [ $status = 0 ] || echo "status $status, expected 0"
  grep -aq 'packets' seen && { echo 'progress in spite of --quiet:'; cat -v seen; }
}

no_progress_without_terminal() {
  rm -f pipe
  mkfifo pipe || exit 1
  {
    head -c 200000 "$demo"
    sleep 0.8
    tail -c +200001 "$demo"
  } >pipe &
  local feeder=$!
  "$program" -r pipe >out 2>err
  wait $feeder
  cat err
}

# Standard input from a terminal is a person who waits for nothing to happen.
terminal_as_input() {
  with_terminal "'$program' -r -"
  status=$?
  [ $status = 2 ] || [ $status = 1 ] || echo "status $status, expected 1"
  grep -q 'standard input is a terminal' seen || { echo 'the terminal saw:'; cat -v seen; }
}

echo "1..13"
check 'SIGINT on a silent pipe: the report of what was read' "$(stopped_by INT)"
check 'SIGTERM on a silent pipe: the report of what was read' "$(stopped_by TERM)"
check 'SIGINT before anything was read' "$(stopped_before_all)"
check 'samples are printed as they come' "$(samples_come_at_once)"
check 'a closed pipe ends the run, quietly' "$(closed_pipe)"
check 'a closed pipe before the report, quietly' "$(closed_report)"
# Why there is no terminal to be had, or nothing.
no_terminal() {
  if ! command -v script >/dev/null; then
    echo 'there is no script(1) (Debian: bsdutils)'
  elif ! timeout -k 2 5 script -qec true /dev/null </dev/null >/dev/null 2>&1; then
    echo 'no terminal can be had here (is /dev/pts mounted?)'
  fi
}

# on_terminals REASON NAME FUNCTION: a test that needs a terminal, or its skip.
on_terminals() {
  if [ -n "$1" ]; then
    skip "$2" "$1"
  else
    check "$2" "$($3)"
  fi
}

# The table is drawn over another screen, which is given back; the report follows. Refused
# connections are round trips, too.
live_screen() {
  {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
      sleep 0.3
      (exec 3<>/dev/tcp/127.0.0.1/9) 2>/dev/null
    done
  } &
  local calls=$! last
  TERM=xterm with_terminal \
    "stty rows 24 cols 100; '$program' -i lo --interval 500ms --duration 3s"
  wait $calls
  grep -qaF $'\033[?1049h' seen || echo 'no screen was opened'
  [ "$(grep -caF $'\033[H' seen)" -ge 3 ] || echo 'it was not drawn again and again'
  grep -qaE '127\.0\.0\.1 +-> 127\.0\.0\.1' seen || echo 'no row was drawn'
  last=$(tr -d '\r' <seen | sed -n $'/\033\\[?1049l/,$p')
  grep -q '^RTT from the capture point' <<<"${last#*$'\033[?1049l'}" ||
    { echo 'no report behind the screen:'; tail -n 20 seen | cat -v; }
  grep -q '^capture .*dropped by the kernel' <<<"$last" || echo 'the report does not mention drops'
}

terminals=$(no_terminal)
on_terminals "$terminals" 'progress on a terminal' progress_shows
on_terminals "$terminals" 'progress through a file' progress_of_a_file
on_terminals "$terminals" 'no progress among samples on the same terminal' no_progress_among_samples
on_terminals "$terminals" 'no progress with --quiet' progress_keeps_quiet
check 'no progress without a terminal' "$(no_progress_without_terminal)"
on_terminals "$terminals" 'a terminal is no capture' terminal_as_input
if [ -z "$terminals" ] && ! "$program" -i lo -q --duration 1ms >/dev/null 2>err; then
  terminals="this user may not capture: $(cat err)"
fi
on_terminals "$terminals" 'live on a terminal' live_screen
[ $failed = 0 ] || exit $failure_status
