#!/bin/bash
# SPDX-License-Identifier: MIT
# Get the hypervisor: xen.sh stock takes Debian's own, xen.sh patched builds Debian's
# source with xen-patches/series. The result is build/xen/KIND, an ELF file as
# QEMU's loader wants it, not compressed. HOST=trixie xen.sh stock takes that of Debian 13, which
# the sources of this machine need not name: build/xen/stock-trixie. xen.sh sources makes
# build/xen/sources of the files that xen-patches/ touches, patched and not built.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/private-apt.sh"

kind=${1:?kind}
series=$TOP/xen-patches/series
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

publish() {
	mkdir -p "$BUILD/xen"
	ln -sfn "$1" "$BUILD/xen/$kind"
}

stock() {
	local version out tmp
	version=$(archive_versions "$XEN_HYPERVISOR_PACKAGE" | sed -n 1p)
	out=$CACHE/xen/stock-$version
	if [ ! -e "$out" ]; then
		say "fetching $XEN_HYPERVISOR_PACKAGE $version"
		tmp=$CACHE/xen/tmp.$$
		mkdir -p "$tmp"
		(cd "$tmp" && run_logged "$LOGS/xen-download.log" '%' \
			apt-get download "$XEN_HYPERVISOR_PACKAGE=$version")
		dpkg-deb -x "$tmp"/*.deb "$tmp"
		gunzip -c "$tmp"/boot/xen-"$XEN_SERIES"-amd64.gz >"$out.tmp"
		mv "$out.tmp" "$out"
		rm -rf "$tmp"
	fi
	publish "$out"
}

# stock_of SUITE - the hypervisor of another Debian, with package lists of our own
stock_of() {
	local name=XEN_SERIES_$1 series version out tmp
	series=${!name}
	out=$CACHE/xen/stock-$1-$series
	if [ ! -e "$out" ]; then
		private=$CACHE/apt-$1
		private_lists "$DEBIAN_SUITE"
		sed -i "s|^deb-src \([^ ]*\) $DEBIAN_SUITE |deb [signed-by=$keyring] \1 $1 |" "$private/sources.list"
		run_logged "$LOGS/xen-lists.log" '^(Get|Hit)' private_apt apt-get update
		say "fetching the hypervisor of Debian $1"
		tmp=$CACHE/xen/tmp.$$
		mkdir -p "$tmp"
		(cd "$tmp" && run_logged "$LOGS/xen-download.log" '%' \
			private_apt apt-get download "xen-hypervisor-$series-amd64")
		dpkg-deb -x "$tmp"/*.deb "$tmp"
		gunzip -c "$tmp"/boot/xen-"$series"-amd64.gz >"$out.tmp"
		mv "$out.tmp" "$out"
		rm -rf "$tmp"
	fi
	mkdir -p "$BUILD/xen"
	ln -sfn "$out" "$BUILD/xen/stock-$1"
}

# fetch - print the path of an unpacked source: the newest version that the archive
# really has (its index may name files that are gone). dpkg-source checks the sums.
fetch() {
	local dir version tmp
	dir=$(ls -d "$CACHE/xen/source-$XEN_SERIES"* 2>/dev/null | sed -n 1p) || true
	if [ -z "$dir" ]; then
		private_lists "$DEBIAN_SUITE\|$DEBIAN_SUITE-security\|$DEBIAN_SUITE-updates"
		run_logged "$LOGS/xen-lists.log" '^(Get|Hit)' private_apt apt-get update >&2
		tmp=$CACHE/xen/tmp.$$
		mkdir -p "$tmp"
		for version in $(private_apt apt-cache showsrc "$XEN_PACKAGE" |
				sed -n "s/^Version: \($XEN_SERIES.*\)/\1/p" | sort -rV | uniq); do
			say "fetching the source of $XEN_PACKAGE $version" >&2
			(cd "$tmp" && private_apt apt-get source --download-only \
				"$XEN_PACKAGE=$version") >"$LOGS/xen-source.log" 2>&1 </dev/null && break
			warn "the archive does not have it; trying the next version"
			rm -rf "${tmp:?}"/*
		done
		ls "$tmp"/*.dsc >/dev/null 2>&1 || die "no $XEN_PACKAGE $XEN_SERIES source could be fetched; see $LOGS/xen-source.log"
		(cd "$tmp" && dpkg-source --require-strong-checksums -x ./*.dsc unpacked) \
			>>"$LOGS/xen-source.log" 2>&1 || die "the Xen source does not unpack; see $LOGS/xen-source.log"
		dir=$CACHE/xen/source-$version
		mv "$tmp/unpacked" "$dir"
		rm -rf "$tmp"
	fi
	echo "$dir"
}

# compile TREE - two calls, not one: the second reads what the first has configured
compile() {
	run_logged "$LOGS/xen-config.log" . make -C "$1/xen" -j"$JOBS" defconfig
	run_logged "$LOGS/xen-build.log" '^  *[A-Z]|^gcc' make -C "$1/xen" -j"$JOBS" build
}

patched() {
	local src key out tree
	src=$(fetch)
	mapfile -t files < <(series_files "$series")
	key=$(hash_of "${files[@]}" <<<"$(basename "$src") $(gcc --version | sed -n 1p) $(declare -f compile)")
	out=$CACHE/xen/patched-$key
	if [ ! -e "$out" ]; then
		tree=$CACHE/xen/build-$key
		rm -rf "$tree"
		cp -a "$src" "$tree"
		apply_series "$tree" "$series"
		say "Xen: building with $JOBS jobs"
		compile "$tree"
		gunzip -c "$tree/xen/xen.gz" >"$out.tmp"
		mv "$out.tmp" "$out"
		rm -rf "$tree"
	fi
	publish "$out"
}

sources() {
	local src tree=$BUILD/xen/sources file
	src=$(fetch)
	mapfile -t files < <(series_files "$series")
	rm -rf "$tree"
	mkdir -p "$tree"
	sed -n 's|^+++ b/||p' "${files[@]}" | sort -u | while read -r file; do
		mkdir -p "$tree/$(dirname "$file")"
		cp "$src/$file" "$tree/$file"
	done
	apply_series "$tree" "$series"
}

mkdir -p "$CACHE/xen"
cache_lock xen
case "$kind:${HOST:-$DEBIAN_SUITE}" in
stock:$DEBIAN_SUITE|patched:*|sources:*) "$kind";;
*) stock_of "$HOST";;
esac
