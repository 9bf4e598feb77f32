#!/bin/bash
# SPDX-License-Identifier: MIT
# Make the initramfs of one role: static busybox, /init and our modules, stripped of
# what only a debugger needs. The result is build/initrd/ROLE.img. The peers' kernels
# (peer, driver) have no modules.
. "$(dirname "$0")/common.sh"

role=${1:?role}
busybox=/bin/busybox
applets="sh cat echo grep insmod ip ls mkdir mount rmmod setsid cttyhack sleep
	switch_root sync tr umount usleep dmesg ps"
limit=$((10 * 1024 * 1024))
service=$TOP/service-domain/init
peers=$TOP/tests/host/peers
debug=$TOP/tests/host/debug
case "$role" in
primary) modules="virtuos-core virtuos-perf virtuos-net virtuos-fs" applets="$applets cp uname";;
network) modules="virtuos-engine virtuos-net-service" applets="$applets modprobe rm";;
storage) modules="virtuos-engine virtuos-storage-service" applets="$applets mkfifo modprobe rm";;
peer|driver) modules='' applets="$applets brctl ln stat";;
*) die "no such role: $role";;
esac

tree_lock "initrd-$role"
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"
mkdir -p "$tree"/{bin,sbin,dev,proc,sys,run,srv,newroot,lib/virtuos}
install -m 755 "$busybox" "$tree/bin/busybox"
for applet in $applets; do
	ln -s busybox "$tree/bin/$applet"
done

case "$role" in
primary)
	install -m 755 "$TOP/linux-patches/init/init-primary" "$tree/init";;
network|storage)
	install -m 755 "$service/init-$role" "$tree/init"
	install -m 644 "$service"/*.sh "$tree/lib/virtuos/"
	install -m 755 "$service/poweroff" "$tree/sbin/poweroff"
	ln -s poweroff "$tree/sbin/reboot";;
peer)
	install -m 755 "$peers/init-peer" "$tree/init";;
driver)
	install -m 755 "$peers/init-driver" "$tree/init"
	install -m 755 "$peers/hotplug" "$tree/sbin/hotplug"
	gcc -O2 -Wall -static -s -o "$tree/bin/xs" "$peers/xs.c" -lxenstore -lxentoolcore;;
esac

# What the inits of DEBUG=… do beyond their own
if [ -n "$DEBUG" ]; then
	case "$role" in
	network|storage) install -m 644 "$debug/service.sh" "$tree/lib/virtuos/debug.sh";;
	esac
	limit=$((4 * limit))
fi

# The kernel's own modules. The debug kernel is built without them.
case "$role${DEBUG:+-debug}" in
primary|network|storage)
	make -s -C "$BUILD/kernel/$role" INSTALL_MOD_PATH="$tree" INSTALL_MOD_STRIP=1 modules_install
	rm -f "$tree"/lib/modules/*/build;;
esac

# The primary keeps its modules in memory. That of the headers has twice the size of this
# whole archive, so the package of the guest has it.
mkdir -p "$BUILD/initrd"
case "$role${DEBUG:+-debug}" in
primary)
	ko=$(echo "$tree"/lib/modules/*/kernel/kernel/kheaders.ko)
	mv "$ko" "$BUILD/initrd/kheaders.ko"
	ln -s /usr/lib/virtuos/kheaders.ko "$ko";;
primary-debug)
	: >"$BUILD/initrd/kheaders.ko";;
esac

for module in $modules; do
	ko=$(find "$BUILD/modules/$role" -name "$module.ko" -type f)
	[ -n "$ko" ] || die "the $role modules lack $module.ko (make modules)"
	strip --strip-debug -o "$tree/lib/virtuos/$module.ko" "$ko"
done

out=$BUILD/initrd/$role.img
find "$tree" -exec touch -h -d @0 {} +
(cd "$tree" && find . | LC_ALL=C sort |
	cpio --quiet --reproducible -o -H newc -R 0:0) | gzip -9n >"$out.tmp"
mv "$out.tmp" "$out"

size=$(($(stat -Lc %s "$BUILD/kernel/$role/arch/x86/boot/bzImage") + $(stat -c %s "$out")))
case "$role" in
network|storage) [ $size -le $limit ] ||
	die "kernel and initramfs of the $role domain take $size bytes; the limit is $limit";;
esac
say "$role initramfs: $(stat -c %s "$out") bytes; with its kernel $size"
