# shellcheck shell=bash
# Agents that receive a service's metrics in tests: real servers, and our own sink. To be
# sourced by bash, after lab.sh; all of it runs in the client's namespace, below LAB_DIR, and
# is ended by lab_down.
#
# The functions that start a server return 1 if it does not start. The callers' skip and
# until_true (service-check.sh) are used.
# shellcheck disable=SC2034,SC2154 # some variables are for the caller, some are its own

STATSD=8125 STATSD_ASK=8126 NETDATA=8225 NETDATA_ASK=19999
METRICS=9464 PROMETHEUS=9090 WEB=8080

on_client() {
  ip netns exec "$LAB_CLIENT" "$@" </dev/null
}

takes_udp() {
  [ -n "$(on_client ss -Hlun "sport = :$1")" ]
}

# wait_for_udp PORT: waits until a socket is bound there; 1 if none is.
wait_for_udp() {
  until_true 10 takes_udp "$1" && return
  echo "nobody takes datagrams at port $1" >&2
  return 1
}

# forget PID: removes a process that has ended, so that lab_down does not end it again.
forget() {
  local pid kept=()
  for pid in "${LAB_PIDS[@]}"; do
    [ "$pid" = "$1" ] || kept+=("$pid")
  done
  LAB_PIDS=("${kept[@]}")
}

# ---- a web server, on the near host ----

web_server() {
  command -v nginx >/dev/null || {
    skip "pages of nginx: it is not there"
    return 0
  }
  mkdir -p "$LAB_DIR/nginx" "$LAB_DIR/www"
  head -c 60000 /dev/zero >"$LAB_DIR/www/page"
  cat >"$LAB_DIR/nginx.conf" <<CONF
daemon off;
master_process off;
error_log stderr;
pid $LAB_DIR/nginx.pid;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path $LAB_DIR/nginx/body;
  proxy_temp_path $LAB_DIR/nginx/proxy;
  fastcgi_temp_path $LAB_DIR/nginx/fastcgi;
  uwsgi_temp_path $LAB_DIR/nginx/uwsgi;
  scgi_temp_path $LAB_DIR/nginx/scgi;
  root $LAB_DIR/www;
  server { listen [::]:$WEB ipv6only=off; }
}
CONF
  lab_start nginx "$LAB_NEAR" nginx -c "$LAB_DIR/nginx.conf" -e stderr
  lab_wait_for_port "$LAB_NEAR" $WEB
}

# ---- StatsD ----

# Node's server is installed below LAB_BIN once, and kept there for the next run.
STATSD_DIR=$LAB_BIN/statsd/node_modules/statsd

# 1: it cannot be had, and it is said why.
statsd_here() {
  local command
  for command in node npm; do
    command -v $command >/dev/null || {
      skip "StatsD's own server: there is no $command"
      return 1
    }
  done
  [ -f "$STATSD_DIR/stats.js" ] && return 0
  timeout 60 npm install --no-save --no-package-lock --no-audit --no-fund --ignore-scripts \
    --omit=optional --prefix "$LAB_BIN/statsd" statsd@0.9.0 >"$LAB_DIR/npm.out" 2>&1 </dev/null &&
    [ -f "$STATSD_DIR/stats.js" ] && return 0
  skip "StatsD's own server: npm cannot install it: $(grep -m 1 -i -E 'ERR|error' "$LAB_DIR/npm.out")"
  return 1
}

# With an interval of an hour its counters are never set back.
statsd_start() {
  cat >"$LAB_DIR/statsd.js" <<CONF
{ address: "127.0.0.1", port: $STATSD, mgmt_address: "127.0.0.1", mgmt_port: $STATSD_ASK,
  flushInterval: 3600000, backends: ["./backends/console"] }
CONF
  # It logs by a function that newer Nodes do not have any more.
  echo "const util = require('util'); util.log = util.log || console.log;" >"$LAB_DIR/log.js"
  lab_start node "$LAB_CLIENT" node -r "$LAB_DIR/log.js" \
    "$STATSD_DIR/stats.js" "$LAB_DIR/statsd.js"
  lab_wait_for_port "$LAB_CLIENT" $STATSD_ASK && wait_for_udp $STATSD
}

# statsd_ask COMMAND: lines KEY VALUE.
# shellcheck disable=SC2016 # the inner shell's
statsd_ask() {
  on_client timeout 5 bash -c '
    exec 3<>/dev/tcp/127.0.0.1/'$STATSD_ASK' && echo "$0" >&3 &&
      while read -r line <&3 && [ "$line" != END ]; do echo "$line"; done' "$1" |
    tr ',{}' '\n' | sed -n "s/^ *'\([^']*\)': *\(.*[^ ]\) *$/\1 \2/p"
}

# statsd_value KEY FILE
statsd_value() {
  awk -v key="$1" '$1 == key { print $2 }' "$2"
}

# statsd_key NAME DST: the key of a metric with its tags as StatsD keeps them: src, dst, the
# user's, iface. Colons of a tag's value are gone.
statsd_key() {
  local src=192.0.2.1
  [[ $2 != *:* ]] || src=2001:db8:1::1
  echo "$1;src=${src//:/};dst=${2//:/};env=test;role=web;iface=eth0"
}

# value_ns KEY FILE: of a gauge in ms.
value_ns() {
  statsd_value "$1" "$2" | awk '{ printf "%.0f", $1 * 1e6 }'
}

# near_path KEY FILE PATH-MS: whether a gauge is within 0.5 ms + 2 % of the path's delay.
near_path() {
  awk -v key="$1" -v path="$3" '
    $1 == key { value = $2 }
    END {
      off = value - path
      exit (off < 0 ? -off : off) > 0.5 + path / 50
    }' "$2"
}

# ---- netdata ----

netdata_start() {
  local home=$LAB_DIR/netdata-home plugin
  mkdir -p "$home/etc" "$home/lib" "$home/cache" "$home/log" "$home/web"
  touch "$home/etc/.opt-out-from-anonymous-statistics"
  {
    cat <<CONF
[global]
  run as user = $(id -un)
[directories]
  config = $home/etc
  stock config = $home/etc
  health config = $home/etc
  stock health config = $home/etc
  plugins = $home/etc
  log = $home/log
  cache = $home/cache
  lib = $home/lib
  lock = $home/lib
  registry = $home/lib
  home = $home
  web = $home/web
[db]
  mode = ram
  retention = 300
[ml]
  enabled = no
[cloud]
  enabled = no
[health]
  enabled = no
[registry]
  enabled = no
[logs]
  error = $home/log/error
  access = none
  debug = none
[web]
  bind to = 127.0.0.1:$NETDATA_ASK
[statsd]
  bind to = udp:127.0.0.1:$NETDATA
  decimal detail = 1000000
[plugins]
  enable running new plugins = no
CONF
    for plugin in proc diskspace cgroups tc idlejitter timex checks apps charts.d python.d go.d \
      ebpf ioping perf slabinfo nfacct fping xenstat loopsleepms "netdata monitoring" \
      "netdata monitoring extended"; do
      echo "  $plugin = no"
    done
  } >"$LAB_DIR/netdata.conf"
  lab_start netdata "$LAB_CLIENT" "$netdata" -D -c "$LAB_DIR/netdata.conf"
  lab_wait_for_port "$LAB_CLIENT" $NETDATA_ASK && wait_for_udp $NETDATA
}

# netdata_values FILE: lines METRIC VALUE.
netdata_values() {
  on_client curl -sS -m 5 "http://127.0.0.1:$NETDATA_ASK/api/v1/allmetrics?format=json" |
    sed -n -e 's/^\t"statsd_\(.*\)_gauge": {$/\1/p' -e 's/.*"value": \([-0-9.]*\).*/\1/p' |
    paste -d ' ' - - >"$1"
}

# ---- Prometheus ----

prometheus_start() {
  cat >"$LAB_DIR/prometheus.yml" <<CONF
global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
  - job_name: tcpmetro
    static_configs: [{targets: ["127.0.0.1:$METRICS"]}]
  - job_name: prometheus
    static_configs: [{targets: ["127.0.0.1:$PROMETHEUS"]}]
CONF
  lab_start prometheus "$LAB_CLIENT" prometheus --config.file="$LAB_DIR/prometheus.yml" \
    --storage.tsdb.path="$LAB_DIR/prometheus-data" --web.listen-address=127.0.0.1:$PROMETHEUS \
    --log.level=warn
  lab_wait_for_port "$LAB_CLIENT" $PROMETHEUS
}

# query EXPRESSION: its value; empty if there is not one.
query() {
  on_client timeout 10 promtool query instant "http://127.0.0.1:$PROMETHEUS" "$1" 2>&1 |
    sed -n 's/.* => \([^ ]*\) @.*/\1/p'
}

# ---- our own ----

# sink NAME ARGUMENT...
declare -A sink_pid

sink() {
  local name=$1
  shift
  lab_start "$name" "$LAB_CLIENT" "$LAB_BIN/sink" "$@" "$LAB_DIR/$name.got"
  sink_pid[$name]=$LAB_PID
  lab_wait_for "$name" ready
}

# kill_sink NAME: it has no time to do anything about it.
kill_sink() {
  kill -KILL "${sink_pid[$1]}"
  wait "${sink_pid[$1]}" 2>/dev/null
  forget "${sink_pid[$1]}"
}

# received FILE: datagrams that a sink has written down.
received() {
  grep -c '^datagram ' "$1"
}

has_received() {
  [ "$(received "$1")" -gt "$2" ]
}
