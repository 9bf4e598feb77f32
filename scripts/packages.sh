#!/bin/bash
# SPDX-License-Identifier: MIT
# Install the Debian packages that tests/host/packages.txt lists, or the list given.
# Does nothing, and quickly, when all are there.
. "$(dirname "$0")/common.sh"

list=${1:-$TOP/tests/host/packages.txt}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

wanted() { sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$list"; }

# names of wanted packages that are not installed (or, with a suite, too old)
missing() {
	local entry name
	for entry in $(wanted); do
		name=${entry%/*}
		status=$(dpkg-query -W -f='${db:Status-Abbrev} ${Version}' "$name" 2>/dev/null) || status=
		case "$status" in
		ii*) ;;
		*) echo "$entry"; continue;;
		esac
		case "$name" in
		qemu-*) dpkg --compare-versions "${status##* }" ge "$QEMU_SERIES" || echo "$entry";;
		meson) dpkg --compare-versions "${status##* }" ge 1.5 || echo "$entry";;
		esac
	done
}

# the system's own archive, as it is configured; no mirror is written down here
archive_uri() {
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(CREATED_BY)' |
		sed -n "s/^\([^ ]*\) $DEBIAN_SUITE main Packages\$/\1/p" | sed -n 1p
}

have_suite() {
	apt-get indextargets --format '$(RELEASE) $(CREATED_BY)' | grep -x "$1 Packages" >/dev/null
}

add_suite() {
	local uri
	have_suite "$1" && return
	uri=$(archive_uri)
	[ -n "$uri" ] || die "no package source for $DEBIAN_SUITE main is configured on this machine"
	printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' \
		"$uri" "$1" "$keyring" >"/etc/apt/sources.list.d/virtuos-$1.sources"
	say "added a package source for $1 (/etc/apt/sources.list.d/virtuos-$1.sources)"
}

lacking=$(missing)
[ -n "$lacking" ] || exit 0
# shellcheck disable=SC2086
say "packages to install:" $lacking
[ "$(id -u)" = 0 ] || die "not root; install the packages above (scripts/packages.sh) and come back"

export DEBIAN_FRONTEND=noninteractive
# A machine whose package lists are empty does not know its own sources yet.
[ -n "$(archive_uri)" ] ||
	run_logged "$LOGS/apt-update.log" '^(Get|Hit)' apt-get update
for suite in $(printf '%s\n' $lacking | sed -n 's,.*/,,p' | sort -u); do
	add_suite "$suite"
done
run_logged "$LOGS/apt-update.log" '^(Get|Hit)' apt-get update
install() {
	run_logged "$LOGS/apt-install.log" '^(Unpacking|Setting up)' \
		apt-get install -y --no-install-recommends "$@"
}

own=$(printf '%s\n' $lacking | grep -v / || true)
# shellcheck disable=SC2086
[ -z "$own" ] || install $own
# What comes from another suite takes its dependencies from there as well (-t), and
# comes last, so that it does not draw newer libraries in under the others.
for suite in $(printf '%s\n' $lacking | sed -n 's,.*/,,p' | sort -u); do
	# shellcheck disable=SC2046
	install -t "$suite" $(printf '%s\n' $lacking | sed -n "s,/$suite\$,,p")
done
lacking=$(missing)
# shellcheck disable=SC2086
[ -z "$lacking" ] || die "still missing after installation:" $lacking
