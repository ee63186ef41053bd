#!/bin/bash
# Compares tcpmetro with the kernel: the same connections, measured by both.
#
#   test-kernel.sh TCPMETRO LAB_BIN
#
# Real TCP in namespaces (lab.sh), one connection after another of each kind, recorded
# on the client's side. When a socket ends, the kernel reports its minimum and its
# smoothed RTT (TCP_INFO). The smallest sample of that connection must be within 5 % or
# 50 us of the kernel's, and the samples, smoothed as RFC 6298 does, within 10 % or
# 200 us: the kernel smooths over more acknowledgements than those that are samples.
#
# Nothing is lost on these wires: after a loss the kernel may take an RTT from the
# timestamp echo, in whole milliseconds, and is less exact then.
#
# Needs root. Status 77: cannot run here, the last line says why.
set -u
tcpmetro=$1
LAB_BIN=$2
# shellcheck source=tests/net/lab.sh
. "$(dirname "$0")/lab.sh"

if ! reason=$(lab_possible tcpdump); then
  echo "$reason"
  exit 77
fi
trap 'lab_down' EXIT
trap 'exit 1' INT TERM HUP
lab_up "--delay-us 2000" "--delay-us 6000:9000" || exit 1
lab_record "$LAB_DIR/kernel.pcap" || exit 1

for target in 192.0.2.2 2001:db8:1::2 198.51.100.2 2001:db8:2::2; do
  while read -r kind count; do
    lab_client "$target" "$kind" "$count" >>"$LAB_DIR/kernel.txt" || exit 1
  done <<'TEXT'
up 10
down 5
echo 15
http 5
small 60
TEXT
done
lab_record_end
if ! "$tcpmetro" -r "$LAB_DIR/kernel.pcap" --samples --format csv >"$LAB_DIR/samples.csv"; then
  echo "tcpmetro failed on the capture"
  exit 1
fi
lab_columns src sport dst dport rtt_ns <"$LAB_DIR/samples.csv" >"$LAB_DIR/samples.txt" || exit 1

awk '
  function off(a, b) { return a > b ? a - b : b - a }
  function near(a, b, share, least) { return off(a, b) <= share * b || off(a, b) <= least }
  FNR == 1 { file++ }
  # src sport dst dport rtt_ns
  file == 1 {
    flow = $1 " " $2 " " $3 " " $4
    us = $5 / 1000
    samples[flow]++
    if (!(flow in least) || us < least[flow])
      least[flow] = us
    smooth[flow] += samples[flow] == 1 ? us : (us - smooth[flow]) / 8
    next
  }
  {
    connections++
    flow = $1 " " $2 " " $3 " " $4
    if (!(flow in samples)) {
      printf "FAIL %-5s %s: no sample\n", $8, flow
      bad = 1
      next
    }
    verdict = "ok"
    if (!near(least[flow], $5, 0.05, 50))
      verdict = "FAIL minimum"
    else if (!near(smooth[flow], $6, 0.10, 200))
      verdict = "FAIL smoothed"
    if (verdict != "ok")
      bad = 1
    printf "%-13s %-5s %-52s samples %4d  min %6.0f kernel %6d  smoothed %6.0f kernel %6d us\n",
           verdict, $8, flow, samples[flow], least[flow], $5, smooth[flow], $6
  }
  END {
    if (connections != 20) {
      print "expected 20 connections, got " connections + 0
      bad = 1
    }
    exit bad
  }' "$LAB_DIR/samples.txt" "$LAB_DIR/kernel.txt"
status=$?
lab_stop "$LAB_ONE_PID"
lab_stop "$LAB_TWO_PID"
echo "wire one: $(cat "$LAB_DIR/one.out")"
echo "wire two: $(cat "$LAB_DIR/two.out")"
exit $status
