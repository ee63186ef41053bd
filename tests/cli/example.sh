#!/bin/bash
# The example program of docs/examples, which knows the public header and the shared library alone:
# its samples are those of the program.
#
#     example.sh [--tap] EXAMPLE PROGRAM MAKE_CAPTURE
set -u
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
example=$(realpath "$1") && program=$(realpath "$2") && make_capture=$(realpath "$3") || exit 1
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
"$make_capture" --seed 3 idle 200 capture.pcap || exit 1

# A line for each sample: frame, class, ports, milliseconds.
samples_are_the_programs() {
  local count
  "$example" capture.pcap >out || echo "status $?"
  sed -n 's/^frame \([0-9]*\): \([a-z]*\), port \([0-9]*\) to \([0-9]*\), sample [0-9]*: \(.*\) ms$/\1 \2 \3 \4 \5/p' \
    out | sort >example
  "$program" -r capture.pcap --samples --format csv |
    awk -F, 'NR > 1 { printf "%d %s %d %d %.3f\n", $1, $9, $5, $7, $3 / 1e6 }' | sort >program
  count=$(wc -l <program)
  [ "$count" -gt 100 ] || echo "only $count samples"
  diff example program | head -n 5
  grep -q "^[0-9]* packets, $count samples, [0-9]* acknowledgements$" out || tail -n 1 out
}

wrong_input_is_refused() {
  "$example" >out 2>err && echo "no file: status 0"
  grep -q '^usage: samples FILE' err || cat err
  echo x >short
  "$example" short >out 2>err && echo "no capture: status 0"
}

echo "1..2"
check 'samples are those of the program' "$(samples_are_the_programs)"
check 'wrong input is refused' "$(wrong_input_is_refused)"
[ $failed = 0 ] || exit $failure_status
