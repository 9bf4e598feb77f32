#!/bin/bash
# SPDX-License-Identifier: MIT
# dom0's side: dom0-tools.sh build makes the tools and the agent in build/dom0-tools,
# deb packs them with the kernels and initramfs images into build/virtuos_*.deb,
# install installs that package here.
. "$(dirname "$0")/common.sh"

roles="primary network storage"
stage=$BUILD/stage		# what the package has in /usr/lib/virtuos
flags="-O2 -g -ffile-prefix-map=$TOP/="	# the same binaries wherever the tree is

build() {
	run_logged "$LOGS/dom0-tools.log" '^(gcc|cc)' \
		make -C "$TOP/dom0-tools" OUT="$BUILD/dom0-tools" -j"$JOBS" CFLAGS="$flags"
}

stage_kernels() {
	local role
	for role in $roles; do
		mkdir -p "$stage/$role"
		install -m 644 "$(readlink -f "$BUILD/kernel/$role/arch/x86/boot/bzImage")" "$stage/$role/vmlinuz"
		install -m 644 "$BUILD/initrd/$role.img" "$stage/$role/initrd.img"
	done
	install -m 644 -s "$BUILD/libsyscall-forward/libsyscall-forward.so" "$stage/"
}

# The same contents give the same package, to the bit: saved states of the emulated
# host are keyed by it.
deb() {
	local name
	export SOURCE_DATE_EPOCH=1700000000
	stage_kernels
	rm -rf "$BUILD/deb.new"
	mkdir "$BUILD/deb.new"
	run_logged "$LOGS/deb.log" . make -C "$TOP/dom0-tools" OUT="$BUILD/dom0-tools" \
		CFLAGS="$flags" STAGE="$stage" DEB_DIR="$BUILD/deb.new" deb
	# into its place at once, for the tests may be looking for it; then older ones go
	name=$(cd "$BUILD/deb.new" && ls virtuos_*.deb)
	mv -f "$BUILD/deb.new/$name" "$BUILD/$name"
	find "$BUILD" -maxdepth 1 -name 'virtuos_*.deb' ! -name "$name" -delete
	say "package: build/$name"
}

install_here() {
	[ "$(id -u)" = 0 ] || die "make install needs root"
	DEBIAN_FRONTEND=noninteractive apt-get install -y "$BUILD"/virtuos_*.deb
}

tree_lock dom0-tools
case "${1-}" in
build|deb) "$1";;
install) install_here;;
*) die "usage: dom0-tools.sh build|deb|install";;
esac
