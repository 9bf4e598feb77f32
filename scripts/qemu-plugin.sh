#!/bin/bash
# SPDX-License-Identifier: MIT
# Build tests/bench/count/count.so, the plugin that counts instructions in QEMU.
# Its header is in no binary package of Debian 12: it is taken from the source
# package of the QEMU that is installed. The result is build/bench/count.so.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/private-apt.sh"
. "$(dirname "$0")/qemu-source.sh"

# header - make sure that the folder $1 has qemu-plugin.h; the source is not kept
header() {
	local dir=$1 tmp
	[ -e "$dir/qemu-plugin.h" ] && return
	say "fetching the source of qemu $version for its plugin header"
	tmp=$CACHE/qemu-plugin/tmp.$$
	mkdir -p "$tmp" "$dir"
	qemu_source "$tmp"
	tar -C "$tmp" -xf "$(echo "$tmp"/qemu_*.orig.tar.*z)" --wildcards '*/qemu-plugin.h'
	mv "$(find "$tmp" -name qemu-plugin.h | sed -n 1p)" "$dir/qemu-plugin.h.tmp"
	mv "$dir/qemu-plugin.h.tmp" "$dir/qemu-plugin.h"
	rm -rf "$tmp"
}

version=$(qemu_version)
mkdir -p "$CACHE/qemu-plugin" "$BUILD/bench"
cache_lock qemu-plugin
dir=$CACHE/qemu-plugin/${version//:/_}
header "$dir"
# shellcheck disable=SC2046
gcc -O2 -Wall -Wextra -Werror -shared -fPIC -isystem "$dir" \
	$(pkg-config --cflags glib-2.0) -o "$BUILD/bench/count.so.$$" \
	"$TOP"/tests/bench/count/*.c
mv "$BUILD/bench/count.so.$$" "$BUILD/bench/count.so"
