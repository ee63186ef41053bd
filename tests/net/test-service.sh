#!/bin/bash
# Holds the service against real agents that take its metrics.
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
# here, the last line says why.
# shellcheck disable=SC2317 # some functions are called by until_true
set -u
tcpmetro=$1
# shellcheck disable=SC2034 # lab.sh's
LAB_BIN=$2
# shellcheck source=tests/net/lab.sh
. "$(dirname "$0")/lab.sh"
# shellcheck source=tests/net/agents.sh
. "$(dirname "$0")/agents.sh"

if ! reason=$(lab_possible tcpdump ss curl); then
  echo "$reason"
  exit 77
fi
if "$tcpmetro" -c /dev/null --check 2>&1 | grep 'was built without'; then
  exit 77
fi
trap 'lab_down' EXIT
trap 'exit 1' INT TERM HUP

NEAR=192.0.2.2 FAR=198.51.100.2 FAR6=2001:db8:2::2
NEAR_MS=20 FAR_MS=40
AWAY_S=60
# Between reports of the services whose datagrams are counted: time to look at all of it, on a
# machine that others use too.
COUNTED_S=2
UDP=8325
bad=0

fail() {
  echo "FAIL $*"
  bad=1
}

ok() {
  echo "ok   $*"
}

# equal WHAT A B
equal() {
  if [ "$2" = "$3" ]; then
    ok "$1: $2"
  else
    fail "$1: ${2:-nothing} and ${3:-nothing}"
  fi
}

# holds WHAT AWK-CONDITION: of numbers.
holds() {
  if awk "BEGIN { exit !($2) }" 2>/dev/null; then
    ok "$1: $2"
  else
    fail "$1: not $2"
  fi
}

skip() {
  echo "skip $*"
}

# until_true SECONDS COMMAND...: whether it was true in time.
until_true() {
  local tries=$(($1 * 20)) i
  shift
  for ((i = 0; i < tries; i++)); do
    "$@" && return 0
    sleep 0.05
  done
  return 1
}

# ---- traffic ----

clients=()

go() {
  on_client "$@" >>"$LAB_DIR/clients.out" 2>&1 &
  clients+=($!)
}

settle() {
  local pid
  for pid in "${clients[@]}"; do
    wait "$pid" || fail "a client's connection (status $?): $(tail -n 3 "$LAB_DIR/clients.out")"
  done
  clients=()
}

# traffic_round: a second or two of it.
traffic_round() {
  local address
  for address in $NEAR $FAR $FAR6; do
    go "$LAB_BIN/traffic" client "$address" "$LAB_PORT" up 6
    go "$LAB_BIN/traffic" client "$address" "$LAB_PORT" echo 5
    go "$LAB_BIN/traffic" client "$address" "$LAB_PORT" small 60
  done
  if [ -d "$LAB_DIR/www" ]; then
    go curl -sS -m 20 -o /dev/null -H 'Connection: close' "http://$NEAR:$WEB/page?[1-6]"
  fi
  settle
}

# ---- services ----

declare -A service_pid

# service NAME SECONDS [INSTANCE-LINES]: its configuration from standard input, but for the
# distance of reports; 1: it did not start.
service() {
  {
    echo "init_config:"
    cat
    printf '  filter: tcp\n  statsd_interval: %s\ninstances:\n  - interface: eth0\n%s' "$2" "${3:-}"
  } >"$LAB_DIR/$1.yaml"
  lab_start "$1" "$LAB_CLIENT" "$tcpmetro" -c "$LAB_DIR/$1.yaml"
  service_pid[$1]=$LAB_PID
  lab_wait_for "$1" 'begins by'
}

lines_of() {
  grep -c -- "$1" "$2" 2>/dev/null
}

more_lines() {
  [ "$(lines_of "$1" "$2")" -gt "$3" ]
}

# state NAME: asks for it by SIGUSR1, and sets these from what the log says.
packets=0 dropped=0 sent=0 points=0 lost=0 lost_points=0
state() {
  local log=$LAB_DIR/$1.err before
  before=$(lines_of ' statsd: ' "$log")
  kill -USR1 "${service_pid[$1]}"
  if ! until_true 10 more_lines ' statsd: ' "$log" "$before"; then
    fail "$1 does not tell its state"
    tail -n 5 "$log"
    return 1
  fi
  # The last that were said, one line each.
  read -r packets dropped sent points lost lost_points <<<"$(sed -n -E \
    -e 's/.* eth0: captured; ([0-9]+) packets, ([0-9]+) dropped by the kernel, ([0-9]+) by the.*/probe \1 \2 \3/p' \
    -e 's/.* statsd: ([0-9]+) datagrams sent \(([0-9]+) points\), ([0-9]+) lost \(([0-9]+) points\).*/statsd \1 \2 \3 \4/p' \
    "$log" | awk '
      $1 == "probe" { packets = $2; dropped = $3 + $4 }
      $1 == "statsd" { counts = $2 " " $3 " " $4 " " $5 }
      END { print packets, dropped, counts }')"
}

now_us() {
  echo "${EPOCHREALTIME/[.,]/}"
}

# elapsed START: seconds since a time in us.
elapsed() {
  printf '%d.%06d' $((($(now_us) - $1) / 1000000)) $((($(now_us) - $1) % 1000000))
}

# Reports come at equal distances. What is between two of them is known by this
# one, which came at report_at, in us.
report_at=0

# after_report FILE: waits for the next one, which a sink writes there.
after_report() {
  until_true 5 has_received "$1" "$(received "$1")" || fail "$(basename "$1"): no report comes"
  report_at=$(date -r "$1" +%s%6N)
  between_reports
}

reports_since() {
  echo $((($(now_us) - report_at) / (COUNTED_S * 1000000)))
}

# between_reports: waits for a moment with time until the next one.
between_reports() {
  local i past
  for ((i = 0; i < 500; i++)); do
    past=$((($(now_us) - report_at) % (COUNTED_S * 1000000)))
    [ $past -gt 200000 ] && [ $past -lt 800000 ] && return
    sleep 0.02
  done
  fail "the machine has no time"
}

# quiet_state NAME FILE...: the state, and what it is compared with, all of it between the
# same two reports: what sinks wrote to the files, and reports since report_at.
reports=0 got=0 got_points=0 told=
quiet_state() {
  local name=$1 try
  shift
  for try in 1 2 3 4 5 6 7 8; do
    between_reports
    reports=$(reports_since)
    state "$name" || return
    got=$(received "$@")
    got_points=$(received_points "$@")
    told=$(told_lost "$@")
    no_ports=$(udp6 NoPorts)
    taken=$(udp6 InDatagrams)
    [ "$(reports_since)" = "$reports" ] && return
  done
  fail "$name: its state was never told in time"
}

# told_lost FILE...: what the service's own metric said at last.
told_lost() {
  cat "$@" | sed -n 's/^tcpmetro.statsd.datagrams_lost:\([0-9]*\)|g.*/\1/p' | tail -n 1
}

# udp6 COUNTER: of the client's kernel.
udp6() {
  on_client cat /proc/net/snmp6 | awk -v name="Udp6$1" '$1 == name { print $2 }'
}

# status PATH OPTION...: of HTTP; the answer goes to http.out.
status() {
  local path=$1
  shift
  on_client curl -sS -m 5 -o "$LAB_DIR/http.out" -w '%{http_code}' "$@" "http://127.0.0.1:$METRICS$path"
}

http_checks() {
  local problems
  equal "GET /healthz" "$(status /healthz) $(cat "$LAB_DIR/http.out")" "200 ok"
  equal "POST /metrics" "$(status /metrics -X POST -d x=1)" 405
  equal "HEAD /metrics" "$(status /metrics --head)" 200
  equal "GET /other" "$(status /other)" 404
  equal "GET /metrics" "$(status /metrics)" 200
  command -v promtool >/dev/null || return
  problems=$(promtool check metrics <"$LAB_DIR/http.out" 2>&1) || problems+=" (status $?)"
  equal "promtool's complaints" "${problems:-none}" none
}

# quantile_check DST: Prometheus and our own report, by the bucket.
quantile_check() {
  local p50 samples low high
  read -r samples p50 <<<"$(lab_columns dst network_samples network_p50_ns <"$LAB_DIR/report.out" |
    awk -v dst="$1" '$1 == dst { print $2, $3 / 1e9 }')"
  read -r low high <<<"$(sed -n "s/^tcpmetro_rtt_seconds_bucket{.*dst=\"$1\".*class=\"network\",le=\"\([^\"]*\)\".*/\1/p" \
    "$LAB_DIR/metrics" | awk -v value="$p50" '
      $1 == "+Inf" || found { next }
      $1 >= value { print low + 0, $1; found = 1 }
      { low = $1 }')"
  equal "$1: samples that Prometheus knows, and our report" \
    "$(query "sum(tcpmetro_rtt_seconds_count{class=\"network\",dst=\"$1\"})")" "$samples"
  p50=$(query "histogram_quantile(0.5, sum by (le) (tcpmetro_rtt_seconds_bucket{class=\"network\",dst=\"$1\"}))")
  holds "$1: Prometheus' median in the report's bucket" \
    "${low:-2} < ${p50:-nothing} && ${p50:-nothing} <= ${high:-1}"
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
  equal "up, ever since" "$(query 'min_over_time(up{job="tcpmetro"}[10m])')" 1
  holds "scrapes" "$(query 'count_over_time(up{job="tcpmetro"}[10m])') > 30"
  equal "samples that Prometheus refused" \
    "$(query 'sum({__name__=~"prometheus_target_scrapes_.*(duplicate|out_of_|exceeded).*_total"})')" 0
  equal "Prometheus' complaints" "$(grep -c -i scrap "$LAB_DIR/prometheus.err")" 0
}

# ---- the parts ----

start_agents() {
  with_statsd=no with_netdata=no
  statsd_here && statsd_start && with_statsd=yes
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
  service unix $COUNTED_S "    ips: [$NEAR]"$'\n' <<<"  statsd_ip: unix://$LAB_DIR/agent.socket" || return 1
  service netdata-service 1 "    ips: [\"$FAR6\"]"$'\n' <<<"  statsd_port: $NETDATA" || return 1
  with_prometheus=no
  if ! service statsd 1 "$TAGS" 2>/dev/null <<<"  prometheus_port: $METRICS"; then
    grep 'built without' "$LAB_DIR/statsd.err" || {
      cat "$LAB_DIR/statsd.err" >&2
      return 1
    }
    skip "Prometheus: this tcpmetro does not serve it"
    service statsd 1 "$TAGS" </dev/null || return 1
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

RTTS="system.net.tcp.rtt system.net.tcp.rtt.avg system.net.tcp.rtt.min"

# off_path: which of the agents' gauges are not the path's delay.
off_path() {
  local name
  [ "$with_statsd" = no ] || statsd_ask gauges >"$LAB_DIR/gauges"
  [ "$with_netdata" = no ] || netdata_values "$LAB_DIR/netdata-gauges"
  for name in $RTTS; do
    if [ "$with_statsd" = yes ]; then
      near_path "$(statsd_key "$name" $NEAR)" "$LAB_DIR/gauges" $NEAR_MS
      near_path "$(statsd_key "$name" $FAR)" "$LAB_DIR/gauges" $FAR_MS
    fi
    if [ "$with_netdata" = yes ]; then
      near_path "$name" "$LAB_DIR/netdata-gauges" $FAR_MS
    fi
  done
}

# What the agents show is the path's delay. The machine may have been late with the wires:
# then once more.
values_check() {
  local try off
  if [ "$with_statsd" = no ] && [ "$with_netdata" = no ]; then
    return
  fi
  for try in 1 2 3; do
    traffic_round
    # The report of it, and netdata's clock.
    sleep 2.5
    off=$(off_path)
    [ -z "$off" ] && break
    echo "     try $try: not the path's: $off"
  done
  equal "gauges that are not the path's delay" "${off:-none}" none
}

# The path is what the kernel says, too: its smallest round trip.
kernel_check() {
  local kernel
  kernel=$(awk -v dst=$NEAR '$3 == dst && (!n++ || $5 < least) { least = $5 } END { print least / 1000 }' \
    "$LAB_DIR/clients.out")
  holds "the kernel's smallest round trip to $NEAR (ms)" \
    "$kernel >= $NEAR_MS && $kernel - $NEAR_MS < 0.5 + $NEAR_MS / 50"
}

unix_deaf() {
  local file=$LAB_DIR/unix.got base lost_deaf
  after_report "$file"
  base=$(received "$file")
  kill -USR1 "${sink_pid[unix]}"
  lab_wait_for unix deaf || return
  traffic_round
  # The queue is short (see the end of this file); then there is a second of patience.
  until [ "$(reports_since)" -ge 7 ]; do
    sleep 0.1
  done
  quiet_state unix "$file"
  lost_deaf=$lost
  holds "unix: datagrams that an agent that does not read lost" "$lost >= 3"
  equal "unix: sent and lost are the reports so far" $((sent + lost)) $((base + reports))
  equal "unix: dropped packets" "$dropped" 0
  between_reports
  reports=$(($(reports_since) - reports))
  kill -USR2 "${sink_pid[unix]}"
  lab_wait_for unix reading
  sleep $COUNTED_S
  lost_deaf=$((lost_deaf + reports))
  quiet_state unix "$file"
  equal "unix: lost, once it reads again" "$lost" "$lost_deaf"
  equal "unix: datagrams sent and received" "$sent" "$got"
  equal "unix: points sent and received" "$points" "$got_points"
  unix_lost=$lost
}

unix_restart() {
  local file=$LAB_DIR/unix.got file2=$LAB_DIR/unix2.got base start
  after_report "$file"
  base=$(received "$file")
  kill_sink unix
  until [ "$(reports_since)" -ge 2 ]; do
    sleep 0.1
  done
  between_reports
  sink unix2 unix "$LAB_DIR/agent.socket" || return
  start=$(now_us)
  until_true 5 has_received "$file2" 0
  holds "unix: seconds until the new agent has a report" "$(elapsed "$start") < $COUNTED_S + 0.5"
  quiet_state unix "$file" "$file2"
  equal "unix: datagrams sent and received by both agents" "$sent" "$got"
  equal "unix: sent and lost are all reports" $((sent + lost)) $((base + unix_lost + reports))
  equal "unix: what it says itself of the lost" "$told" "$lost"
}

udp_leaves() {
  after_report "$LAB_DIR/udp.got"
  quiet_state udp "$LAB_DIR/udp.got"
  equal "udp: datagrams sent and received" "$sent" "$got"
  equal "udp: lost so far" "$lost" 0
  between_reports
  kill_sink udp
  away_since=$SECONDS
}

udp_returns() {
  local file=$LAB_DIR/udp.got file2=$LAB_DIR/udp2.got
  while [ $((SECONDS - away_since)) -lt $AWAY_S ]; do
    sleep 0.2
  done
  sink udp2 udp ::1 $UDP || return
  until_true $((COUNTED_S + 1)) has_received "$file2" 0 || fail "udp: the agent is back, but no report comes"
  traffic_round
  after_report "$file2"
  quiet_state udp "$file" "$file2"
  holds "udp: lost while the agent was away for $AWAY_S s" "$lost >= $AWAY_S / $COUNTED_S - 1"
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

has_ended() {
  case $(sed 's/.*) \(.\) .*/\1/' "/proc/$1/stat" 2>/dev/null) in
  '' | Z) return 0 ;;
  esac
  return 1
}

# complaints NAME: how often it has warned that datagrams are lost, and its other complaints.
complaints() {
  awk '
    !/\| (WARNING|ERROR|CRITICAL) *\|/ { next }
    /datagrams are being lost/ { lost++; next }
    { other = other ", " $0 }
    END { print lost + 0 other }' "$LAB_DIR/$1.err"
}

# end_service NAME SINCE WARNINGS
end_service() {
  local pid=${service_pid[$1]}
  until_true 5 has_ended "$pid" || kill -KILL "$pid"
  holds "$1: seconds until it has ended" "$(elapsed "$2") < 2"
  wait "$pid"
  equal "$1: status" $? 0
  forget "$pid"
  equal "$1: words of its end" "$(lines_of 'SIGTERM: it ends' "$LAB_DIR/$1.err")" 1
  equal "$1: warnings of lost datagrams" "$(complaints "$1")" "$3"
}

# The last of the traffic, and SIGTERM at once.
end_services() {
  local dst start
  after_report "$LAB_DIR/unix2.got"
  unix_before=$(sum_of_samples unix2 $NEAR)
  after_report "$LAB_DIR/udp2.got"
  udp_before=$(sum_of_samples udp2 $NEAR)
  last_round_at=${EPOCHREALTIME/,/.}
  for dst in $NEAR $FAR $FAR6; do
    go "$LAB_BIN/traffic" client "$dst" "$LAB_PORT" up 1
  done
  settle
  start=$(now_us)
  kill -TERM "${service_pid[@]}"
  end_service statsd 1 "$start" 0
  end_service netdata-service 1 "$start" 0
  end_service udp "$start" 1
  end_service unix $COUNTED_S "$start" 2
  # What the second run still holds back is printed.
  sleep 0.5
  lab_stop "$samples_pid"
  lab_columns rtt_ns class src dst time <"$LAB_DIR/samples.out" |
    awk '$2 == "network" && ($3 == "192.0.2.1" || $3 == "2001:db8:1::1")' >"$LAB_DIR/network"
}

# sum_of_samples SINK DST: of all reports.
sum_of_samples() {
  sed -n "s/^system.net.tcp.rtt.samples:\([0-9]*\)|c|#src:[^,]*,dst:$2,.*/\1/p" "$LAB_DIR/$1.got" |
    awk '{ sum += $1 } END { print sum + 0 }'
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
    for dst in $NEAR $FAR; do
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
# Of a Unix socket: so that it is full soon.
on_client sh -c 'echo 2 >/proc/sys/net/unix/max_dgram_qlen' || exit 1
# First of all, for it takes longest: the agent goes.
sink udp udp ::1 $UDP &&
  service udp $COUNTED_S <<<"  statsd_ip: ::1"$'\n'"  statsd_port: $UDP" || exit 1
udp_leaves
web_server && start_agents && start_services && start_others || exit 1
echo "     all is there after $SECONDS s"
values_check
kernel_check
unix_deaf
unix_restart
traffic_round
echo "     waiting for the minute to end, after $SECONDS s"
udp_returns
lab_stop "$report_pid"
prometheus_checks
packets_check
end_services
final_check
echo "     after $SECONDS s"
exit $bad
