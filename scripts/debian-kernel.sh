#!/bin/bash
# SPDX-License-Identifier: MIT
# Get the kernel of Debian itself, for tests of what an unchanged Linux does. The result
# is build/pmu/vmlinuz, and the module by which a domain 0 makes hypercalls beside it.
. "$(dirname "$0")/common.sh"

# the package that linux-image-amd64 depends on
package=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: //p' | sed -n 1p)
[ -n "$package" ] || die "the package sources of this machine have no linux-image-amd64"
version=$(archive_versions "$package" | sed -n 1p)
out=$CACHE/debian-kernel/vmlinuz-$version
module=$CACHE/debian-kernel/xen-privcmd-$version.ko
mkdir -p "$CACHE/debian-kernel" "$BUILD/pmu"
cache_lock debian-kernel
if [ ! -e "$out" ] || [ ! -e "$module" ]; then
	say "fetching $package $version"
	tmp=$CACHE/debian-kernel/tmp.$$
	mkdir -p "$tmp/deb"
	(cd "$tmp" && run_logged "$LOGS/debian-kernel.log" '%' apt-get download "$package=$version")
	dpkg-deb --fsys-tarfile "$tmp"/*.deb | tar -C "$tmp/deb" -x --wildcards \
		'./boot/vmlinuz-*' '*/drivers/xen/xen-privcmd.ko'
	find "$tmp/deb" -name xen-privcmd.ko -exec mv {} "$module" \;
	mv "$tmp"/deb/boot/vmlinuz-* "$out.tmp"
	mv "$out.tmp" "$out"
	rm -rf "$tmp"
fi
ln -sfn "$out" "$BUILD/pmu/vmlinuz"
ln -sfn "$module" "$BUILD/pmu/xen-privcmd.ko"
