#!/bin/bash
# The program's help and man/tcpmetro.1 agree: options and their sections, columns, values,
# version; and --help fits a screen.
#
#     documents.sh PROGRAM
#
# Prints TAP. The status is 1 if a test failed, except with --tap (for Meson).
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
root=$(cd "$here/../.." && pwd) || exit 1
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
program=$(realpath "${1:?usage: documents.sh PROGRAM}") || exit 1
export LC_ALL=C

# The page's text, without font changes and escapes.
page=$(sed -e 's/\\f[A-Z]//g' -e 's/\\-/-/g' -e 's/\\e/\\/g' "$root/man/tcpmetro.1")
# missing WORD...: prints the words that the page does not contain as whole words.
missing() {
  local word
  for word in "$@"; do
    grep -qE -- "(^|[^a-z0-9_-])$word([^a-z0-9_-]|\$)" <<<"$page" || echo "not in the page: $word"
  done
}

# missing_keys KEY...: prints the keys without an entry in the section on the configuration file.
missing_keys() {
  local key
  for key in "$@"; do
    sed -n '/^\.SH CONFIGURATION/,/^\.SH FILTER/p' <<<"$page" |
      grep -qE -- "^\.BR? (.*[ \"])?$key([ \"]|\$)" || echo "no entry in the page: $key"
  done
}

table=$(sed -n '/^const struct row options_table/,/^};/p' "$root/src/config/options_table.c")
mapfile -t long < <(grep -oE '^	\{"[a-z0-9-]+"' <<<"$table" | sed 's/.*"\(.*\)"/--\1/')
mapfile -t short < <(grep -oE "^	\{\"[a-z0-9-]+\", '.'" <<<"$table" | sed "s/.*'\(.\)'/-\1/")
mapfile -t keys < <(grep -oE '\.key = "[a-z0-9_]+"' <<<"$table" | sed 's/.*"\(.*\)"/\1/')
mapfile -t shown < <("$program" --help | grep -oE '(^|[ (])--?[A-Za-z][a-z0-9-]*' | tr -d ' (')
mapfile -t sorts < <("$program" --sort "?" -r x 2>&1 | sed 's/.*not one of //; s/, /\n/g')
mapfile -t groups < <("$program" --group-by "?" 2>&1 | sed 's/.*not one of //; s/, /\n/g')
mapfile -t formats < <("$program" --format "?" 2>&1 | sed 's/.*not one of //; s/, /\n/g')
demo=$root/tests/net/demo.pcap
mapfile -t columns < <("$program" -r "$demo" --format csv | sed '1!d; s/,/\n/g')
mapfile -t sample_columns < <("$program" -r "$demo" --samples --format csv | sed '1!d; s/,/\n/g')
mapfile -t titles < <("$program" -r "$demo" | sed -n '/^sender/{s/->//; s/  */\n/g; p; q}')
version=$("$program" --version)
declared=$(sed -n "/^project/,/)/s/.*version: '\([^']*\)'.*/\1/p" "$root/meson.build" | head -n 1)

# table_sections: prints "SECTION OPTION" for each option and key of the table, with the
# section's title.
table_sections() {
  awk '
    match($0, /\[SECTION_[A-Z]+\] = "[^"]*"/) {
      split(substr($0, RSTART, RLENGTH), part, /[][" =]+/)
      title[part[2]] = substr($0, index($0, "\"") + 1)
      sub(/".*/, "", title[part[2]])
      next
    }
    /^const struct row options_table/ { in_table = 1 }
    /^};/ { in_table = 0 }
    !in_table { next }
    /^\t\{/ { row = "" }
    { row = row $0 }
    /},?$/ {
      scope = match(row, /SECTION_[A-Z]+/) ? substr(row, RSTART, RLENGTH) : "SECTION_INSTANCE"
      if (match(row, /^\t\{"[a-z0-9-]+"/))
        found[++count] = scope " --" substr(row, RSTART + 3, RLENGTH - 4)
      if (match(row, /\.key = "[a-z0-9_]+"/))
        found[++count] = scope " " substr(row, RSTART + 8, RLENGTH - 9)
      row = ""
    }
    END {
      for (i = 1; i <= count; i++) {
        split(found[i], part, " ")
        print title[part[1]] " " part[2]
      }
    }' "$root/src/config/options_table.c" | sort
}

# page_sections: the same for each entry of the page, by the headings .SS of OPTIONS and of
# CONFIGURATION FILE.
page_sections() {
  awk '
    /^\.SH / { options = /^\.SH OPTIONS/; file = /^\.SH CONFIGURATION/; heading = "" }
    /^\.SS / { heading = $0; sub(/^\.SS "?(init_config: )?/, "", heading); sub(/"$/, "", heading) }
    previous == ".TP" && heading != "" && (options || file) {
      gsub(/[",]/, " ")
      for (i = 2; i <= NF; i++)
        if (options ? $i ~ /^--[a-z]/ : $i ~ /^[a-z]+(_[a-z0-9]+)*$/)
          print heading " " $i
    }
    { previous = $0 }' <<<"$page" | sort
}

# help_sections: the same for the options in --help.
help_sections() {
  "$program" --help | awk '
    /^[A-Z][A-Za-z ]*:$/ { heading = substr($0, 1, length($0) - 1) }
    /^  +(-., )? *--/ && match($0, /--[a-z-]+/) { print heading " " substr($0, RSTART, RLENGTH) }' |
    sort
}

# few NAME LEAST FOUND...: a list that was not found would make its test pass.
few() {
  local name=$1 min=$2
  shift 2
  [ $# -ge "$min" ] || echo "only $# $name were found to look for: $*"
}

echo "1..14"
check 'the page has each option of the table' \
  "$(few options 15 "${long[@]}")$(few letters 6 "${short[@]}")$(missing "${long[@]}" "${short[@]}")"
check 'the page has each key of the configuration file' \
  "$(few keys 40 "${keys[@]}")$(missing_keys "${keys[@]}")"
check 'the page has each option of --help' "$(few options 12 "${shown[@]}")$(missing "${shown[@]}")"
check 'the page has each option and key in the section of the table' \
  "$(few entries 60 $(table_sections | tr ' ' _))$(diff <(table_sections) <(page_sections))"
check '--help has each option in the section of the table' \
  "$(few entries 20 $(help_sections | tr ' ' _))$(comm -13 <(table_sections) <(help_sections))"
check 'the page has each word of --sort' "$(few words 16 "${sorts[@]}")$(missing "${sorts[@]}")"
check 'the page has each word of --group-by and --format' \
  "$(few words 7 "${groups[@]}" "${formats[@]}")$(missing "${groups[@]}" "${formats[@]}")"
check 'the page has each column of a summary' "$(few columns 24 "${columns[@]}")$(missing "${columns[@]}")"
check 'the page has each column of a sample' \
  "$(few columns 9 "${sample_columns[@]}")$(missing "${sample_columns[@]}")"
check 'the page has each column of the table' "$(few titles 11 "${titles[@]}")$(missing "${titles[@]}")"
check 'the page has each exit status' "$(missing 'B 0' 'B 1' 'B 2')"
check '--help fits a screen' "$("$program" --help | awk '
  length($0) > 80 { print "line " NR " has " length($0) " columns" }
  END { if (NR > 40) print NR " lines"; if (NR < 15) print "only " NR " lines" }')"
check '--version is that of the project, and of the page' \
  "$([ "$version" = "tcpmetro $declared" ] || echo "'$version', but meson.build has '$declared'"
    grep -q "^\.TH TCPMETRO 1 .*\"tcpmetro $declared\"" "$root/man/tcpmetro.1" ||
      echo "the page's first line has another version than $declared")"
if command -v groff >/dev/null; then
  check 'the page is sound' "$(groff -man -ww -Tascii -z "$root/man/tcpmetro.1" 2>&1)"
else
  number=$((number + 1))
  echo "ok $number - the page is sound # SKIP there is no groff"
fi
[ $failed = 0 ] || exit $failure_status
