#!/bin/bash
# A service that reads only a capture file, and so needs no privileges: reloads, messages about
# agents that are not running, signals. (tests/net has the rest.)
#
#     service.sh PROGRAM
#
# Prints TAP. The status is 1 if a test failed, except with --tap (for Meson).
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
if [ $# != 1 ]; then
  echo "usage: service.sh PROGRAM" >&2
  exit 2
fi
program=$(realpath "$1") || exit 1
export LC_ALL=C TZ=UTC
if "$program" -c /nonexistent.yaml 2>&1 | grep -q 'built without'; then
  echo "1..0 # SKIP the program was built without the service"
  exit 0
fi
# Started by root it becomes somebody else, who reads these again.
folder=$(mktemp -d) && chmod 755 "$folder" && cd "$folder" || exit 1
child=
trap '[ -z "$child" ] || kill -9 "$child" 2>/dev/null; rm -rf "$folder"' EXIT
for name in demo again; do
  cp "$here/../net/demo.pcap" $name.pcap && chmod 644 $name.pcap || exit 1
done

said() {
  grep -q -e "$1" log
}

# says WORDS: prints a problem unless the log has a line of them within 10 s.
says() {
  within 100 said "$1" || {
    echo "no line with: $1"
    cat log
  }
}

# config AGENT [CAPTURE]: the file, which sends to the agent. There is room for one flow.
port=
memory=256M
config() {
  cat >new.yaml <<YAML
init_config:
  statsd_ip: $1
  statsd_interval: 3600
  prometheus_port: $port
  max_flows: 1
  max_memory: $memory
instances:
  - interface: file
    pcap: $folder/${2:-demo.pcap}
YAML
  chmod 644 new.yaml && mv new.yaml config.yaml
}

# Whoever may come to ask keeps it alive after the capture's end. Some port is free.
start() {
  local tries
  for ((tries = 0; tries < 20; tries++)); do
    port=$((20000 + RANDOM % 12000))
    config "unix://$folder/away.socket"
    "$program" -c config.yaml </dev/null 2>log &
    child=$!
    within 100 begun_or_ended
    said ' started with ' && return
    wait "$child"
    child=
    grep -q 'port in use' log || return
  done
}

begun_or_ended() {
  said ' started with ' || ended
}

# in_force_times N, read_times N: whether N reloads have taken effect, and whether
# again.pcap has been read so often.
in_force_times() {
  [ "$(grep -c 'is in force' log)" = "$1" ]
}

read_times() {
  [ "$(grep -c 'again.pcap: was read to its end' log)" = "$1" ]
}

metrics() {
  exec 8<>"/dev/tcp/127.0.0.1/$port" || return
  printf 'GET /metrics HTTP/1.0\r\n\r\n' >&8
  timeout 5 cat <&8
  exec 8>&-
}

start
echo "1..13"
check 'it begins, and reads the capture to its end' "$(says 'demo.pcap: was read to its end')"

# What goes with the configuration before is sent to the agent before.
config 127.0.0.1 again.pcap
kill -HUP "$child"
check 'a reload takes effect' "$(says 'config.yaml is in force')"
check 'an agent that was away at the reload is named, not the next one' "$(
  says "statsd at unix://$folder/away.socket: datagrams are being lost (No such file"
  grep 'statsd at 127' log)"

config 127.0.0.1 nosuch.pcap
kill -HUP "$child"
check 'a missing capture: file and line, and the service continues as before' \
  "$(says 'config.yaml:9: pcap: cannot read .*/nosuch.pcap: No such file .* stays in force')"

config 127.0.0.1 config.yaml
kill -HUP "$child"
check 'and one that is none' "$(says 'config.yaml:9: pcap: /.*/config.yaml: .* stays in force')"

config 127.0.0.1
sed -i 's/statsd_interval:.*/statsd_interval: never/' config.yaml
kill -HUP "$child"
check 'an invalid value: file and line, and the service continues as before' \
  "$(says 'config.yaml:3: statsd_interval: .* stays in force')"

# Memory is shared out when a capture begins, so another budget is another capture. Its end is
# noticed within a second.
config 127.0.0.1 again.pcap
within 100 read_times 1
kill -HUP "$child"
check 'a reload of the same does not read it again' "$(within 100 in_force_times 2 || cat log
  within 20 read_times 2 && cat log)"
memory=64M
config 127.0.0.1 again.pcap
kill -HUP "$child"
check 'a reload of max_memory does' "$(within 100 in_force_times 3 || cat log
  within 100 read_times 2 || cat log)"
check 'flows evicted for lack of memory are reported to Prometheus' "$(metrics >metrics
  grep -qE '^tcpmetro_flows_evicted_total[{].*[}] [1-9]' metrics || head -n 40 metrics)"

kill -USR1 "$child"
check 'SIGUSR1 reports the state' "$(says 'state: up for .* 6 reloads, 3 of them failed')"

kill -TERM "$child"
problem=$(within 20 ended || echo "it runs on")
[ -z "$problem" ] || kill -KILL "$child"
wait "$child"
status=$?
child=
check 'SIGTERM ends it within 2 s, with status 0' \
  "$problem$([ $status = 0 ] || echo "; its status is $status")"

# Each capture once, however it ends; then there is nothing left to do.
head -c 60000 demo.pcap >cut.pcap && chmod 644 cut.pcap
cat >config.yaml <<YAML
init_config:
  statsd: false
instances:
  - interface: file
    pcap: $folder/cut.pcap
YAML
"$program" -c config.yaml </dev/null 2>log &
child=$!
problem=$(within 100 ended || echo "it runs on")
[ -z "$problem" ] || kill -KILL "$child"
wait "$child"
status=$?
child=
check 'a truncated capture is read once and reported; the service ends with status 1' \
  "$problem$([ $status = 1 ] || echo "its status is $status"
  [ "$(grep -c 'the file is cut short' log)" = 1 ] || cat log)"

# The library for Prometheus is loaded by its name; here, where it is looked for first, a file
# of that name is none.
name='a library that cannot be loaded is named, and nothing begins'
library=$(grep -aom1 'libmicrohttpd\.so\.[0-9]*' "$program" | head -n 1)
if [ -n "$library" ]; then
  mkdir broken && : >"broken/$library"
  chmod 755 broken
  config 127.0.0.1
  LD_LIBRARY_PATH=$folder/broken "$program" -c config.yaml </dev/null 2>log
  status=$?
  check "$name" "$([ $status = 1 ] || echo "its status is $status"
    said "^tcpmetro: cannot listen on .*: cannot load libmicrohttpd: .*$library" || cat log)"
else
  skip "$name" 'the program was built without Prometheus'
fi
[ $failed = 0 ] || exit $failure_status
