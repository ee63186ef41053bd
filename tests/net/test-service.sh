#!/bin/bash
# Compares the service's metrics with what real agents receive.
#
#   test-service.sh TCPMETRO LAB_BIN
#
# Real clients and servers talk over wires of known delay (lab.sh). On the client four
# services listen, and beside them tcpdump and two runs of tcpmetro without an agent, which
# see the same packets with the same time stamps. Their agents, all in the client's
# namespace:
#
#   statsd   Node's StatsD server: what it has at the end are the second run's values, to
#            the nanosecond and to the sample; and Prometheus, which scrapes this service:
#            its quantile lies in the bucket where that of our own report does
#   netdata  netdata's StatsD server: the same values
#   unix     sink.c behind a Unix datagram socket, which stops reading, and is killed
#   udp      sink.c behind UDP, which is killed for a minute; the kernel counts, too, what
#            finds nobody (which is why this one is on IPv6: the others are on IPv4)
#
# No service may lose a packet meanwhile, and of each datagram it must know what became of
# it. In the end all get SIGTERM, and have two seconds.
#
# Needs root. What an agent is missing for is left out, and said. Status 77: nothing can run
# here, the last line says why. KEEP=FOLDER keeps a copy of what was written.
# shellcheck disable=SC2317 # some functions are called by until_true
# shellcheck disable=SC2153,SC2154 # many variables are set by agents.sh and service-check.sh
set -u
tcpmetro=$1
# shellcheck disable=SC2034 # lab.sh's
LAB_BIN=$2
# shellcheck source=tests/net/lab.sh
. "$(dirname "$0")/lab.sh"
# shellcheck source=tests/net/agents.sh
. "$(dirname "$0")/agents.sh"
# shellcheck source=tests/net/service-check.sh
. "$(dirname "$0")/service-check.sh"

if ! reason=$(lab_possible tcpdump ss curl); then
  echo "$reason"
  exit 77
fi
if "$tcpmetro" -c /dev/null --check 2>&1 | grep 'was built without'; then
  exit 77
fi
# What is to be seen here is not how busy the machine is.
renice -n -10 -p $$ >/dev/null 2>&1
trap '[ -n "${KEEP:-}" ] && cp -r "$LAB_DIR"/. "$KEEP"; lab_down' EXIT
trap 'exit 1' INT TERM HUP

NEAR=192.0.2.2 FAR=198.51.100.2 FAR6=2001:db8:2::2
NEAR_MS=20 FAR_MS=40
AWAY_S=60
UDP=8325

# ---- start ----

start_agents() {
  with_statsd=no with_netdata=no
  if statsd_here; then
    statsd_start || return 1
    with_statsd=yes
  fi
  netdata=$(PATH=$PATH:/usr/sbin command -v netdata)
  if [ -z "$netdata" ]; then
    skip "netdata: it is not there"
  else
    netdata_start || return 1
    with_netdata=yes
  fi
}

TAGS='    tags: [env:test, role:web]
'

start_services() {
  sink unix unix "$LAB_DIR/agent.socket" || return 1
  service unix "    ips: [$NEAR]"$'\n' <<<"  statsd_ip: unix://$LAB_DIR/agent.socket" || return 1
  service netdata-service "    ips: [\"$FAR6\"]"$'\n' <<<"  statsd_port: $NETDATA" || return 1
  with_prometheus=no
  if ! service statsd "$TAGS" 2>/dev/null <<<"  prometheus_port: $METRICS"; then
    grep 'built without' "$LAB_DIR/statsd.err" || {
      cat "$LAB_DIR/statsd.err" >&2
      return 1
    }
    skip "Prometheus: this tcpmetro does not serve it"
    service statsd "$TAGS" </dev/null || return 1
    return 0
  fi
  http_checks
  if ! command -v prometheus >/dev/null || ! command -v promtool >/dev/null; then
    skip "Prometheus: prometheus or promtool is not there"
    return 0
  fi
  prometheus_start || return 1
  with_prometheus=yes
}

start_others() {
  lab_start samples "$LAB_CLIENT" "$tcpmetro" -i eth0 --samples --format csv tcp
  samples_pid=$LAB_PID
  lab_start report "$LAB_CLIENT" "$tcpmetro" -i eth0 --format csv --interval 0s tcp
  report_pid=$LAB_PID
  lab_record "$LAB_DIR/packets.pcap" &&
    lab_wait_for samples listening && lab_wait_for report listening
}

# ---- values ----

RTTS="system.net.tcp.rtt system.net.tcp.rtt.avg system.net.tcp.rtt.min"

declare -A off

# compare AGENT PATH-MS KEY FILE: strikes a gauge that is the path's delay from those that are
# not.
compare() {
  [ -z "${off[$1 $3]-new}" ] && return
  if near_path "$3" "$4" "$2"; then
    off[$1 $3]=
  else
    off[$1 $3]="$3 $(statsd_value "$3" "$4")"
  fi
}

compare_all() {
  local name
  [ "$with_statsd" = no ] || statsd_ask gauges >"$LAB_DIR/gauges"
  [ "$with_netdata" = no ] || netdata_values "$LAB_DIR/netdata-gauges"
  for name in $RTTS; do
    if [ "$with_statsd" = yes ]; then
      compare statsd $NEAR_MS "$(statsd_key "$name" $NEAR)" "$LAB_DIR/gauges"
      compare statsd $FAR_MS "$(statsd_key "$name" $FAR)" "$LAB_DIR/gauges"
      compare statsd $FAR_MS "$(statsd_key "$name" $FAR6)" "$LAB_DIR/gauges"
    fi
    if [ "$with_netdata" = yes ]; then
      compare netdata $FAR_MS "$name" "$LAB_DIR/netdata-gauges"
    fi
  done
}

# What the agents show is the path's delay. A busy machine is late with the wires now and then,
# and then that is what they show: so once is enough for each gauge. (That the values are those
# of the packets, to the nanosecond, is seen at the end.)
values_check() {
  local try wrong
  if [ "$with_statsd" = no ] && [ "$with_netdata" = no ]; then
    return
  fi
  for ((try = 0; try < 8; try++)); do
    # The report of it, and netdata's clock.
    sleep 2.5
    compare_all
    wrong=$(printf '%s\n' "${off[@]}" | grep . | paste -s -d ' ')
    [ -z "$wrong" ] && break
    echo "     not the path's yet: $wrong"
    traffic_up 3
  done
  equal "${#off[@]} gauges, but for those that are not the path's delay" "${wrong:-none}" none
}

# The path is what the kernel says, too: its smallest round trip.
kernel_check() {
  local kernel
  kernel=$(awk -v dst=$NEAR '$3 == dst && (!n++ || $5 < least) { least = $5 } END { print least / 1000 }' \
    "$LAB_DIR/clients.out")
  holds "the kernel's smallest round trip to $NEAR (ms)" \
    "$kernel >= $NEAR_MS && $kernel - $NEAR_MS < 0.5 + $NEAR_MS / 50"
}

prometheus_checks() {
  local dst
  if [ "$with_prometheus" = no ]; then
    return
  fi
  # What came last is scraped.
  sleep 2.5
  status /metrics >/dev/null
  cp "$LAB_DIR/http.out" "$LAB_DIR/metrics"
  for dst in $NEAR $FAR $FAR6; do
    quantile_check "$dst"
  done
  equal "up" "$(query 'up{job="tcpmetro"}')" 1
  # A scrape has one second, which a busy machine may not have for it.
  holds "up, of all scrapes" "$(query 'avg_over_time(up{job="tcpmetro"}[10m])') > 0.9"
  holds "scrapes" "$(query 'count_over_time(up{job="tcpmetro"}[10m])') > 30"
  echo "     the longest scrape: $(query 'max_over_time(scrape_duration_seconds{job="tcpmetro"}[10m])') s"
  equal "samples that Prometheus refused" \
    "$(query 'sum({__name__=~"prometheus_target_scrapes_.*(duplicate|out_of_|exceeded).*_total"})')" 0
  equal "Prometheus' messages" "$(grep -c -i scrap "$LAB_DIR/prometheus.err")" 0
}

# ---- agents that leave ----

# reports_check: of the service unix, whose reports are one datagram each, once a second. The
# clock is the only other witness of how many there were.
reports_check() {
  local seconds
  seconds=$(elapsed "$unix_from" "$seen_at")
  holds "unix: sent and lost are the reports of $seconds s, to within one" \
    "$sent + $lost - $unix_base - $seconds < 1.2 && $sent + $lost - $unix_base - $seconds > -1.5"
}

unix_deaf() {
  local file=$LAB_DIR/unix.got read lost_deaf deaf_at
  new_report "$file"
  settled unix "$file"
  equal "unix: datagrams sent and received" "$sent" "$got"
  new_report "$file"
  unix_from=$(changed "$file") unix_base=$(received "$file")
  kill -USR1 "${sink_pid[unix]}"
  lab_wait_for unix deaf || return
  read=$(received "$file")
  deaf_at=$SECONDS
  traffic_round $NEAR
  # The queue is short (see the end of this file); then there is a second of patience.
  while [ $((SECONDS - deaf_at)) -lt 8 ]; do
    sleep 0.1
  done
  state unix
  equal "unix: datagrams in the queue of an agent that does not read" $((sent - read)) 3
  holds "unix: lost meanwhile" "$lost >= 3"
  reports_check
  equal "unix: dropped packets" "$dropped" 0
  kill -USR2 "${sink_pid[unix]}"
  lab_wait_for unix reading
  new_report "$file"
  settled unix "$file"
  equal "unix: datagrams sent and received, once it reads again" "$sent" "$got"
  equal "unix: points sent and received" "$points" "$got_points"
  reports_check
  lost_deaf=$lost
  new_report "$file"
  new_report "$file"
  settled unix "$file"
  equal "unix: lost since" $((lost - lost_deaf)) 0
}

unix_restart() {
  local file=$LAB_DIR/unix.got file2=$LAB_DIR/unix2.got lost_before=$lost
  new_report "$file"
  kill_sink unix
  sleep 2.5
  sink unix2 unix "$LAB_DIR/agent.socket" || return
  until_true 5 has_received "$file2" 0
  holds "unix: seconds until the new agent has a report" \
    "$(elapsed "$(changed "$LAB_DIR/unix2.err")" "$(changed "$file2")") < 1.5"
  new_report "$file2"
  settled unix "$file" "$file2"
  equal "unix: datagrams sent and received by both agents" "$sent" "$got"
  equal "unix: points sent and received by both agents" "$points" "$got_points"
  holds "unix: lost while there was no agent" "$lost - $lost_before >= 2"
  equal "unix: what it says itself of the lost" "$told" "$lost"
  reports_check
}

udp_leaves() {
  settled udp "$LAB_DIR/udp.got"
  equal "udp: datagrams sent and received" "$sent" "$got"
  equal "udp: lost so far" "$lost" 0
  new_report "$LAB_DIR/udp.got"
  kill_sink udp
  away_since=$SECONDS
}

udp_returns() {
  local file=$LAB_DIR/udp.got file2=$LAB_DIR/udp2.got
  while [ $((SECONDS - away_since)) -lt $AWAY_S ]; do
    sleep 0.2
  done
  sink udp2 udp ::1 $UDP || return
  until_true 3 has_received "$file2" 0 || fail "udp: the agent is back, but no report comes"
  traffic_round $NEAR $FAR $FAR6
  new_report "$file2"
  settled udp "$file" "$file2"
  holds "udp: lost while the agent was away for $AWAY_S s" "$lost >= $AWAY_S - 2"
  equal "udp: lost, and what the kernel says found nobody" "$lost" "$no_ports"
  equal "udp: sent, and received by both agents" "$sent" "$got"
  equal "udp: sent, and what the kernel says was taken" "$sent" "$taken"
  equal "udp: points sent and received" "$points" "$got_points"
  equal "udp: what it says itself of the lost" "$told" "$lost"
  holds "udp: points lost" "$lost_points > $lost"
}

# While nothing is sent: what each service captured, and what there was.
packets_check() {
  local name all near far6
  lab_record_end
  equal "packets that tcpdump lost" "$(sed -n 's/^\([0-9]*\) packets\{0,1\} dropped by kernel/\1/p' "$LAB_DIR/tcpdump.err")" 0
  all=$(tcpdump -r "$LAB_DIR/packets.pcap" -n -t -q 2>/dev/null | wc -l)
  near=$(tcpdump -r "$LAB_DIR/packets.pcap" -n -t -q host $NEAR 2>/dev/null | wc -l)
  far6=$(tcpdump -r "$LAB_DIR/packets.pcap" -n -t -q host $FAR6 2>/dev/null | wc -l)
  for name in "statsd $all" "udp $all" "unix $near" "netdata-service $far6"; do
    state "${name% *}"
    equal "${name% *}: packets captured, and those of tcpdump" "$packets" "${name#* }"
    equal "${name% *}: packets dropped" "$dropped" 0
  done
}

# ---- the end ----

# wait_ends SINCE: for all services; when each had ended, in seconds, goes to end_after. No
# program is started for it, as it would be late on a busy machine.
declare -A end_after

wait_ends() {
  local name stat left=1
  while [ $left != 0 ] && [ $(($(now_us) - $1)) -lt 5000000 ]; do
    left=0
    for name in "${!service_pid[@]}"; do
      [ -z "${end_after[$name]:-}" ] || continue
      # The status is behind the name, which may hold anything.
      if read -r stat <"/proc/${service_pid[$name]}/stat" && [[ ${stat##*) } != Z* ]]; then
        left=1
      else
        end_after[$name]=$(elapsed "$1")
      fi
    done 2>/dev/null
    sleep 0.02
  done
}

# warnings WITH-AGENT: the number expected of a service whose agent stayed, or never came.
warnings() {
  if [ "$1" = yes ]; then
    echo 0
  else
    echo 1
  fi
}

# end_service NAME WARNINGS: what is left of it.
end_service() {
  local pid=${service_pid[$1]}
  [ -n "${end_after[$1]:-}" ] || kill -KILL "$pid"
  holds "$1: seconds until it has ended" "${end_after[$1]:-5} < 2"
  wait "$pid"
  equal "$1: status" $? 0
  forget "$pid"
  equal "$1: words of its end" "$(lines_of 'SIGTERM: stopping' "$LAB_DIR/$1.err")" 1
  equal "$1: warnings of lost datagrams, and other messages" "$(complaints "$1")" "$2"
}

# The last of the traffic, and SIGTERM at once.
end_services() {
  local start
  new_report "$LAB_DIR/unix2.got"
  new_report "$LAB_DIR/udp2.got"
  unix_before=$(sum_of_samples unix2 $NEAR)
  udp_before=$(sum_of_samples udp2 $NEAR)
  last_round_at=${EPOCHREALTIME/,/.}
  traffic_up 1
  start=$(now_us)
  kill -TERM "${service_pid[@]}"
  wait_ends "$start"
  end_service statsd "$(warnings "$with_statsd")"
  end_service netdata-service "$(warnings "$with_netdata")"
  end_service udp 1
  end_service unix 2
  # What the second run still holds back is printed.
  sleep 0.5
  lab_stop "$samples_pid"
  lab_columns rtt_ns class src dst time <"$LAB_DIR/samples.out" |
    awk '$2 == "network" && ($3 == "192.0.2.1" || $3 == "2001:db8:1::1")' >"$LAB_DIR/network"
}

# seen DST SINCE: how many samples the second run had, and the last.
seen() {
  awk -v dst="$1" -v since="$2" '
    $4 == dst && $5 >= since { n++; last = $1 }
    END { print n + 0, last }' "$LAB_DIR/network"
}

netdata_has() {
  netdata_values "$LAB_DIR/netdata-gauges"
  [ "$(value_ns system.net.tcp.rtt "$LAB_DIR/netdata-gauges")" = "$1" ]
}

# What the agents have after the end is all that the second run saw.
final_check() {
  local dst last count
  if [ "$with_statsd" = yes ]; then
    statsd_ask gauges >"$LAB_DIR/gauges"
    statsd_ask counters >"$LAB_DIR/counters"
    for dst in $NEAR $FAR $FAR6; do
      read -r count last <<<"$(seen "$dst" 0)"
      equal "statsd: $dst: samples, and those of the second run" \
        "$(statsd_value "$(statsd_key system.net.tcp.rtt.samples "$dst")" "$LAB_DIR/counters")" "$count"
      equal "statsd: $dst: the last, and the second run's (ns)" \
        "$(value_ns "$(statsd_key system.net.tcp.rtt "$dst")" "$LAB_DIR/gauges")" "$last"
    done
    equal "statsd: lines that it does not understand" \
      "$(statsd_value statsd.bad_lines_seen "$LAB_DIR/counters")" 0
  fi
  if [ "$with_netdata" = yes ]; then
    read -r count last <<<"$(seen $FAR6 0)"
    until_true 4 netdata_has "$last"
    equal "netdata: the last, and the second run's (ns)" \
      "$(value_ns system.net.tcp.rtt "$LAB_DIR/netdata-gauges")" "$last"
  fi
  read -r count last <<<"$(seen $NEAR "$last_round_at")"
  equal "unix: samples just before the end, and those of the second run" \
    $(($(sum_of_samples unix2 $NEAR) - unix_before)) "$count"
  equal "udp: samples just before the end, and those of the second run" \
    $(($(sum_of_samples udp2 $NEAR) - udp_before)) "$count"
}

lab_up "--delay-us 10000" "--delay-us 10000" || exit 1
# Of a Unix socket: so that it is full soon, with three datagrams.
on_client sh -c 'echo 2 >/proc/sys/net/unix/max_dgram_qlen' || exit 1
# First of all, for it takes longest: the agent goes.
sink udp udp ::1 $UDP &&
  service udp <<<"  statsd_ip: ::1"$'\n'"  statsd_port: $UDP" || exit 1
udp_leaves
web_server && start_agents && start_services && start_others || exit 1
echo "     all is there after $SECONDS s"
traffic_round $NEAR $FAR $FAR6
kernel_check
values_check
unix_deaf
unix_restart
traffic_round $NEAR $FAR $FAR6
echo "     waiting for the minute to end, after $SECONDS s"
udp_returns
lab_stop "$report_pid"
prometheus_checks
packets_check
end_services
final_check
echo "     after $SECONDS s"
exit "$bad"
