#!/bin/bash
# SPDX-License-Identifier: MIT
# Build the package virtuos for another Debian: tools-suite.sh SUITE. Its programs are linked with
# that Debian's libxl, in a chroot of it. Kernels and the guest's programs stay the same packages.
# The result is build/SUITE/virtuos_VERSION+debNNu1_amd64.deb.
. "$(dirname "$0")/common.sh"

suite=${1:?suite}
case "$suite" in
trixie) suffix=+deb13u1;;
*) die "HOST=$suite: no such Debian is known here";;
esac
out=$BUILD/$suite
deb=$(ls -t "$BUILD"/virtuos_*.deb | sed -n 1p)
include=gcc,libc6-dev,make,pkg-config,libxen-dev,libcrypt-dev,debhelper,dpkg-dev
series=XEN_SERIES_$suite

# chroot_tree - the unpacked Debian, with what the tools need to be built; kept in the cache
chroot_tree() {
	local place
	place=$CACHE/chroot/$suite-$(hash_of <<<"$include ${!series}")
	if [ ! -e "$place" ]; then
		say "Debian $suite: making a chroot to build in" >&2
		rm -rf "$place".tmp.*
		mkdir -p "$CACHE/chroot"
		run_logged "$LOGS/chroot-$suite.log" '^I: ' \
			mmdebstrap --variant=apt --include="$include" "$suite" "$place.tmp.tar" >&2
		mkdir "$place.tmp.$$"
		tar -C "$place.tmp.$$" -xpf "$place.tmp.tar" --numeric-owner --exclude='./dev/*'
		rm "$place.tmp.tar"
		mv "$place.tmp.$$" "$place"
	fi
	echo "$place"
}

# build ROOT - dom0's programs into $out/tools; always in the same path, so that they are the same
build() {
	local src=/build/virtuos flags="-O2 -g -ffile-prefix-map=/build/virtuos/="
	rm -rf "$1/build"
	mkdir -p "$1$src" "$out/tools"
	cp -a "$TOP/dom0-tools" "$TOP/include" "$TOP/debian" "$1$src/"
	run_logged "$LOGS/tools-$suite.log" '^(gcc|cc)' chroot "$1" env -i PATH=/usr/bin:/bin LC_ALL=C \
		make -C "$src/dom0-tools" OUT=/build/out VERSION="$version" CFLAGS="$flags" \
		-j"$JOBS" /build/out/virtuos /build/out/virtuosd
	cp "$1"/build/out/virtuos "$1"/build/out/virtuosd "$out/tools/"
	chroot "$1" sh -c 'cd /build/virtuos && dpkg-shlibdeps -O -e/build/out/virtuos -e/build/out/virtuosd' \
		2>"$LOGS/shlibdeps-$suite.log" | sed -n 's/^shlibs:Depends=//p' >"$out/tools/depends"
	[ -s "$out/tools/depends" ] || die "no dependencies; see $LOGS/shlibdeps-$suite.log"
	rm -rf "$1/build"
}

# control FILE - the package as it is for this Debian: version, libraries, Xen
control() {
	local others
	others=$(sed -n 's/^Depends: //p' "$1" | tr ',' '\n' | sed 's/^ *//' |
		grep -v '^lib\|^xen-utils-' | paste -sd, | sed 's/,/, /g')
	sed -i -e "s/^Version: .*/Version: $version/" \
		-e "s/^Depends: .*/Depends: $others, $(cat "$out/tools/depends"), xen-utils-${!series}/" \
		-e "s/xen-hypervisor-[0-9.]*-amd64/xen-hypervisor-${!series}-amd64/" "$1"
}

pack() {
	local tree=$out/tree sum
	rm -rf "$tree" "$out"/*.deb
	dpkg-deb -R "$deb" "$tree"
	install -m 755 -s "$out/tools/virtuos" "$out/tools/virtuosd" "$tree/usr/sbin/"
	control "$tree/DEBIAN/control"
	sum=$(cd "$tree" && find . -type f ! -path './DEBIAN/*' ! -path './etc/*' -printf '%P\n' |
		LC_ALL=C sort | xargs md5sum)
	echo "$sum" >"$tree/DEBIAN/md5sums"
	SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l "$TOP/debian/changelog" -S Timestamp) \
		dpkg-deb --root-owner-group -Zgzip -z1 -b "$tree" "$out/virtuos_${version}_amd64.deb" >"$LOGS/pack-$suite.log"
	rm -rf "$tree"
	say "package: $suite/virtuos_${version}_amd64.deb"
}

version=$(dpkg-deb -f "$deb" Version)$suffix
mkdir -p "$out"
tree_lock "tools-$suite"
cache_lock "chroot-$suite"
root=$(chroot_tree)
build "$root"
pack
