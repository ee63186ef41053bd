#!/bin/bash
# The service's unit file: systemd-analyze's verification, and its exposure score.
#
#     unit-file.sh UNIT PROGRAM
#
# Prints TAP. The status is 1 if a test failed, except with --tap (for Meson); 77 where there
# is no systemd-analyze.
set -u
max=1.5
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
unit=$(realpath "${1:?usage: unit-file.sh UNIT PROGRAM}") || exit 1
program=$(realpath "${2:?usage: unit-file.sh UNIT PROGRAM}") || exit 1
start=$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' "$unit")
export LC_ALL=C SYSTEMD_PAGER='' SYSTEMD_COLORS=0

if ! command -v systemd-analyze >/dev/null; then
  if [ $failure_status = 0 ]; then
    echo "1..0 # SKIP there is no systemd-analyze"
    exit 0
  fi
  echo "there is no systemd-analyze"
  exit 77
fi
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
# exposure FILE: the figure, "" if there is none.
exposure() {
  systemd-analyze security --offline=true --no-pager "$1" 2>&1 |
    sed -n 's/.*exposure level for [^:]*: *\([0-9][0-9.]*\).*/\1/p'
}

# above FIGURE: whether it is more than is allowed, or no figure.
above() {
  ! awk -v is="$1" -v max=$max 'BEGIN { exit !(is ~ /^[0-9]+([.][0-9]+)?$/ && is + 0 <= max + 0) }'
}

# The same unit for the program that was just built, and without the page that is not
# installed: systemd-analyze looks for both.
verified=$folder/tcpmetro.service
sed -e "s,$start,$program," -e '/^Documentation=/d' "$unit" >"$verified"
mapfile -t settings < <(grep -E '^[A-Z][A-Za-z]+=' "$unit")
has() {
  printf '%s\n' "${settings[@]}" | grep -qxF -- "$1" || echo "there is no line $1"
}

# Not everywhere can it look at settings of one unit without a running systemd.
if ! systemd-analyze security --help 2>/dev/null | grep -q -- --offline; then
  echo "1..0 # SKIP this systemd-analyze knows no --offline"
  exit 0
fi

echo "1..4"
figure=$(exposure "$unit")
check "its exposure is at most $max" "$(above "$figure" && echo "it is '$figure'")"
sed '/^CapabilityBoundingSet=/d; /^ProtectSystem=/d' "$unit" >"$folder/open.service"
figure=$(exposure "$folder/open.service")
check 'without two of its settings it would be more' \
  "$(above "$figure" || echo "it would be '$figure'")"
check 'systemd understands each line' "$(systemd-analyze verify --man=no "$verified" 2>&1)"
check 'it has one right and what the program needs' "$(has AmbientCapabilities=CAP_NET_RAW
  has CapabilityBoundingSet=CAP_NET_RAW
  has Type=notify
  has 'RestrictAddressFamilies=AF_PACKET AF_UNIX AF_INET AF_INET6 AF_NETLINK'
  printf '%s\n' "${settings[@]}" | grep -E '^(PrivateNetwork|PrivateUsers)=(yes|true|on|1)' |
    sed 's/$/ keeps it from the host'"'"'s interfaces/')"
[ $failed = 0 ] || exit $failure_status
