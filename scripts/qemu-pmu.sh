#!/bin/bash
# SPDX-License-Identifier: MIT
# Build a QEMU whose emulated processors have a performance monitoring unit: the source
# of the QEMU that is installed, with tests/pmu/qemu/series. For `make check-pmu` alone.
# The result is build/pmu/qemu-system-x86_64; its firmware is that of the packages.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/private-apt.sh"
. "$(dirname "$0")/qemu-source.sh"

series=$TOP/tests/pmu/qemu/series
cache=$CACHE/qemu-pmu
# The path is the same for every build, so that ccache knows what has not changed.
tree=$cache/build

# unpack - Debian leaves out what it builds from other packages; meson wants those files
# to exist, though they are made for no program that is built here.
unpack() {
	local blob
	rm -rf "$tree"
	mkdir -p "$tree"
	tar -C "$tree" --strip-components=1 -xf "$(echo "$cache/source-${version//:/_}"/qemu_*.orig.tar.*z)"
	sed -n "s/^ *'\(edk2-.*\.fd\)',\$/\1/p" "$tree/pc-bios/meson.build" | while read -r blob; do
		: >"$tree/pc-bios/$blob.bz2"
	done
}

# configure - nothing but the processor, the usual devices and the user network
configure() {
	mkdir "$tree/build"
	cd "$tree/build"
	CC='ccache gcc' ../configure --python=/usr/bin/python3 --disable-download \
		--target-list=x86_64-softmmu --without-default-features --enable-system \
		--enable-tcg --enable-plugins --enable-slirp --enable-pixman --enable-fdt=system \
		--disable-user --disable-tools --disable-guest-agent --disable-docs \
		--disable-install-blobs --disable-werror
}

compile() {
	export CCACHE_DIR=$CACHE/ccache CCACHE_MAXSIZE=3G CCACHE_NOHASHDIR=1
	ninja -C "$tree/build" -j"$JOBS" qemu-system-x86_64
}

"$TOP/scripts/packages.sh" "$TOP/tests/pmu/packages.txt"
version=$(qemu_version)
mapfile -t files < <(series_files "$series")
key=$(hash_of "${files[@]}" <<<"$version $(gcc --version | sed -n 1p) $(declare -f unpack configure compile)")
out=$cache/qemu-$key

mkdir -p "$cache" "$BUILD/pmu"
cache_lock qemu-pmu
if [ ! -e "$out" ]; then
	if [ ! -d "$cache/source-${version//:/_}" ]; then
		say "fetching the source of qemu $version"
		rm -rf "$cache/source.tmp"
		mkdir "$cache/source.tmp"
		qemu_source "$cache/source.tmp"
		mv "$cache/source.tmp" "$cache/source-${version//:/_}"
	fi
	unpack
	apply_series "$tree" "$series"
	run_logged "$LOGS/qemu-pmu-config.log" . configure
	say "QEMU with a performance monitoring unit: building with $JOBS jobs"
	run_logged "$LOGS/qemu-pmu-build.log" '^\[' compile
	cd "$TOP"
	strip -o "$out.tmp" "$tree/build/qemu-system-x86_64"
	mv "$out.tmp" "$out"
	rm -rf "$tree"
fi
touch "$out"
keep_newest "$KEEP" "$cache"/qemu-*
keep_newest 1 "$cache"/source-*
ln -sfn "$out" "$BUILD/pmu/qemu-system-x86_64"
