#!/bin/bash
# Compares live capture with wires of known delay.
#
#   test-live.sh TCPMETRO LAB_BIN
#
# Real servers and clients (nginx and curl, iperf3, and our own traffic) talk over
# IPv4 and IPv6 at round trips of 1, 20 and 100 ms (lab.sh), while tcpmetro listens on
# the client, on the far host, and between the two wires. The forwarders report at
# their end how long they actually held the frames. Then, for each pair, and for each kind of
# traffic by itself (those of which only the handshakes are network are put together):
#
# - the median of the client's network samples is within 0.2 ms of what the forwarders
#   say, and where servers think or do not read, no network sample holds a delayed
#   acknowledgement or the thinking, of which there is plenty: the response samples show
#   it;
# - in the middle, the two sides' medians add up to the client's within 2 % or 0.1 ms,
#   and so does the far host's own view of the path;
# - the report counts the same samples, and its median is the samples' own, but for the
#   width of the histogram's buckets.
#
# Needs root. Status 77: cannot run here, the last line says why.
set -u
tcpmetro=$1
# shellcheck disable=SC2034 # lab.sh's
LAB_BIN=$2
# shellcheck source=tests/net/lab.sh
. "$(dirname "$0")/lab.sh"

if ! reason=$(lab_possible nginx curl iperf3); then
  echo "$reason"
  exit 77
fi
trap 'lab_down' EXIT
trap 'exit 1' INT TERM HUP

MIXED=$LAB_PORT THINK=7001 DEAF=7002 WEB=8080 SLOW_WEB=8081 IPERF=5201
bad=0

fail() {
  echo "FAIL $*"
  bad=1
}

# servers NAME NAMESPACE ADDRESS: all that answers on one host.
servers() {
  local port
  # A page at SLOW_WEB waits until 1/3 s after the one before it: nginx itself thinks.
  cat >"$LAB_DIR/$1.conf" <<CONF
daemon off;
master_process off;
error_log stderr;
pid $LAB_DIR/$1.pid;
events { worker_connections 256; }
http {
  access_log off;
  limit_req_zone \$server_addr zone=slow:64k rate=3r/s;
  client_body_temp_path $LAB_DIR/$1.tmp/body;
  proxy_temp_path $LAB_DIR/$1.tmp/proxy;
  fastcgi_temp_path $LAB_DIR/$1.tmp/fastcgi;
  uwsgi_temp_path $LAB_DIR/$1.tmp/uwsgi;
  scgi_temp_path $LAB_DIR/$1.tmp/scgi;
  root $LAB_DIR/www;
  server { listen [::]:$WEB ipv6only=off; }
  server {
    listen [::]:$SLOW_WEB ipv6only=off;
    limit_req zone=slow burst=100;
  }
}
CONF
  mkdir -p "$LAB_DIR/$1.tmp" "$LAB_DIR/www"
  head -c 60000 /dev/zero >"$LAB_DIR/www/page"
  head -c 2000 /dev/zero >"$LAB_DIR/www/small"
  lab_start "$1-nginx" "$2" nginx -c "$LAB_DIR/$1.conf" -e stderr
  # One test at a time: a server for each version of IP.
  lab_start "$1-iperf4" "$2" iperf3 -s -4 -p $IPERF
  lab_start "$1-iperf6" "$2" iperf3 -s -6 -p $IPERF
  for port in $THINK $DEAF; do
    lab_start "$1-$port" "$2" "$LAB_BIN/traffic" server "$port"
    lab_wait_for "$1-$port" ready || return 1
  done
  for port in $WEB $SLOW_WEB $IPERF; do
    lab_wait_for_port "$2" "$port" || return 1
  done
}

# go COMMAND...: on the client, in the background; not all at the same instant.
clients=()
go() {
  ip netns exec "$LAB_CLIENT" "$@" </dev/null >>"$LAB_DIR/clients.out" 2>&1 &
  clients+=($!)
  sleep 0.02
}

settle() {
  local pid
  for pid in "${clients[@]}"; do
    wait "$pid" || fail "a client's connection (status $?): $(tail -n 3 "$LAB_DIR/clients.out")"
  done
  clients=()
}

# web HOST ADDRESS PORT PAGE COUNT: pages of nginx, each over a connection of its own; how long
# each kept its client waiting goes to clients.out.
web() {
  go curl -sS -o /dev/null -H 'Connection: close' --resolve "$1:$3:$2" \
    -w "%{stderr}waited $1:$3 %{time_connect} %{time_starttransfer}\n" "http://$1:$3/$4?[1-$5]"
}

# talk_to HOST ADDRESS VERSION: every kind of traffic at once.
talk_to() {
  local address=$2
  [ "$3" = 6 ] && address="[$2]"
  go "$LAB_BIN/traffic" client "$2" "$MIXED" up 6
  go "$LAB_BIN/traffic" client "$2" "$MIXED" small 60
  for _ in 1 2 3; do
    go "$LAB_BIN/traffic" client "$2" "$THINK" think 5
    go "$LAB_BIN/traffic" client "$2" "$DEAF" deaf 12
  done
  web "$1" "$address" "$WEB" page 6
  web "$1" "$address" "$SLOW_WEB" small 6
  go iperf3 -"$3" -c "$2" -p "$IPERF" --bidir -t 1 -b 4M
}

# path_ns WIRE...: what ended forwarders say of the way there and back, by their medians.
path_ns() {
  local wire
  for wire in "$@"; do
    grep -o '"dwell_p50_ns":[0-9]*' "$LAB_DIR/$wire.out"
  done | awk -F : '{ sum += $2 } END { if (NR != 2 * '$#') exit 1; print sum }'
}

# medians: of lines KEY VALUE, for each key: KEY COUNT MEDIAN, and the values two ranks
# below and above it.
medians() {
  LC_ALL=C sort -k 1,1 -k 2,2n | awk '
    function tell(middle) {
      middle = int((n + 1) / 2)
      if (n)
        print key, n, values[middle], values[(middle > 2) ? middle - 2 : 1],
              values[(middle + 2 < n) ? middle + 2 : n]
    }
    $1 != key { tell(); key = $1; n = 0 }
    { values[++n] = $2 }
    END { tell() }'
}

# figure FILE KEY FIELD: a field of the output of `medians`.
figure() {
  awk -v key="$2" -v field="$3" '$1 == key { print $field; found = 1 } END { if (!found) print 0 }' "$1"
}

# within WHAT VALUE TARGET BOUND
within() {
  local off=$(($2 - $3))
  if [ "$2" -le 0 ] || [ ${off#-} -gt "$4" ]; then
    fail "$1: $2 ns, not within $4 of $3"
  else
    printf 'ok   %-44s %9d ns, off by %7d of %7d\n' "$1" "$2" "$off" "$4"
  fi
}

# at_least WHAT COUNT LEAST
at_least() {
  [ "$2" -ge "$3" ] || fail "$1: $2, expected at least $3"
}

# shellcheck disable=SC2016 # awk's fields
# network FILE KEY-EXPRESSION: medians of network samples by a key of awk's making.
network() {
  awk '$2 == "network" { print '"$2"', $1 }' "$1" | medians
}

# check_path HOST EXPECTED-NS ADDRESSES...: the client's samples of one host.
check_path() {
  local host=$1 expected=$2 address kind count median port late number p50 most
  shift 2
  for address in "$@"; do
    count=$(figure "$LAB_DIR/by-pair" "$address" 2)
    median=$(figure "$LAB_DIR/by-pair" "$address" 3)
    at_least "$host $address: network samples" "$count" 50
    within "$host $address ($count samples)" "$median" "$expected" 200000
    # The report of the second capture, which saw the same.
    read -r number p50 <<<"$(awk -v address="$address" '$1 == address { print $2, $3 }' "$LAB_DIR/rows")"
    [ "${number:-0}" = "$count" ] ||
      fail "$host $address: ${number:-no} network samples in the report, $count printed"
    awk -v p50="${p50:-0}" -v low="$(figure "$LAB_DIR/by-pair" "$address" 4)" \
      -v high="$(figure "$LAB_DIR/by-pair" "$address" 5)" \
      'BEGIN { exit !(p50 >= low * 0.985 && p50 <= high * 1.015) }' ||
      fail "$host $address: median ${p50:-none} in the report, $median of the samples"
  done
  for kind in mixed=$MIXED think=$THINK deaf=$DEAF web=$WEB slow=$SLOW_WEB iperf=$IPERF; do
    port=${kind#*=}
    kind=${kind%=*}
    count=$(figure "$LAB_DIR/by-kind" "$host:$port" 2)
    at_least "$host $kind: network samples" "$count" 2
    case $kind in
    mixed | iperf)
      within "$host $kind ($count samples)" "$(figure "$LAB_DIR/by-kind" "$host:$port" 3)" \
        "$expected" 200000
      ;;
    esac
    late=$(awk -v key="$host:$port" -v limit=$((expected + 30000000)) '
      $1 == key && $3 > limit { count[$2]++ }
      END { print count["network"] + 0, count["response"] + 0 }' "$LAB_DIR/by-host")
    case $kind in
    think | deaf | slow) most=0 ;;
    # A Linux receiver whose program is slow to read may keep back even what acknowledges
    # several full segments (docs/MEASUREMENT.md, what can still be wrong).
    *) most=$((1 + count / 50)) ;;
    esac
    if [ "${late% *}" -gt $most ]; then
      fail "$host $kind: ${late% *} network samples hold a wait"
      awk -v port="$port" -v limit=$((expected + 30000000)) \
        '$2 == "network" && $5 == port && $1 > limit' "$LAB_DIR/sent.txt"
    fi
    case $kind in
    think | deaf) at_least "$host $kind: late responses" "${late#* }" 5 ;;
    slow)
      # nginx reads at once, so the kernel does not wait with its acknowledgements.
      late=$(awk -v page="$host:$port" -v limit="$expected" '
        $1 == "waited" && $2 == page && $4 - $3 > limit / 1e9 + 0.05 { n++ }
        END { print n + 0 }' "$LAB_DIR/clients.out")
      at_least "$host $kind: pages thought about" "$late" 6
      ;;
    esac
  done
  # Elsewhere only the handshakes are of class network: few, so put together.
  count=$(figure "$LAB_DIR/by-kind" "$host:few" 2)
  within "$host web, think, deaf, slow ($count samples)" \
    "$(figure "$LAB_DIR/by-kind" "$host:few" 3)" "$expected" 200000
}

# measure "OPTIONS OF WIRE ONE" "OPTIONS OF WIRE TWO"
measure() {
  local captures=() path address near far whole there back end bound name
  lab_up "$1" "$2" || return 1
  servers near "$LAB_NEAR" && servers far "$LAB_FAR" || return 1
  while read -r name namespace interface options; do
    # shellcheck disable=SC2086 # options are words
    lab_start "$name" "$namespace" "$tcpmetro" -i "$interface" --format csv $options
    captures+=("$LAB_PID")
  done <<TEXT
client $LAB_CLIENT eth0 --samples
report $LAB_CLIENT eth0 --interval 0s
middle $LAB_TWO left --samples
end $LAB_FAR eth0 --samples --both-sides
TEXT
  for name in client report middle end; do
    lab_wait_for "$name" listening || return 1
  done

  talk_to near 192.0.2.2 4
  talk_to far 2001:db8:2::2 6
  talk_to near 2001:db8:1::2 6
  talk_to far 198.51.100.2 4
  settle
  lab_stop "${captures[@]}"
  lab_stop "$LAB_ONE_PID" "$LAB_TWO_PID"
  near=$(path_ns one) && far=$(path_ns one two) || return 1
  echo "path to near $near ns, to far $far ns"

  for name in client middle end; do
    lab_columns rtt_ns class src dst dport sport time method <"$LAB_DIR/$name.out" >"$LAB_DIR/$name.txt" || return 1
  done
  lab_columns dst network_samples network_p50_ns <"$LAB_DIR/report.out" >"$LAB_DIR/rows" || return 1
  # What the client sent: dport is the server's.
  awk '$3 == "192.0.2.1" || $3 == "2001:db8:1::1"' "$LAB_DIR/client.txt" >"$LAB_DIR/sent.txt"
  awk '{ print ($4 ~ /^192|^2001:db8:1:/ ? "near" : "far") ":" $5, $2, $1 }' \
    "$LAB_DIR/sent.txt" >"$LAB_DIR/by-host"
  awk '
    $2 == "network" { print $1, $3 }
    $2 == "network" && $1 ~ /:('"$THINK|$DEAF|$WEB|$SLOW_WEB"')$/ { sub(/:.*/, ":few", $1); print $1, $3 }
  ' "$LAB_DIR/by-host" | medians >"$LAB_DIR/by-kind"
  network "$LAB_DIR/sent.txt" '$4' >"$LAB_DIR/by-pair"
  check_path near "$near" 192.0.2.2 2001:db8:1::2
  check_path far "$far" 198.51.100.2 2001:db8:2::2

  network "$LAB_DIR/middle.txt" '$3 ">" $4' >"$LAB_DIR/middle"
  network "$LAB_DIR/end.txt" '$3 ">" $4' >"$LAB_DIR/end"
  for path in '192.0.2.1 198.51.100.2' '2001:db8:1::1 2001:db8:2::2'; do
    read -r address path <<<"$path"
    whole=$(figure "$LAB_DIR/by-pair" "$path" 3)
    there=$(figure "$LAB_DIR/middle" "$address>$path" 3)
    back=$(figure "$LAB_DIR/middle" "$path>$address" 3)
    end=$(figure "$LAB_DIR/end" "$path>$address" 3)
    bound=$((whole / 50 > 100000 ? whole / 50 : 100000))
    within "middle: $back to the client, $there to $path" $((there + back)) "$whole" $bound
    within "far end: $path to the client" "$end" "$whole" $bound
  done
  lab_down
}

measure "--delay-us 200" "--delay-us 300" || exit 1
measure "--delay-us 10000" "--delay-us 30000:50000" || exit 1
exit $bad
