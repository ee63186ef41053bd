#!/bin/bash
# A service through the events of months of operation.
#
#   test-service-reload.sh TCPMETRO LAB_BIN
#
# Parts, side by side, each with a link and services of its own: 200 reloads under traffic,
# half of them with invalid files; whitelists whose names change; privileges; interfaces that
# come and go; capture files; sampling windows; systemd notifications; the log; go-metro's name.
#
# Needs root. Status 77: cannot run here, the last line says why.
# shellcheck disable=SC2317 # parts are called by name
set -u
# shellcheck disable=SC2034 # lab.sh's
LAB_BIN=$2
here=$(dirname "$0")
# shellcheck source=tests/net/lab.sh
. "$here/lab.sh"
# shellcheck source=tests/net/service-lab.sh
. "$here/service-lab.sh"
# shellcheck source=tests/net/service-parts.sh
. "$here/service-parts.sh"

if ! reason=$(lab_possible setpriv curl tcpdump ss); then
  echo "$reason"
  exit 77
fi
if ! "$1" --help | grep -q -e '--config'; then
  echo "tcpmetro was built without the service"
  exit 77
fi
trap 'lab_down' EXIT
trap 'exit 1' INT TERM HUP

# ---- 200 reloads ----

RELOADS=200

# good N [TAG [LEVEL]]: TEXT becomes a configuration that differs from the one before in all
# that can change. (No programs are started for it: they would take longer than the reloads.)
TEXT=
good() {
  local n=$1 second='' whitelist='' statsd='' levels=(debug info warning)
  case $((n / 2 % 4)) in
  0) whitelist='ips: [192.0.2.0/26]' ;;
  1) whitelist='ips: [192.0.2.1]' ;;
  2) whitelist='ips: [192.0.2.2/31, 198.51.100.7, "2001:db8::/32"]' ;;
  esac
  case $((n / 2 % 3)) in
  0) statsd='127.0.0.1' ;;
  1) statsd='"::1"' ;;
  2) statsd="unix://$LAB_DIR/reload-agent.socket" ;;
  esac
  [ $((n / 2 % 2)) = 0 ] && second='  - interface: eth1'
  TEXT="init_config:
  filter: tcp
  statsd_ip: $statsd
  statsd_port: $((9100 + n / 2 % 2))
  statsd_interval: 1
  prometheus_port: $((9200 + n / 4 % 2))
  log_level: ${3:-${levels[n / 2 % 3]}}
instances:
  - interface: eth0
    tags: [${2:-round:$n}]
    $whitelist
$second
"
}

# TEXT becomes the file, all at once.
put() {
  printf '%s' "$TEXT" >"$LAB_DIR/reload.new" && chmod "${1:-644}" "$LAB_DIR/reload.new" &&
    mv -T "$LAB_DIR/reload.new" "$LAB_DIR/reload.yaml"
}

# change FROM TO: in TEXT, which must have it.
change() {
  [[ $TEXT == *$1* ]] || fail "a broken file that is none: no $1"
  TEXT=${TEXT/$1/$2}
}

BREAKS=(cut-list cut-key type value filter new-and-filter deep empty unreadable directory missing
  nul large twice port log agent capture pipe network host)

# broken N KIND: the file becomes one that is wrong; EXPECTED, what is to be said of it.
broken() {
  local file=$LAB_DIR/reload.yaml brackets
  good "$1" "broken:$1" critical
  case $2 in
  cut-list) TEXT=${TEXT%broken*} && EXPECTED=':1[0-9]: is not YAML' ;;
  cut-key) TEXT=${TEXT:0:16} && EXPECTED=':1: init_config: expected keys' ;;
  type) change 'statsd_port: 910?' 'statsd_port: [8125]' && EXPECTED=':4: statsd_port: expected a single value' ;;
  value) change 'statsd_port: 910?' 'statsd_port: 70000' && EXPECTED=':4: statsd_port: "70000"' ;;
  filter) change 'filter: tcp' 'filter: port of no return' && EXPECTED=':2: filter ' ;;
  new-and-filter)
    change 'filter: tcp' 'filter: port of no return' && change eth0 nosuch0 && EXPECTED=':2: filter '
    ;;
  deep)
    printf -v brackets '[%.0s' {1..40}
    change 'tags: ' "tags: $brackets" && EXPECTED=':10: is nested deeper'
    ;;
  empty) TEXT='' EXPECTED=': is empty' ;;
  unreadable) EXPECTED='cannot read .*: Permission denied' ;;
  directory | missing) rm -f "$file" ;;
  nul) EXPECTED=': contains a NUL byte' ;;
  large) printf -v TEXT '%s%*s' "$TEXT" 300000 '#' && EXPECTED=': is larger than 256 KiB' ;;
  twice) change 'filter: tcp' 'statsd_port: 1' && EXPECTED=':4: statsd_port: duplicate key, first used in line 2' ;;
  port) change 'prometheus_port: 920?' 'prometheus_port: 9299' && EXPECTED='port in use: .*:9299' ;;
  log)
    change 'filter: tcp' 'log_to_file: true' && change 'statsd_interval: 1' 'log_file: /nosuch/log' &&
      EXPECTED='cannot open the log /nosuch/log'
    ;;
  agent) TEXT=${TEXT/statsd_ip: *statsd_port/statsd_ip: nosuch.example$'\n'  statsd_port} && EXPECTED=':3: statsd_ip: "nosuch.example"' ;;
  capture) change 'interface: eth0' $'interface: file\n    pcap: /nosuch.pcap' && EXPECTED=':[0-9]*: pcap: cannot read /nosuch.pcap' ;;
  pipe)
    change 'interface: eth0' $'interface: file\n    pcap: '"$LAB_DIR/reload-pipe" &&
      EXPECTED=':[0-9]*: pcap: .*/reload-pipe is not a regular file'
    ;;
  network) change 'tags: [[]broken*' 'ips: [192.0.2.999]' && EXPECTED=':10: ips: "192.0.2.999"' ;;
  host) change 'tags: [[]broken*' 'hosts: ["no host"]' && EXPECTED=':10: hosts: "no host"' ;;
  esac
  case $2 in
  unreadable) put 0 ;;
  directory) mkdir "$file" && EXPECTED='cannot read .*: Is a directory' ;;
  missing) EXPECTED='cannot read .*: No such file' ;;
  nul) put && printf '\0' >>"$file" ;;
  *) put ;;
  esac
  echo "$EXPECTED" >>"$LAB_DIR/reload.expected"
}

# ready WHAT: waits until the service has handled it, by its notification to systemd.
ready() {
  local word
  while read -r -t 20 -u 5 _ word; do
    [ "$word" = READY=1 ] && return
  done
  fail "$1: no READY=1 in 20 s"
}

# sizes NAME: what must not grow, once what a reload began has ended, and a report has opened
# the agent's socket. The descriptors are in reload-NAME.txt, too.
sizes() {
  local process=/proc/${PID[reload]} threads
  sleep 2
  # shellcheck disable=SC2012 # names are numbers
  ls -l "$process/fd" | awk 'NR > 1 { print $NF }' | sed 's/:\[[0-9]*\]//' | sort >"$LAB_DIR/reload-$1.txt"
  threads=("$process"/task/*)
  echo "$(lines "reload-$1.txt") ${#threads[@]} $(awk '$1 == "RssAnon:" { print $2 }' "$process/status")"
}

# A paced mixture: some 1,000 packets a second, over long and short connections.
reload_traffic() {
  local kind
  for kind in small small http http; do
    lab_start "reload-$kind$((i++))" "$LAB_CLIENT" "$LAB_BIN/traffic" client 192.0.2.2 "$LAB_PORT" "$kind" 100000
    talkers+=("$LAB_PID")
  done
  keep_talking up 1 192.0.2.2 192.0.2.3
  talkers+=("$LAB_PID")
}

# All of them, broken ones and good ones, odd and even. Sizes are taken in one configuration.
reload_all() {
  local n
  for ((n = 1; n <= RELOADS; n++)); do
    if [ $((n % 2)) = 1 ]; then
      broken "$n" "${BREAKS[n / 2 % ${#BREAKS[@]}]}"
    else
      [ -d "$LAB_DIR/reload.yaml" ] && rmdir "$LAB_DIR/reload.yaml"
      case $n in
      20 | 100) good 24 "round:$n" ;;
      "$RELOADS") good 24 end:yes ;;
      *) good "$n" ;;
      esac
      put
    fi
    kill -HUP "${PID[reload]}"
    ready "reload $n"
    [ "$n" = 20 ] && before=$(sizes before)
    [ "$n" = 100 ] && midway=$(sizes midway)
  done
  after=$(sizes after)
}

# Each broken file had one line, and that is the right one.
check_sentences() {
  local said expected n=0
  grep 'stays in force' "$LAB_DIR/reload.err" >"$LAB_DIR/reload.said"
  check "$(lines reload.said) of $((RELOADS / 2)) broken files had their line" \
    [ "$(lines reload.said)" = "$((RELOADS / 2))" ]
  check "and no other error was logged" \
    [ "$(grep -c '| \(ERROR\|CRITICAL\) |' "$LAB_DIR/reload.err")" = "$(lines reload.said)" ]
  while read -r expected <&3 && IFS= read -r said <&4; do
    [[ $n -lt ${#BREAKS[@]} ]] && echo "     ${said#*| ERROR | }"
    grep -q -e "$expected" <<<"$said" || fail "expected $expected, it said: $said"
    n=$((n + 1))
  done 3<"$LAB_DIR/reload.expected" 4<"$LAB_DIR/reload.said"
}

# samples_sent [TAG]: with this tag, or all, by the three agents together.
samples_sent() {
  cat "$LAB_DIR"/reload-agent*.out | awk -v tag="${1:-iface:eth0}" '
    /iface:eth0/ && index($0, tag) && match($2, /(rtt|response)\.samples:/) {
      split(substr($2, RSTART), parts, /[:|]/)
      sum += parts[2]
    }
    END { print sum + 0 }'
}

# samples_recorded: what a report makes of the same packets.
samples_recorded() {
  "$tcpmetro" -q --local 192.0.2.1 -r "$LAB_DIR/reload.pcap" --format csv |
    lab_columns network_samples response_samples | awk '{ sum += $1 + $2 } END { print sum + 0 }'
}

part_reload() {
  local before midway after i=0 talkers=() told port sent
  mkfifo "$LAB_DIR/reload-notify.out" "$LAB_DIR/reload-pipe"
  exec 5<>"$LAB_DIR/reload-notify.out"
  sink reload-notify unix "$LAB_DIR/reload-notify.socket"
  sink reload-agent0 udp 9100
  sink reload-agent1 udp 9101
  sink reload-agent2 unix "$LAB_DIR/reload-agent.socket"
  lab_start reload-port "$LAB_CLIENT" "$LAB_BIN/traffic" server 9299
  run reload-beside "$tcpmetro" -i eth0 --interval 0s tcp
  lab_wait_for reload-beside listening
  lab_record "$LAB_DIR/reload.pcap"
  good 0
  put
  serve reload NOTIFY_SOCKET="$LAB_DIR/reload-notify.socket"
  reload_traffic
  ready "the start"
  reload_all
  lab_stop "${talkers[@]}"
  sleep 2
  port=$((9200 + 24 / 4 % 2))
  told=$(metric "$port" 'tcpmetro_packets_total{interface="eth0"')
  lab_record_end
  kill -TERM "${PID[reload-beside]}"
  ended reload-beside 15000
  check_sentences
  check "packets: $told, beside it $(packets_of reload-beside)" [ "$told" = "$(packets_of reload-beside)" ]
  check "tcpdump: $(client tcpdump -r "$LAB_DIR/reload.pcap" -n 2>/dev/null | wc -l)" \
    [ "$told" = "$(client tcpdump -r "$LAB_DIR/reload.pcap" -n 2>/dev/null | wc -l)" ]
  check "dropped: $(metric "$port" tcpmetro_kernel_dropped)" [ "$(metric "$port" tcpmetro_kernel_dropped)" = 0 ]
  told=$(metric "$port" tcpmetro_statsd_lost_datagrams_total)
  check "lost datagrams: $told" [ "$told" = 0 ]
  # Tags are labels, so that these begin with the last ones.
  told=$(metric "$port" 'tcpmetro_rtt_seconds_count{') sent=$(samples_sent end:yes)
  check "samples under the last tag: $sent sent, $told reported by Prometheus" \
    [ "$((told > 0)):$told" = "1:$sent" ]
  # What waits for an answer when a filter changes has none, as that may have been missed.
  told=$(samples_recorded) sent=$(samples_sent)
  check "samples in all: $sent sent, $told in what was recorded" \
    [ $((sent > 0 && sent <= told && sent * 100 > told * 95)) = 1 ]
  check "reloads: $(metric "$port" 'tcpmetro_config_reloads_total{result="ok"}') good" \
    [ "$(metric "$port" 'tcpmetro_config_reloads_total{result="ok"}')" = $((RELOADS / 2)) ]
  check "descriptors, threads, kB after 20: $before, after $RELOADS: $after" \
    [ "${before% *}" = "${after% *}" ] || diff "$LAB_DIR/reload-before.txt" "$LAB_DIR/reload-after.txt"
  # Pools and tables of the C library fill up at first.
  check "growth of memory: ${before##* } kB after 20, ${midway##* } after 100, ${after##* } after $RELOADS" \
    [ $((${after##* } - ${before##* } < 1024 && ${after##* } - ${midway##* } < 160)) = 1 ]
  check "reports bear the last tag" has 'system.net.tcp.rtt.*end:yes' reload-agent0.out
  check "and never a broken file's" [ "$(cat "$LAB_DIR"/reload-agent*.out | grep -c broken:)" = 0 ]
  ends_by TERM reload
}

lab_namespaces || exit 1
# Other users run it, too, wherever it was built.
tcpmetro=$LAB_DIR/tcpmetro
cp "$1" "$tcpmetro" && chmod 755 "$tcpmetro" || exit 1
for namespace in "$LAB_CLIENT" "$LAB_NEAR"; do
  ip netns exec "$namespace" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/router_solicitations'
done
for n in 0 1 2 3 4 5 6; do
  link_up $n || exit 1
done
lab_start near "$LAB_NEAR" "$LAB_BIN/traffic" server "$LAB_PORT"
lab_wait_for near ready || exit 1

for name in ${PARTS_WANTED:-reload whitelist rights interfaces file sampling systemd log gometro}; do
  part "$name"
done
parts_end
exit $bad
