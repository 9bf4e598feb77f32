#!/bin/bash
# SPDX-License-Identifier: MIT
# Get the pinned Linux source package and apply linux-patches/series to it.
# Prints, as its last line on file descriptor 3, the tree's path in the cache.
#
# The tree is only ever read after this: kernels are built in trees of their own.
. "$(dirname "$0")/common.sh"

# what is applied: ours and, for debug kernels, what those need more
series=("$TOP/linux-patches/series")
[ -z "$DEBUG" ] || series+=("$TOP/tests/host/debug/series")

# the package's version: the pinned one or, when the archive has dropped it, the
# newest of the same series
pick_version() {
	local known
	known=$(archive_versions "$LINUX_PACKAGE")
	if printf '%s\n' "$known" | grep -xF -- "$LINUX_PACKAGE_VERSION" >/dev/null; then
		echo "$LINUX_PACKAGE_VERSION"
		return
	fi
	known=${known%%$'\n'*}
	warn "$LINUX_PACKAGE $LINUX_PACKAGE_VERSION is gone from the archive; taking $known"
	echo "$known"
}

# unpack VERSION - into the cache, unless it is there
unpack() {
	local dir=$CACHE/linux/pristine-$1 tmp
	[ -d "$dir" ] && return
	tmp=$CACHE/linux/tmp.$$
	mkdir -p "$tmp/deb"
	trap 'rm -rf "$tmp"' EXIT
	say "fetching $LINUX_PACKAGE $1"
	(cd "$tmp" && run_logged "$LOGS/linux-download.log" '%' apt-get download "$LINUX_PACKAGE=$1")
	dpkg-deb -x "$tmp"/*.deb "$tmp/deb"
	say "unpacking it"
	tar -C "$tmp" -xf "$tmp/deb/usr/src/$LINUX_PACKAGE.tar.xz"
	mv "$tmp/$LINUX_PACKAGE" "$dir"
	rm -rf "$tmp"
	trap - EXIT
}

# patched VERSION - print the path of the tree with the series applied
patched() {
	local key dir one
	mapfile -t files < <(for one in "${series[@]}"; do series_files "$one"; done)
	key=$(hash_of "${files[@]}" <<<"$1")
	dir=$CACHE/linux/${DEBUG:+debug-}$1-$key
	if [ ! -d "$dir" ]; then
		unpack "$1"
		rm -rf "$dir.tmp"
		# patch(1) replaces files, so links to the pristine ones are safe
		cp -al "$CACHE/linux/pristine-$1" "$dir.tmp"
		for one in "${series[@]}"; do
			apply_series "$dir.tmp" "$one"
		done
		mv "$dir.tmp" "$dir"
	fi
	echo "$dir" >&3
}

cache_lock linux-source
# A version that is in the cache already needs no look at the archive.
if [ -d "$CACHE/linux/pristine-$LINUX_PACKAGE_VERSION" ]; then
	version=$LINUX_PACKAGE_VERSION
else
	version=$(pick_version)
fi
patched "$version"
