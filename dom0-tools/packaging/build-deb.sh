#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# build-deb.sh ROOT OUTDIR VERSION - pack the tree that `make install DESTDIR=ROOT` left
# into OUTDIR/virtuos_VERSION_amd64.deb. Dependencies come from the binaries themselves.
set -eu

root=$1 outdir=$2 version=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/debian"
printf 'Source: virtuos\n\nPackage: virtuos\nArchitecture: amd64\n' >"$work/debian/control"
# The agent is static, so it depends on nothing.
libs=$(cd "$work" && dpkg-shlibdeps -O "$root/usr/sbin/virtuos" "$root/usr/sbin/virtuosd" |
	sed -n 's/^shlibs:Depends=//p')
[ -n "$libs" ] || { echo "build-deb.sh: dpkg-shlibdeps found no libraries" >&2; exit 1; }

mkdir -p "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<END
Package: virtuos
Version: $version
Architecture: amd64
Maintainer: VirtuOS developers <virtuos@localhost>
Installed-Size: $(du -sk --exclude=DEBIAN "$root" | cut -f1)
Depends: $libs, xen-utils-4.17, kmod, e2fsprogs
Recommends: xen-hypervisor-4.17-amd64, pciutils, mmdebstrap
Suggests: bash-completion
Section: admin
Priority: optional
Description: vertically partitioned Linux on Xen
 Runs unmodified programs in a primary domain without network and disk drivers of
 its own; service domains own the devices and serve its system calls. When a service
 domain crashes, the primary lives on and the service domain is built anew.
 .
 For domain 0 of a Xen host. Contains the command virtuos, the monitor virtuosd, and
 the kernels of the domains.
END
echo /etc/virtuos/virtuos.cfg >"$root/DEBIAN/conffiles"

cat >"$root/DEBIAN/postinst" <<'END'
#!/bin/sh
set -e
# Not enabled: the example configuration names devices of some other machine.
[ ! -d /run/systemd/system ] || systemctl daemon-reload || :
END
cat >"$root/DEBIAN/prerm" <<'END'
#!/bin/sh
set -e
# An upgrade leaves the domains alone; their monitor is started anew afterwards.
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	systemctl stop virtuos.service || :
fi
END
cat >"$root/DEBIAN/postrm" <<'END'
#!/bin/sh
set -e
[ "$1" != purge ] || rm -rf /var/log/virtuos
[ ! -d /run/systemd/system ] || systemctl daemon-reload || :
END
chmod 755 "$root/DEBIAN/postinst" "$root/DEBIAN/prerm" "$root/DEBIAN/postrm"
mkdir -p "$outdir"
# The kernels are compressed already; a fast method saves time at every build.
dpkg-deb --root-owner-group -Zgzip -z1 --build "$root" "$outdir/virtuos_${version}_amd64.deb"
