#!/bin/bash
# What `meson install` installs and where, and that it works from there.
#
#     install.sh BUILD-FOLDER PREFIX BINDIR LIBDIR
#
# BUILD-FOLDER is built; the other three are its configuration. Installs into a folder of its
# own (DESTDIR). Prints TAP. The status is 1 if a test failed, except with --tap (for Meson).
set -u
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
build=$(realpath "${1:?usage: install.sh BUILD-FOLDER PREFIX BINDIR LIBDIR}") || exit 1
prefix=$2 bindir=$2/$3 libdir=$2/$4
export LC_ALL=C SYSTEMD_PAGER='' SYSTEMD_COLORS=0
root=$(mktemp -d) || exit 1
trap 'rm -rf "$root"' EXIT

output=$(meson install -C "$build" --no-rebuild --destdir "$root" 2>&1) || {
  echo "1..0 # SKIP this build cannot be installed: $(tail -n 1 <<<"$output")"
  exit 0
}

# missing PATH...: prints the paths that were not installed.
missing() {
  local path
  for path in "$@"; do
    [ -s "$root$path" ] || echo "$path was not installed"
  done
}

unit=$root$prefix/lib/systemd/system/tcpmetro.service
doc=$prefix/share/doc/tcpmetro

echo "1..5"
check 'program, library, header, man page, unit, configuration, documents' "$(missing \
  "$bindir/tcpmetro" "$libdir/libtcpmetro.so" "$prefix/include/tcpmetro.h" \
  "$libdir/pkgconfig/tcpmetro.pc" "$prefix/share/man/man1/tcpmetro.1" \
  "${unit#"$root"}" "$doc/examples/tcpmetro.yaml" "$doc/LICENSE" "$doc/README.md" \
  "$doc/MEASUREMENT.md")"
check 'the installed program runs' "$("$root$bindir/tcpmetro" --version 2>&1 |
  grep -v '^tcpmetro [0-9.]*$')"
check 'the unit starts the program that was installed with it' \
  "$(grep -q "^ExecStart=$bindir/tcpmetro -c /" "$unit" || grep '^ExecStart=' "$unit")"

if command -v systemd-analyze >/dev/null; then
  # The same unit, below the folder that stands for the root; and without the page, which
  # systemd-analyze would look for in the system's manual.
  sed -e "s,^ExecStart=,&$root," -e '/^Documentation=/d' "$unit" >"$root/tcpmetro.service"
  check 'systemd accepts the installed unit' \
    "$(systemd-analyze verify --man=no "$root/tcpmetro.service" 2>&1)"
else
  number=$((number + 1))
  echo "ok $number - systemd accepts the installed unit # SKIP there is no systemd-analyze"
fi

cat >"$root/user.c" <<'C'
#include <stdio.h>
#include <tcpmetro.h>

int main(void)
{
	struct tcpm_handler handler = {0};
	struct tcpm_engine *engine = tcpm_engine_new(NULL, &handler);

	printf("%s\n", engine ? tcpm_version() : "no engine");
	tcpm_engine_free(engine);
	return 0;
}
C
check 'a program is built against the library by its pkg-config file' "$(
  export PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$root$libdir/pkgconfig
  flags=$(pkg-config --cflags --libs tcpmetro) || exit
  # shellcheck disable=SC2086 # flags are words
  cc -o "$root/user" "$root/user.c" $flags || exit
  LD_LIBRARY_PATH=$root$libdir "$root/user" | grep -v '^[0-9][0-9.]*$')"
[ $failed = 0 ] || exit $failure_status
