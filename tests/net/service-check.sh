# shellcheck shell=bash
# What test-service.sh compares: counts, the traffic, and what services report about
# themselves. To be sourced by bash after lab.sh and agents.sh.
#
# The machine may be slow, and a report comes each second. So two sources are compared only if
# nothing was sent while they were read (settled), whatever the time.
# shellcheck disable=SC2034,SC2154 # some variables are for the caller, some are its own

bad=0

fail() {
  echo "FAIL $*"
  bad=1
}

ok() {
  echo "ok   $*"
}

skip() {
  echo "skip $*"
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

# until_true SECONDS COMMAND...: whether it was true in time.
until_true() {
  local end=$((SECONDS + $1 + 1))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.05
  done
}

now_us() {
  echo "${EPOCHREALTIME/[.,]/}"
}

# elapsed START [END]: seconds between two times in us; END: now.
elapsed() {
  local us=$((${2:-$(now_us)} - $1))
  printf '%d.%06d' $((us / 1000000)) $((us % 1000000))
}

# changed FILE: when, in us.
changed() {
  date -r "$1" +%s%6N
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

# traffic_round ADDRESS...: a second or two of it.
traffic_round() {
  local address
  for address in "$@"; do
    go "$LAB_BIN/traffic" client "$address" "$LAB_PORT" up 6
    go "$LAB_BIN/traffic" client "$address" "$LAB_PORT" echo 5
    go "$LAB_BIN/traffic" client "$address" "$LAB_PORT" small 60
  done
  if [ -d "$LAB_DIR/www" ]; then
    go curl -sS -m 20 -o /dev/null -H 'Connection: close' "http://$1:$WEB/page?[1-6]"
  fi
  settle
}

# traffic_up COUNT: less of it, to all.
traffic_up() {
  local address
  for address in $NEAR $FAR $FAR6; do
    go "$LAB_BIN/traffic" client "$address" "$LAB_PORT" up "$1"
  done
  settle
}

# ---- services ----

declare -A service_pid

# service NAME [INSTANCE-LINES]: its configuration from standard input; 1: it did not start.
service() {
  {
    echo "init_config:"
    cat
    printf '  filter: tcp\n  statsd_interval: 1s\ninstances:\n  - interface: eth0\n%s' "${2:-}"
  } >"$LAB_DIR/$1.yaml"
  lab_start "$1" "$LAB_CLIENT" "$tcpmetro" -c "$LAB_DIR/$1.yaml"
  service_pid[$1]=$LAB_PID
  lab_wait_for "$1" 'started with'
}

lines_of() {
  grep -c -- "$1" "$2" 2>/dev/null
}

# look NAME FILE...: what the log of a service says in its last state, what sinks wrote to the
# files, and what the kernel counted. (It is one program, as each takes time.)
states=0                                                 # reported so far
packets=0 dropped=0 sent=0 points=0 lost=0 lost_points=0 # by the last one
got=0 got_points=0 told=0 # by the sinks: datagrams, points, and the losses that those report
no_ports=0 taken=0        # by the kernel, of UDP and IPv6: for nobody, and read
seen_at=0                 # us
look() {
  local name=$1
  shift
  seen_at=$(now_us)
  looked=$(awk '
    / eth0: captured; / { packets = $9; dropped = $11 + $16 }
    / statsd: [0-9]+ datagrams sent / {
      states++
      counts = $8 " " substr($11, 2) " " $13 " " substr($15, 2)
    }
    $1 == "Udp6NoPorts" { no_ports = $2 }
    $1 == "Udp6InDatagrams" { taken = $2 }
    $1 == "datagram" { got++ }
    /^[a-z].*\|[gcd]/ { got_points++ }
    /^tcpmetro.statsd.datagrams_lost:/ { split($0, parts, /[:|]/); told = parts[2] }
    END {
      print states + 0, packets + 0, dropped + 0, counts ? counts : "0 0 0 0", got + 0, got_points + 0,
        told + 0, no_ports + 0, taken + 0
    }' "$LAB_DIR/$name.err" "/proc/${service_pid[$name]}/net/snmp6" "$@")
  read_look "$looked"
}

read_look() {
  read -r states packets dropped sent points lost lost_points got got_points told no_ports taken <<<"$1"
}

has_told() {
  local before=$1
  shift
  look "$@"
  [ "$states" -gt "$before" ]
}

# state NAME FILE...: has the service report its state by SIGUSR1, and checks it.
state() {
  look "$1"
  kill -USR1 "${service_pid[$1]}"
  until_true 10 has_told "$states" "$@" && return
  fail "$1 does not report its state"
  tail -n 5 "$LAB_DIR/$1.err"
  return 1
}

# settled NAME FILE...: the state, and all that is compared with it, at a time when nothing was
# sent. A sink may have to write yet what it was sent: so it is asked again while that is not
# equal, but not for ever.
settled() {
  local try first at
  for try in 1 2 3 4 5 6 7 8 9 10; do
    state "$@" || return
    first=$looked at=$seen_at
    state "$1" || return
    [ "$sent $lost" = "$(cut -d ' ' -f 4,6 <<<"$first")" ] || continue
    read_look "$first"
    seen_at=$at
    [ "$sent" != "$got" ] || return 0
  done
  read_look "$first"
}

# new_report FILE: waits for one that is not there yet.
new_report() {
  until_true 5 has_received "$1" "$(received "$1")" || fail "$(basename "$1"): no report comes"
}

# sum_of_samples SINK DST: of all reports.
sum_of_samples() {
  sed -n "s/^system.net.tcp.rtt.samples:\([0-9]*\)|c|#src:[^,]*,dst:$2,.*/\1/p" "$LAB_DIR/$1.got" |
    awk '{ sum += $1 } END { print sum + 0 }'
}

# complaints NAME: how often it has warned that datagrams are lost, and its other messages.
complaints() {
  awk '
    !/\| (WARNING|ERROR|CRITICAL) *\|/ { next }
    /datagrams are being lost/ { lost++; next }
    { other = other ", " $0 }
    END { print lost + 0 other }' "$LAB_DIR/$1.err"
}

# ---- HTTP ----

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
  equal "promtool's messages" "${problems:-none}" none
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
