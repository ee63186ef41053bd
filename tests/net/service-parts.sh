# shellcheck shell=bash
# Parts of test-service-reload.sh, which run side by side, each with services, ports and a
# link of its own. To be sourced after service-lab.sh.
#
# The caller sets tcpmetro and here, the folder of the tests.
# shellcheck disable=SC2154,SC2317 # the caller's, and service-lab.sh's

# tags KEY FILE [SINCE-MS]: the different values of a tag of round trips, in a row.
tags() {
  awk -v since="${3:-0}" '$1 >= since && /system\.net\.tcp\.rtt\.avg/' "$LAB_DIR/$2" |
    grep -o "[#,]$1:[^,]*" | cut -d : -f 2- | LC_ALL=C sort -u | tr '\n' ' '
}

# tags_are VALUES KEY FILE [SINCE-MS]: these and no others, which may take a while.
tags_are() {
  [ "$(tags "$2" "$3" "${4:-0}")" = "$1 " ]
}

# state_has NAME WORDS [FILE]: SIGUSR1 has it say this within 5 s; not at once, for the kernel
# holds packets back for a moment.
state_has() {
  local until=$(($(now_ms) + 15000))
  until has "$2" "${3:-$1.err}"; do
    [ "$(now_ms)" -gt $until ] && return 1
    kill -USR1 "${PID[$1]}"
    sleep 0.3
  done
}

# ---- whitelists ----

dns_says() {
  printf '%s\n' "$@" >"$LAB_DIR/zone.new"
  mv "$LAB_DIR/zone.new" "$LAB_DIR/zone"
}

names_config() {
  cat <<END
init_config:
  statsd_port: $1
  statsd_interval: 1
  nameservers: ["127.0.0.1:5300"]
instances:
  - interface: eth2
    hosts: [$2]
END
}

names_move() {
  local start
  start=$(now_ms)
  dns_says 'one.test 1 192.0.2.131 2001:db8:2::3' 'two.test 1 2001:db8:2::4' 'me.test 1 192.0.2.129'
  # The minimum time between two queries is 5 s.
  check "the filter follows" until_true 12000 has 'measures .*192\.0\.2\.131.*db8:2::3.*db8:2::4' names.err
  echo "     after $(($(now_ms) - start)) ms: $(grep 'measures' "$LAB_DIR/names.err" | tail -n 1)"
  # An interval has what was measured before it.
  sleep 2.2
  start=$(now_ms)
  sleep 2.5
  check "measured then: one.test and two.test, and no old address" \
    until_true 15000 tags_are '192.0.2.132 one.test two.test' dst names-agent.out "$start"
}

names_away() {
  local start said
  lab_stop "${PID[dns]}"
  said=$(count 'measures' names.err)
  # Longer than a name may be kept, and all tries together.
  sleep 10.5
  start=$(now_ms)
  sleep 2.5
  check "without a name server, measured as before" \
    until_true 15000 tags_are '192.0.2.132 one.test two.test' dst names-agent.out "$start"
  check "the filter stayed" [ "$(count 'measures' names.err)" = "$said" ]
  check "SIGUSR1 says so: $(state_has names 'the name one.test:'; grep 'the name one' "$LAB_DIR/names.err" | tail -n 1)" \
    has 'name one.test:' names.err
}

part_whitelist() {
  dns_says 'one.test 1 192.0.2.130 2001:db8:2::2' 'two.test 1 2001:db8:2::4' 'me.test 1 192.0.2.129'
  run dns "$LAB_BIN/dns" 5300 "$LAB_DIR/zone"
  lab_wait_for dns ready
  sink names-agent udp 9110
  sink me-agent udp 9111
  (names_config 9110 'one.test, two.test' && echo '    ips: [192.0.2.132]') | config names
  names_config 9111 me.test | config me
  keep_talking echo 2 192.0.2.130 192.0.2.131 192.0.2.132 2001:db8:2::2 2001:db8:2::3 2001:db8:2::4
  serve names
  serve me
  sleep 2
  check "measured are what the whitelist names, and nothing else" \
    until_true 15000 tags_are '192.0.2.132 one.test two.test' dst names-agent.out
  check "and this host by its own name" until_true 15000 tags_are me.test src me-agent.out
  check "with all others" until_true 15000 tags_are '192.0.2.130 192.0.2.131 192.0.2.132' dst me-agent.out
  names_move
  names_away
  ends_by TERM names
}

# ---- rights ----

UNPRIVILEGED=(setpriv --reuid=nobody --regid=nogroup --clear-groups)

# only_raw NAME: an ordinary user's, with CAP_NET_RAW for the main thread, nothing for others,
# and nothing to come.
only_raw() {
  awk -v main="${PID[$1]}" '
    $1 == "Pid:" { pid = $2; tasks++ }
    $1 == "Uid:" && !($2 && $3 && $4 && $5) { bad = 1 }
    $1 ~ /^Cap(Prm|Eff):$/ && $2 != (pid == main ? "0000000000002000" : "0000000000000000") { bad = 1 }
    $1 ~ /^Cap(Inh|Amb):$/ && $2 !~ /^0+$/ { bad = 1 }
    $1 == "NoNewPrivs:" && $2 != 1 { bad = 1 }
    $1 ~ /^(Uid|Cap.*|NoNewPrivs):$/ { seen++ }
    END { exit bad || tasks < 2 || seen != 7 * tasks }' /proc/"${PID[$1]}"/task/*/status
}

# adds_interface NAME: a reload can.
adds_interface() {
  echo '  - interface: eth4' | cat "$LAB_DIR/$1.yaml" - | config "$1"
  kill -HUP "${PID[$1]}"
  check "$1: a reload adds an interface" until_true 15000 has 'is in force' "$1.err"
  talk "$(link_peer 4)"
  check "$1: which is captured" state_has "$1" 'eth4: captured; [1-9]'
  check "$1: with the same rights" only_raw "$1"
}

part_rights() {
  local user name
  user=$(id -u tcpmetro 2>/dev/null || id -u nobody)
  for name in root ambient powerless; do
    printf '%s\n' 'init_config:' '  statsd: false' 'instances:' '  - interface: eth3' | config $name
  done
  serve root
  run ambient "${UNPRIVILEGED[@]}" --inh-caps=+net_raw --ambient-caps=+net_raw \
    "$tcpmetro" -c "$LAB_DIR/ambient.yaml"
  run powerless "${UNPRIVILEGED[@]}" "$tcpmetro" -c "$LAB_DIR/powerless.yaml"
  lab_wait_for ambient ' started with ' || fail "ambient"
  check "root became user $user" [ "$(stat -c %u "/proc/${PID[root]}/task")" = "$user" ]
  check "root has CAP_NET_RAW alone" only_raw root
  check "and cannot get more" grep -q '^CapBnd:.0000000000000000$' "/proc/${PID[root]}/status"
  check "nobody has CAP_NET_RAW alone" only_raw ambient
  adds_interface root
  adds_interface ambient
  ended powerless 15000
  check "without rights, status $STATUS: $(cat "$LAB_DIR/powerless.err")" \
    [ "$STATUS:$(lines powerless.err):$(count 'CAP_NET_RAW' powerless.err)" = 1:1:1 ]
  ends_by TERM root
  ends_by INT ambient
}

# ---- interfaces that come and go ----

# measured_at INTERFACE FILE SINCE-MS
measured_at() {
  [[ " $(tags iface "$2" "$3")" == *" $1 "* ]]
}

part_interfaces() {
  local start name
  sink come-agent udp 9120
  sink any-agent udp 9121
  printf '%s\n' 'init_config:' '  statsd_port: 9120' '  statsd_interval: 1' 'instances:' \
    '  - interface: eth7' '  - interface: lo' | config come
  printf '%s\n' 'init_config:' '  statsd_port: 9121' '  statsd_interval: 1' 'instances:' \
    '  - interface: any' '    tags: [all:yes]' | config any
  printf '%s\n' 'init_config:' 'instances:' '  - interface: nosuch0' | config none
  serve come
  serve any
  run none "$tcpmetro" -c "$LAB_DIR/none.yaml"
  check "warned: $(grep -m 1 eth7 "$LAB_DIR/come.err")" has 'eth7: no such interface.*retrying' come.err
  ended none 15000
  check "without any interface, status $STATUS: $(tail -n 1 "$LAB_DIR/none.err")" [ "$STATUS" = 1 ]
  start=$(now_ms)
  link_up 7 || fail "eth7"
  keep_talking up 1 "$(link_peer 7)" 2001:db8:7::2
  check "taken up" until_true 12500 has 'eth7: appeared, capture started' come.err
  echo "     $(($(now_ms) - start)) ms after it came"
  for name in come any; do
    check "$name: eth7 is measured" until_true 15000 has 'rtt.*iface:eth7' $name-agent.out
  done
  check "any: interfaces have their own names" [ "$(tags all any-agent.out)" = "yes " ]
  ip -n "$LAB_CLIENT" link del eth7
  check "deleted: is reported" until_true 15000 has 'eth7: the interface was deleted' come.err
  link_up 7 || fail "eth7 again"
  check "created again: is reported" until_true 15000 has 'eth7: the interface is back' come.err
  # An interval may have what was measured before.
  start=$(($(now_ms) + 1500))
  for name in come any; do
    check "$name: eth7 is measured again" until_true 15000 measured_at eth7 $name-agent.out $start
  done
  ends_by TERM come
  ends_by TERM any
}

# ---- captures ----

# Of each pair: samples, minimum and median in us.
told_by_report() {
  "$tcpmetro" -q -r "$LAB_DIR/demo.pcap" --format csv |
    lab_columns src dst network_samples network_min_ns network_p50_ns |
    awk '{ printf "%s %s %d %.0f %.0f\n", $1, $2, $3, $4 / 1000, $5 / 1000 }' | LC_ALL=C sort
}

told_by_agent() {
  awk '
    match($2, /^system\.net\.tcp\.rtt\.(samples|min|p50):/) {
      split($2, parts, /\|#?/)
      split(parts[1], value, ":")
      split(parts[3], tags, ",")
      pair = substr(tags[1], 5) " " substr(tags[2], 5)
      pairs[pair]
      values[pair, value[1]] = value[2]
    }
    END {
      m = "system.net.tcp.rtt."
      for (pair in pairs)
        printf "%s %d %.0f %.0f\n", pair, values[pair, m "samples"],
          values[pair, m "min"] * 1000, values[pair, m "p50"] * 1000
    }' "$LAB_DIR/file-agent.out" | LC_ALL=C sort
}

part_file() {
  local name
  cp "$here/demo.pcap" "$LAB_DIR/demo.pcap" && chmod 644 "$LAB_DIR/demo.pcap"
  sink file-agent udp 9130
  for name in file scraped; do
    printf '%s\n' 'init_config:' '  statsd_port: 9130' 'instances:' '  - interface: file' \
      "    pcap: $LAB_DIR/demo.pcap" | config $name
  done
  sed -i 's/statsd_port.*/prometheus_port: 9231/' "$LAB_DIR/scraped.yaml"
  serve file
  ended file 15000
  check "a capture is read, and it ends with status $STATUS" [ "$STATUS" = 0 ]
  until_true 15000 has 'tcpmetro.config.reloads' file-agent.out
  told_by_report >"$LAB_DIR/file-report.txt"
  told_by_agent >"$LAB_DIR/file-agent.txt"
  check "values are those of the report, of $(lines file-report.txt) pairs" \
    diff "$LAB_DIR/file-report.txt" "$LAB_DIR/file-agent.txt"
  serve scraped
  until_true 15000 has 'read to its end' scraped.err
  sleep 1.5
  check "with Prometheus it stays: $(metric 9231 'tcpmetro_packets_total{') packets" \
    [ "$(metric 9231 'tcpmetro_packets_total{')" -gt 1000 ]
  ends_by TERM scraped
}

# ---- sampling ----

# How often the threads that capture were given a processor.
turns() {
  local task sum=0 turn
  for task in /proc/"${PID[$1]}"/task/*; do
    [ "${task##*/}" = "${PID[$1]}" ] && continue
    read -r _ _ turn <"$task/schedstat"
    sum=$((sum + turn))
  done
  echo $sum
}

# reports NAME: how many of the agent's reports had more packets than the one before, and how
# many had as many; behind that, all packets.
reports() {
  awk 'match($2, /^tcpmetro\.packets:/) {
      split(substr($2, RLENGTH + 1), value, "|")
      if (n++)
        value[1] == last ? same++ : more++
      last = value[1]
    }
    END { print more + 0, same + 0, last }' "$LAB_DIR/$1-agent.out"
}

part_sampling() {
  local i port=9240 more same a b sampled whole
  for i in sampled whole; do
    sink $i-agent udp $port
    printf '%s\n' 'init_config:' '  statsd_interval: 1' "  statsd_port: $port" '  filter: tcp' \
      'instances:' '  - interface: eth5' | config $i
    port=$((port + 1))
  done
  printf '%s\n' '    sample: true' '    sample_duration: 1' '    sample_interval: 2' >>"$LAB_DIR/sampled.yaml"
  serve sampled
  serve whole
  for i in 1 2 3; do
    lab_start "sampling$i" "$LAB_CLIENT" "$LAB_BIN/traffic" client "$(link_peer 5)" "$LAB_PORT" small 100000
  done
  # Five rounds of 3 s.
  sleep 15
  sampled=$(turns sampled) whole=$(turns whole)
  read -r more same a <<<"$(reports sampled)"
  read -r _ _ b <<<"$(reports whole)"
  check "in $more seconds packets were measured, in $same none" [ $((more >= 5 && same >= 3)) = 1 ]
  check "$a of $b packets were measured: a third" [ $((a * 100 > b * 22 && a * 100 < b * 45)) = 1 ]
  check "its thread ran $sampled times, the other's $whole" [ $((sampled * 10 < whole * 7)) = 1 ]
  ends_by TERM sampled
  ends_by TERM whole
}

# ---- notifications to systemd ----

# watched NAME US: a word at least twice in that time on the whole, and never later than it.
watched() {
  local said
  if said=$(awk -v us="$2" '
    $2 == "WATCHDOG=1" {
      if (n++ && $1 - last > most)
        most = $1 - last
      if (n == 1)
        first = $1
      last = $1
    }
    END {
      mean = n > 1 ? (last - first) / (n - 1) : 99999
      printf "%d words, %d ms apart, at most %d", n, mean, most
      exit mean > us / 2000 || most > us / 1000
    }' "$LAB_DIR/$1-sink.out"); then
    echo "ok   a watchdog of $2 us: $said"
  else
    fail "a watchdog of $2 us: $said"
  fi
}

part_systemd() {
  local name
  # Another part talks to other hosts of this link.
  local own="tcp and host $(link_peer 6)"
  for name in notify quick; do
    printf '%s\n' 'init_config:' '  statsd: false' "  filter: $own" '  prometheus_port: 9250' \
      'instances:' '  - interface: eth6' | config $name
    sink $name-sink unix "$LAB_DIR/$name.socket"
  done
  sed -i 's/  prometheus.*//' "$LAB_DIR/quick.yaml"
  run beside "$tcpmetro" -i eth6 --interval 0s "$own"
  lab_wait_for beside listening
  run notify env NOTIFY_SOCKET="$LAB_DIR/notify.socket" WATCHDOG_USEC=3000000 \
    "$tcpmetro" -c "$LAB_DIR/notify.yaml"
  until_true 15000 has READY=1 notify-sink.out || fail "not ready"
  talk "$(link_peer 6)" echo 2
  serve quick NOTIFY_SOCKET="$LAB_DIR/quick.socket" WATCHDOG_USEC=1000000
  check "READY=1 has a status" has 'STATUS=1 of 1' notify-sink.out
  kill -HUP "${PID[notify]}"
  check "SIGHUP: READY=1 again" until_true 15000 has_more READY=1 notify-sink.out 1
  check "behind RELOADING=1" [ "$(grep -o 'RELOADING=1\|READY=1\|MONOTONIC' "$LAB_DIR/notify-sink.out" | tr '\n' ' ')" = \
    "READY=1 RELOADING=1 MONOTONIC READY=1 " ]
  sleep 8
  watched notify 3000000
  watched quick 1000000
  name=$(metric 9250 'tcpmetro_packets_total{')
  kill -TERM "${PID[beside]}"
  ended beside 15000
  check "all since READY=1 was counted: $name packets, beside it $(packets_of beside)" \
    [ "$name" = "$(packets_of beside)" ]
  ends_by TERM notify
  check "STOPPING=1" until_true 15000 has STOPPING=1 notify-sink.out
  ends_by TERM quick
}

# ---- the log, and two at a time ----

part_log() {
  local log=logs/log
  mkdir "$LAB_DIR/logs" && chown nobody "$LAB_DIR/logs"
  printf '%s\n' 'init_config:' '  statsd: false' '  user: nobody' '  log_to_file: true' 'instances:' \
    '  - interface: eth4' | config log
  sed 's/log_to_file: true/log_to_file: false/' "$LAB_DIR/log.yaml" | config second
  run log "$tcpmetro" -c "$LAB_DIR/log.yaml" --log-file "$LAB_DIR/$log"
  check "it logs to the file" until_true 15000 has ' started with ' $log
  serve second
  check "and not elsewhere" [ ! -s "$LAB_DIR/log.err" ]
  check "the file is its own" [ "$(stat -c %U "$LAB_DIR/$log")" = nobody ]
  mv "$LAB_DIR/$log" "$LAB_DIR/$log.old"
  kill -HUP "${PID[log]}"
  check "renamed, SIGHUP: a new file" until_true 15000 has 'is in force' $log
  check "and not a line more in the old one" [ "$(lines $log.old)" = 1 ]
  talk "$(link_peer 4)"
  check "SIGUSR1 reports its state" state_has log 'state: up for .* 1 reloads, 0 of them failed' $log
  check "and what was captured" state_has log 'eth4: captured; [1-9][0-9]* packets, 0 dropped' $log
  grep 'state:\|captured;' "$LAB_DIR/$log" | tail -n 2 | sed 's/^.*INFO |/    /'
  check "another service at the same interface sees it too" state_has second 'eth4: captured; [1-9]'
  ends_by INT log
  check "$(grep -o 'SIGINT.*' "$LAB_DIR/$log")" has 'SIGINT: stopping' $log
  ends_by TERM second
}

# ---- go-metro's name ----

gometro_config() {
  cat <<END
init_config:
    snaplen: 512
    idle_ttl: 300
    exp_ttl: 60
    statsd_ip: 127.0.0.1
    statsd_port: $2
    log_to_file: true
    log_level: info

$1:
    - interface: eth6
      tags:
          - env:prod
          - role:db
      ips:
          - $(link_peer 6 3)
          - 127.0.0.1
      hosts: []
    - interface: lo
      sample: true
      sample_duration: 1
      sample_interval: 1
      ips: [127.0.0.1]
END
}

part_gometro() {
  local heading port=9260
  ln -s tcpmetro "$LAB_DIR/go-metro"
  mkdir "$LAB_DIR/go-logs" && chown nobody "$LAB_DIR/go-logs"
  for heading in config instances; do
    gometro_config $heading $port | config "go-$heading"
    sink "go-$heading-agent" udp $port
    run "go-$heading" "$LAB_DIR/go-metro" -cfg "$LAB_DIR/go-$heading.yaml" \
      -log="$LAB_DIR/go-logs/$heading" -f "tcp and port $LAB_PORT" -st=true
    port=$((port + 1))
  done
  for heading in config instances; do
    check "$heading: runs" until_true 15000 has ' started with ' "go-logs/$heading"
  done
  talk "$(link_peer 6 3)"
  talk "$(link_peer 6 4)"
  for heading in config instances; do
    ends_by TERM "go-$heading"
    until_true 15000 has tcpmetro.config "go-$heading-agent.out"
    check "$heading: $(grep -c 'system.net.tcp.rtt' "$LAB_DIR/go-$heading-agent.out") points of rtt, and its tags" \
      [ "$(tags src "go-$heading-agent.out")$(tags dst "go-$heading-agent.out")$(tags iface "go-$heading-agent.out")$(tags env "go-$heading-agent.out")" = \
      "$(link_address 6) $(link_peer 6 3) eth6 prod " ]
    check "$heading: .avg, .jitter and the last" [ "$(grep -o 'net.tcp.rtt\(\|.avg\|.jitter\):' "$LAB_DIR/go-$heading-agent.out" |
      LC_ALL=C sort -u | tr '\n' ' ')" = "net.tcp.rtt.avg: net.tcp.rtt.jitter: net.tcp.rtt: " ]
  done
  [ -e /etc/dd-agent/checks.d/go-metro.yaml ] && return
  run go-none "$LAB_DIR/go-metro"
  ended go-none 15000
  check "without -cfg, status $STATUS: $(cat "$LAB_DIR/go-none.err")" \
    [ "$STATUS:$(lines go-none.err):$(count /etc/dd-agent/checks.d/go-metro.yaml go-none.err)" = 1:1:1 ]
}
