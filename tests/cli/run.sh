#!/bin/bash
# Golden tests: runs the program on small captures and compares what it prints with what is
# committed in expected/. The tests are the lines of the file `list` beside this script.
#
#     run.sh PROGRAM MAKE_CAPTURES [NAME...]
#     run.sh --update PROGRAM MAKE_CAPTURES [NAME...]
#
# With --update the program's output becomes the expected output; check `git diff` before
# committing it. From the top folder, after a build in build/:
#
#     tests/cli/run.sh --update build/src/app/tcpmetro build/tests/cli/make_captures
#
# Prints TAP, one line per test. The status is 1 if one failed, except with --tap (for Meson,
# which reads the lines).
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
expected=$here/expected
update=no
failure_status=1
while [ $# -gt 0 ]; do
  case $1 in
  --update) update=yes ;;
  --tap) failure_status=0 ;;
  *) break ;;
  esac
  shift
done
if [ $# -lt 2 ]; then
  echo "usage: run.sh [--update] PROGRAM MAKE_CAPTURES [NAME...]" >&2
  exit 2
fi
# shellcheck disable=SC2034 # used by eval
program=$(realpath "$1") && make_captures=$(realpath "$2") || exit 1
shift 2
export LC_ALL=C TZ=UTC
unset MALLOC_PERTURB_ # see tap.sh

folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/captures" "$folder/got" || exit 1
"$make_captures" "$folder/captures" || exit 1
cp "$here/../net/demo.pcap" "$here"/configs/*.yaml "$folder/captures/" || exit 1
cd "$folder/captures" || exit 1

with_service=yes
"$program" -c no-such.yaml 2>&1 | grep -q 'built without' && with_service=no

names=()
statuses=()
arguments=()
while IFS='|' read -r name status rest; do
  name=${name// /}
  [[ -z $name || $name == \#* ]] && continue
  if [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; then
    continue
  fi
  [[ $with_service = no && $name == config-* ]] && continue
  names+=("$name")
  statuses+=("${status// /}")
  arguments+=("$rest")
done <"$here/list"

# differs NAME STREAM: compares or, with --update, keeps. True if it differs.
differs() {
  local got=$folder/got/$1.$2 want=$expected/$1.$2
  if [ $update = yes ]; then
    rm -f "$want"
    [ -s "$got" ] && cp "$got" "$want"
    return 1
  fi
  [ -e "$want" ] || want=/dev/null
  cmp -s "$want" "$got" && return 1
  diff -u --label "expected $1.$2" --label "got $1.$2" "$want" "$got" | sed 's/^/# /'
}

# one NUMBER NAME STATUS ARGUMENTS
one() {
  local number=$1 name=$2 want=$3 text=$4 status result=ok report=
  eval "\"\$program\" $text" >"$folder/got/$name.out" 2>"$folder/got/$name.err" </dev/null
  status=$?
  if grep -q 'which this build does not read' "$folder/got/$name.err"; then
    echo "ok $number - $name # SKIP this build does not read it"
    return 0
  fi
  if [ "$status" != "$want" ]; then
    report="# status $status, expected $want"$'\n'
    result='not ok'
  fi
  report+=$(differs "$name" out) && result='not ok'
  report+=$(differs "$name" err) && result='not ok'
  echo "$result $number - $name"
  [ "$result" = ok ] && return 0
  printf '# arguments:%s\n%s\n' "$text" "$report"
  return 1
}

echo "1..$((${#names[@]} + 1))"
failed=0
for i in "${!names[@]}"; do
  one $((i + 1)) "${names[i]}" "${statuses[i]}" "${arguments[i]}" || failed=1
done

# What is expected of a test that is no more would lie there for ever.
stale=()
for file in "$expected"/*; do
  name=$(basename "${file%.*}")
  [[ $with_service = no && $name == config-* ]] && continue
  [ $# -gt 0 ] || [[ " ${names[*]} " == *" $name "* ]] || stale+=("$file")
done
if [ ${#stale[@]} != 0 ] && [ $update = yes ]; then
  rm -f "${stale[@]}"
  stale=()
fi
if [ ${#stale[@]} != 0 ]; then
  echo "not ok $((${#names[@]} + 1)) - expected/ holds nothing else"
  printf '# no test of the list has %s\n' "${stale[@]##*/}"
  failed=1
else
  echo "ok $((${#names[@]} + 1)) - expected/ holds nothing else"
fi
[ $failed = 0 ] || exit $failure_status
