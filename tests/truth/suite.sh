#!/bin/bash
# Holds tcpmetro against the simulator's truth, one setting after another, the seeds of
# a setting judged as one. The bounds are the project's promise; none is ever loosened.
#
#   suite.sh [--tap] [--seeds N] [--first N] [--flows N] TCPMETRO SIMULATE CHECK COUNT
#
# Prints a table, or TAP with a row for each setting. What the echo must resolve is rare:
# settings with fewer than 200 such acknowledgements are judged on them together, in a
# row of their own. A broken bound is followed by the worst findings, with the seed and
# the frames. Status 1: a bound is broken; 2: it could not be run.
set -u
export LC_ALL=C

bounds=(--min-exact 99.5 --min-sack 98 --min-copied 98 --max-false 0.01 --max-negative 0
  --max-median 1 --max-p99 3 --min-prompt 97)
least_resolved=98
few=200 # fewer resolvable than this are pooled
jobs=2

usage() {
  echo "usage: suite.sh [--tap] [--seeds N] [--first N] [--flows N] TCPMETRO SIMULATE CHECK COUNT" >&2
  exit 2
}

tap=no
seeds=3
first=1
flows=()
while [ $# -gt 4 ]; do
  case $1 in
  --tap)
    tap=yes
    shift
    continue
    ;;
  --seeds) seeds=$2 ;;
  --first) first=$2 ;;
  --flows) flows=(--flows "$2") ;;
  *) usage ;;
  esac
  [[ $2 =~ ^[1-9][0-9]{0,8}$ ]] || usage
  shift 2
done
[ $# = 4 ] || usage
tcpmetro=$(realpath "$1") simulate=$(realpath "$2") check=$(realpath "$3") count=$(realpath "$4")

directory=$(mktemp -d) || exit 2
trap 'rm -rf "$directory"' EXIT
cd "$directory" || exit 2

# note TEXT...: what is wrong, for the people who read the log
note() {
  printf '%s\n' "$@" >>"$setting.notes"
}

# one_seed: capture, samples, and the counters against both. The capture goes at once.
one_seed() {
  local name=$setting-$1 status=0

  "$simulate" --setting "$setting" --seed "$1" "${flows[@]}" --pcap "$name.pcap" \
    --truth "$name.truth" 2>"$name.err" &&
    "$tcpmetro" -r "$name.pcap" --samples --format csv >"$name.csv" 2>>"$name.err"
  status=$?
  if [ $status != 0 ]; then
    note "seed $1: status $status: $(tail -n 3 "$name.err")"
  elif ! "$count" "$name.pcap" "$name.csv" >"$name.sums" 2>&1; then
    note "seed $1: the counters do not add up:" "$(head -n 5 "$name.sums")"
    status=1
  fi
  rm -f "$name.pcap" "$name.err" "$name.sums"
  return $status
}

# one_setting: leaves SETTING.row (check's line) and SETTING.notes (what is wrong).
one_setting() {
  local seed pairs=()

  : >"$setting.notes"
  for ((seed = first; seed < first + seeds; seed++)); do
    one_seed "$seed" || return
    pairs+=("$setting-$seed.truth" "$setting-$seed.csv")
  done
  if ! "$check" --brief "${bounds[@]}" "${pairs[@]}" >"$setting.out" 2>&1; then
    note "$(tail -n +2 "$setting.out")"
  fi
  head -n 1 "$setting.out" >"$setting.row"
  if (($(value resolvable "$setting.row") >= few)) &&
    below "$(value resolved "$setting.row")" $least_resolved; then
    note "BROKEN: of the resolvable at least $least_resolved % must be exact"
  fi
  if [ -s "$setting.notes" ]; then
    note "$("$check" --worst 3 "${pairs[@]}" 2>&1 | grep -E '^(extra|twice|gross|inexact|missed) ')"
  fi
  rm -f "${pairs[@]}"
}

# value KEY FILE: of check's line of key=value
value() {
  sed -n "s/.* $1=\([^ ]*\).*/\1/p" "$2"
}

below() {
  awk -v a="$1" -v b="$2" 'BEGIN { exit !(a < b) }'
}

number=0
status=0

# row NAME NOTES [TEXT]: one verdict.
row() {
  local verdict=ok

  number=$((number + 1))
  if [ -s "$2" ]; then
    status=1
    verdict='not ok'
  fi
  if [ $tap = yes ]; then
    echo "$verdict $number - $1"
    [ -z "$3" ] || echo "# $3"
    sed 's/^/# /' "$2"
  else
    printf '%s\n' "$3"
    sed 's/^/    /' "$2"
  fi
}

# The table's line of a setting.
table_line() {
  awk '{
    for (i = 1; i <= NF; i++) {
      at = index($i, "=")
      v[substr($i, 1, at - 1)] = substr($i, at + 1)
    }
    due = v["unambiguous"]
    printf "%-17s %9d %9d %9d %8d %8d %8s %8s %8s %8s %7s %7s %7s %7s %8s", v["setting"],
      v["acks"], v["samples"], due, v["sacks"], v["resolvable"], pc(v["exact"], due),
      pc(v["sack"], v["sacks"]), pc(v["resolved"], v["resolvable"]),
      pc(v["copied"], v["copies"]), v["false"], v["inexact"], short(v["median"]),
      short(v["p99"]), short(v["prompt"])
  }
  function short(x) { return sprintf("%.3f", x) }
  function pc(share, of) { return of > 0 ? short(share) : "-" }' "$1"
}

mapfile -t settings < <("$simulate" --list | awk '$1 !~ /^bench-/ { print $1 }')
[ ${#settings[@]} != 0 ] || exit 2
[ $tap = yes ] ||
  printf '%-17s %9s %9s %9s %8s %8s %8s %8s %8s %8s %7s %7s %7s %7s %8s\n' setting acks samples \
    unambig. sacks resolv. exact sack resolved copied false inexact median p99 prompt

pids=()
resolvable=0
resolved=0
for ((i = 0; i < ${#settings[@]} + jobs; i++)); do
  if ((i < ${#settings[@]})); then
    setting=${settings[i]}
    one_setting &
    pids[i]=$!
  fi
  ((i >= jobs - 1 && i - jobs + 1 < ${#settings[@]})) || continue
  # The oldest of those that run: rows come in the order of the list.
  setting=${settings[i - jobs + 1]}
  wait "${pids[i - jobs + 1]}"
  if [ -s "$setting.row" ]; then
    due=$(value resolvable "$setting.row")
    if ((due < few)); then
      resolvable=$((resolvable + due))
      resolved=$((resolved + $(awk -v n="$due" -v p="$(value resolved "$setting.row")" \
        'BEGIN { printf "%.0f", n * p / 100 }')))
    fi
    if [ $tap = yes ]; then
      row "$setting" "$setting.notes" "$(cat "$setting.row")"
    else
      row "$setting" "$setting.notes" "$(table_line "$setting.row")"
    fi
  else
    [ -s "$setting.notes" ] || echo "nothing came out" >"$setting.notes"
    row "$setting" "$setting.notes" "$setting"
  fi
done

: >pooled.notes
if ((resolved * 100 < resolvable * least_resolved)); then
  echo "BROKEN: of the resolvable at least $least_resolved % must be exact" >pooled.notes
fi
row "resolvable, of the settings with fewer than $few" pooled.notes \
  "resolvable, of the settings with fewer than $few: $resolved of $resolvable exact"
[ $tap = no ] || echo "1..$number"
exit $status
