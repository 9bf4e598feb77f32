#!/bin/bash
# SPDX-License-Identifier: MIT
# The Debian packages: package.sh build makes them under build/, for `make deb`; stage DIR
# puts what they have into DIR, for debian/rules; install installs them on this machine.
. "$(dirname "$0")/common.sh"

roles="primary network storage"
tree=$BUILD/deb/virtuos		# dpkg-buildpackage leaves packages beside its tree

stage_kernels() {
	local role at lib=$1/usr/lib
	for role in $roles; do
		at=$lib/virtuos/$role
		mkdir -p "$at/modules" "$lib/debug/virtuos/$role"
		install -m 644 "$BUILD/kernel/$role/arch/x86/boot/bzImage" "$at/vmlinuz"
		install -m 644 "$BUILD/initrd/$role.img" "$at/initrd.img"
		install -m 644 "$BUILD/kernel/$role/.config" "$at/config"
		install -m 644 "$BUILD/kernel/$role/System.map" "$lib/debug/virtuos/$role/"
		find "$BUILD/modules/$role" -name '*.ko' -type f | while read -r ko; do
			strip --strip-debug -o "$at/modules/${ko##*/}" "$ko"
			chmod 644 "$at/modules/${ko##*/}"
		done
	done
}

stage_docs() {
	local at=$1/usr/share/doc/virtuos
	mkdir -p "$at/docs"
	install -m 644 "$TOP/README.md" "$at/"
	(cd "$TOP/docs" && find . -name '*.md' -exec install -D -m 644 {} "$at/docs/{}" \;)
}

stage() {
	local dir=${1:?directory}
	make -C "$TOP/dom0-tools" OUT="$BUILD/dom0-tools" DESTDIR="$dir" install
	install -D -m 644 "$BUILD/libsyscall-forward/libsyscall-forward.so" "$BUILD/initrd/kheaders.ko" -t "$dir/usr/lib/virtuos"
	stage_kernels "$dir"
	stage_docs "$dir"
}

# The same contents give the same packages, to the bit: saved states of the emulated host are
# keyed by them. Their time is that of the changelog's last entry.
build() {
	rm -rf "$BUILD/deb"
	mkdir -p "$BUILD/deb"
	mkdir "$tree"
	cp -a "$TOP/debian" "$tree/"
	export VIRTUOS_TOP=$TOP VIRTUOS_CACHE=$CACHE
	(cd "$tree" && run_logged "$LOGS/deb.log" '^ *dh_' \
		dpkg-buildpackage -b -uc -us --no-check-builddeps)
	# into their place at once, for the tests may be looking for them; then older ones go
	mv -f "$BUILD"/deb/*.deb "$BUILD/"
	find "$BUILD" -maxdepth 1 -name 'virtuos*.deb' ! -newer "$tree" -delete
	rm -rf "$tree"
	say "packages: $(cd "$BUILD" && echo virtuos*.deb)"
}

install_here() {
	[ "$(id -u)" = 0 ] || die "make install needs root"
	DEBIAN_FRONTEND=noninteractive apt-get install -y \
		"$BUILD"/virtuos_*.deb "$BUILD"/virtuos-kernels_*.deb "$BUILD"/virtuos-guest_*.deb
}

case "${1-}" in
build) tree_lock package; build;;
stage) stage "${2-}";;
install) install_here;;
*) die "usage: package.sh build|stage DIR|install";;
esac
