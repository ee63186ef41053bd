#!/bin/sh
# Tests the simulator and the checker with each other: a seed repeats itself, the
# truth handed in as samples is perfect, and each kind of damage is noticed.
# usage: test_check.sh SIMULATE CHECK
# shellcheck disable=SC2016 # awk programs, not for the shell
set -eu
simulate=$(realpath "$1")
check=$(realpath "$2")
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
bounds="--min-exact 100 --min-sack 100 --min-resolved 100 --min-copied 100 --max-false 0
	--max-inexact 0 --max-negative 0 --min-prompt 100 --max-p99 3"

fail() {
	echo "test_check.sh: $*" >&2
	exit 1
}

"$simulate" --setting mixed --seed 3 --flows 60 --pcap one.pcap --truth one.truth 2>/dev/null
"$simulate" --setting mixed --seed 3 --flows 60 --pcap two.pcap --truth two.truth 2>/dev/null
cmp one.pcap two.pcap || fail "the same seed gave another capture"
cmp one.truth two.truth || fail "the same seed gave another truth"
"$simulate" --setting mixed --seed 4 --flows 60 --pcap two.pcap 2>/dev/null
cmp -s one.pcap two.pcap && fail "another seed gave the same capture"

# a program that says the truth wherever it can be known
awk -F, 'BEGIN { print "frame,rtt_ns,method,class" }
	NR > 1 && $6 ~ /unambiguous|resolvable|copied/ {
		print $1 "," $3 "," $5 "," ($8 ? "network" : "response") }' one.truth >perfect.csv
# shellcheck disable=SC2086
"$check" $bounds one.truth perfect.csv >out || fail "the truth is not good enough: $(cat out)"

# damage NAME OPTION BOUND AWK-PROGRAM: the bound must be seen as broken
damage() {
	awk -F, -v OFS=, "$4" perfect.csv >damaged.csv
	cmp -s perfect.csv damaged.csv && fail "$1: nothing was damaged"
	if "$check" "$2" "$3" one.truth damaged.csv >out; then
		fail "$1 was not noticed"
	fi
	grep -q "^BROKEN: $2" out || fail "$1: no word of $2"
}
damage "a missing sample" --min-exact 100 'NR != 2'
damage "a missing SACK" --min-sack 100 'NR == 1 || $3 != "sack"'
damage "a nanosecond" --max-inexact 0 'NR == 9 { $2++ } { print }'
damage "a gross error" --max-false 0 'NR == 9 { $2 = $2 * 2 + 5000000 } { print }'
damage "a second sample" --max-false 0 '{ print } NR == 9'
damage "a sample out of nothing" --max-false 0 'NR == 2 { print 1, 5000, "ack", "network" } { print }'
damage "a negative sample" --max-negative 0 'NR == 9 { $2 = -$2 } { print }'
damage "the wrong class" --min-prompt 97 'NR > 1 { $4 = "response" } { print }'
damage "response called network" --max-p99 3 'NR > 1 { $4 = "network" } { print }'
# several pairs are judged as one, and a finding names its file
cp one.truth three.truth
awk -F, -v OFS=, 'NR == 9 { $2 = $2 * 2 + 5000000 } { print }' perfect.csv >three.csv
"$check" --brief --max-inexact 0 one.truth perfect.csv three.truth perfect.csv >out ||
	fail "two perfect runs are not perfect together"
if "$check" --worst 1 --max-inexact 0 one.truth perfect.csv three.truth three.csv >out; then
	fail "a gross error in the second run was not noticed"
fi
grep -q '^gross .* in three.csv$' out || fail "no word of the second run"
"$check" --score one.truth perfect.csv | grep -q ' number=100.* exact=100.* false=0.0000 ' ||
	fail "the truth has a bad score"
"$check" --score one.truth three.csv | grep -q ' exact=100.0000 ' && fail "the score is too good"
echo ok
