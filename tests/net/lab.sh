# shellcheck shell=bash
# A small network in namespaces, for tests. To be sourced by bash; needs root.
#
#   client ---- wire one ---- near ---- wire two ---- far
#   192.0.2.1                 .2 | 198.51.100.1       .2
#   2001:db8:1::1             ::2| 2001:db8:2::1      ::2
#
# Each wire is a namespace with a forwarder in it, which makes its delay. `near`
# is a host and also the router to `far`. lab_down, which the caller
# traps, ends every process that was started here, by its id.
#
# The caller sets LAB_BIN (the folder of the programs forwarder and traffic).
# shellcheck disable=SC2034 # some variables are for the caller

# Meson sets MALLOC_PERTURB_, which fills allocated memory and so delays the program.
unset MALLOC_PERTURB_

LAB_CLIENT=tcpmetro-$$-client
LAB_ONE=tcpmetro-$$-one
LAB_NEAR=tcpmetro-$$-near
LAB_TWO=tcpmetro-$$-two
LAB_FAR=tcpmetro-$$-far
LAB_PORT=7000
LAB_DIR=
LAB_PIDS=()

# Whether a check failed: the caller's exit status.
bad=0

fail() {
  echo "FAIL $*"
  bad=1
}

# check WHAT COMMAND...: a line of its outcome, which is the status too.
check() {
  local what=$1
  shift
  if "$@"; then
    echo "ok   $what"
  else
    fail "$what"
    return 1
  fi
}

now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

# lab_possible PROGRAM...: prints why this machine cannot hold the network, or which of
# the programs is not there, and returns 1.
lab_possible() {
  local tool probe=tcpmetro-$$-probe problem
  if [ "$(id -u)" != 0 ]; then
    echo "needs root, to make network namespaces"
    return 1
  fi
  for tool in ip chrt "$@"; do
    if ! command -v "$tool" >/dev/null; then
      echo "needs the program $tool"
      return 1
    fi
  done
  if ! problem=$(ip netns add "$probe" 2>&1 &&
    ip -n "$probe" link add one type veth peer name two 2>&1); then
    ip netns del "$probe" 2>/dev/null
    echo "cannot make network namespaces here: $(echo "$problem" | tail -n 1)"
    return 1
  fi
  ip netns del "$probe"
}

# lab_start NAME NAMESPACE COMMAND...: in the background, its output in files NAME.out
# and NAME.err of LAB_DIR; its process id in LAB_PID.
lab_start() {
  local name=$1 namespace=$2
  shift 2
  # `ip netns exec` becomes the command, so the id is the command's own.
  ip netns exec "$namespace" "$@" >"$LAB_DIR/$name.out" 2>"$LAB_DIR/$name.err" </dev/null &
  LAB_PID=$!
  LAB_PIDS+=("$LAB_PID")
}

# lab_wait_for NAME WORD: until NAME has written WORD to standard error; 1 after 10 s.
lab_wait_for() {
  local i
  for ((i = 0; i < 200; i++)); do
    grep -q -- "$2" "$LAB_DIR/$1.err" 2>/dev/null && return 0
    sleep 0.05
  done
  echo "$1 did not start:" >&2
  cat "$LAB_DIR/$1.err" >&2
  return 1
}

# lab_wait_for_port NAMESPACE PORT: until something listens there; 1 after 10 s.
lab_wait_for_port() {
  local i
  for ((i = 0; i < 200; i++)); do
    [ -n "$(ip netns exec "$1" ss -Hltn "sport = :$2")" ] && return 0
    sleep 0.05
  done
  echo "nothing listens on port $2" >&2
  return 1
}

# lab_stop PID...: ends started processes and waits for their end.
lab_stop() {
  local pid
  for pid in "$@"; do
    kill -TERM "$pid" 2>/dev/null
  done
  for pid in "$@"; do
    wait "$pid" 2>/dev/null
  done
  return 0
}

# lab_link LEFT-NAMESPACE LEFT-NAME RIGHT-NAMESPACE RIGHT-NAME
lab_link() {
  ip -n "$1" link add "$2" type veth peer name "$4" netns "$3" &&
    ip -n "$1" link set "$2" up && ip -n "$3" link set "$4" up
}

lab_quiet() {
  ip netns exec "$1" sh -c '
    echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
    echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6' 2>/dev/null
}

lab_address() {
  ip -n "$1" address add "$3" dev "$2" && ip -n "$1" address add "$4" dev "$2" nodad
}

# The folder for what is written, which other users may look into, and the namespaces.
lab_namespaces() {
  local namespace
  LAB_DIR=$(mktemp -d) && chmod 755 "$LAB_DIR" || return 1
  for namespace in "$LAB_CLIENT" "$LAB_ONE" "$LAB_NEAR" "$LAB_TWO" "$LAB_FAR"; do
    ip netns add "$namespace" && ip -n "$namespace" link set lo up || return 1
  done
}

# Keeps the processors busy, with what gives way to anything else: timers of an idle
# virtual machine are late by up to 0.2 ms, which would be the wires' delay too.
lab_keep_awake() {
  local i
  for ((i = 0; i < $(nproc) && i < 4; i++)); do
    lab_start "awake$i" "$LAB_ONE" chrt --idle 0 timeout 120 sh -c 'while :; do :; done'
  done
}

# lab_up "OPTIONS OF WIRE ONE" "OPTIONS OF WIRE TWO"
lab_up() {
  lab_namespaces || return 1
  lab_keep_awake
  lab_quiet "$LAB_ONE"
  lab_quiet "$LAB_TWO"
  lab_link "$LAB_CLIENT" eth0 "$LAB_ONE" left &&
    lab_link "$LAB_ONE" right "$LAB_NEAR" eth0 &&
    lab_link "$LAB_NEAR" eth1 "$LAB_TWO" left &&
    lab_link "$LAB_TWO" right "$LAB_FAR" eth0 || return 1
  lab_address "$LAB_CLIENT" eth0 192.0.2.1/24 2001:db8:1::1/64 &&
    lab_address "$LAB_NEAR" eth0 192.0.2.2/24 2001:db8:1::2/64 &&
    lab_address "$LAB_NEAR" eth1 198.51.100.1/24 2001:db8:2::1/64 &&
    lab_address "$LAB_FAR" eth0 198.51.100.2/24 2001:db8:2::2/64 || return 1
  # Addresses for documentation (RFC 7042), not this machine's inventions.
  ip -n "$LAB_CLIENT" link set eth0 address 00:00:5e:00:53:01 &&
    ip -n "$LAB_NEAR" link set eth0 address 00:00:5e:00:53:02 &&
    ip -n "$LAB_NEAR" link set eth1 address 00:00:5e:00:53:03 &&
    ip -n "$LAB_FAR" link set eth0 address 00:00:5e:00:53:04 || return 1
  # Turning forwarding on drops no address, but default routes; so it comes first.
  ip netns exec "$LAB_NEAR" sh -c '
    echo 1 >/proc/sys/net/ipv4/ip_forward
    echo 1 >/proc/sys/net/ipv6/conf/all/forwarding' || return 1
  ip -n "$LAB_CLIENT" route add default via 192.0.2.2 &&
    ip -n "$LAB_CLIENT" -6 route add default via 2001:db8:1::2 &&
    ip -n "$LAB_FAR" route add default via 198.51.100.1 &&
    ip -n "$LAB_FAR" -6 route add default via 2001:db8:2::1 || return 1

  # shellcheck disable=SC2086 # options are words
  lab_start one "$LAB_ONE" "$LAB_BIN/forwarder" $1 left right
  LAB_ONE_PID=$LAB_PID
  # shellcheck disable=SC2086
  lab_start two "$LAB_TWO" "$LAB_BIN/forwarder" $2 left right
  LAB_TWO_PID=$LAB_PID
  lab_start near "$LAB_NEAR" "$LAB_BIN/traffic" server "$LAB_PORT"
  lab_start far "$LAB_FAR" "$LAB_BIN/traffic" server "$LAB_PORT"
  lab_wait_for one ready && lab_wait_for two ready &&
    lab_wait_for near ready && lab_wait_for far ready || return 1

  # Before anything is measured: neighbours are found, link-local addresses settled.
  local target
  for target in 192.0.2.2 2001:db8:1::2 198.51.100.2 2001:db8:2::2; do
    lab_client "$target" echo 1 >/dev/null || return 1
  done
}

# lab_client ADDRESS KIND COUNT: one connection; prints what its kernel measured.
lab_client() {
  ip netns exec "$LAB_CLIENT" "$LAB_BIN/traffic" client "$1" "$LAB_PORT" "$2" "$3" </dev/null
}

# lab_record FILE: the client's packets, from now until lab_record_end.
lab_record() {
  lab_start tcpdump "$LAB_CLIENT" tcpdump -i eth0 -n -p -U -B 16384 -s 96 \
    --time-stamp-precision=nano -Z root -w "$1" tcp
  LAB_TCPDUMP_PID=$LAB_PID
  lab_wait_for tcpdump 'listening on'
}

lab_record_end() {
  sleep 1 # what the kernel still holds back reaches tcpdump
  lab_stop "$LAB_TCPDUMP_PID"
}

# lab_columns NAME...: of the CSV on standard input, the columns of these names, in this
# order, with spaces between; an empty field is -. Columns may be added to the output
# and move, so no test counts them.
lab_columns() {
  awk -F , -v wanted="$*" '
    NR == 1 {
      header = $0
      n = split(wanted, names, " ")
      for (i = 1; i <= NF; i++)
        at[$i] = i
      for (i = 1; i <= n; i++)
        if (!(names[i] in at)) {
          print "no column " names[i] " in: " $0 >"/dev/stderr"
          exit 1
        }
      next
    }
    $0 == header { next }
    /"/ {
      print "a quoted field, which this cannot read: " $0 >"/dev/stderr"
      exit 1
    }
    {
      line = ""
      for (i = 1; i <= n; i++)
        line = line (i > 1 ? " " : "") ($at[names[i]] == "" ? "-" : $at[names[i]])
      print line
    }'
}

lab_down() {
  local namespace
  lab_stop "${LAB_PIDS[@]}"
  LAB_PIDS=()
  for namespace in "$LAB_CLIENT" "$LAB_ONE" "$LAB_NEAR" "$LAB_TWO" "$LAB_FAR"; do
    ip netns del "$namespace" 2>/dev/null
  done
  [ -n "$LAB_DIR" ] && rm -rf "$LAB_DIR"
  LAB_DIR=
}
