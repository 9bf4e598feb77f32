# What is built from, pinned in one place. Read by make and by the shell scripts:
# NAME=value, nothing else. All of it comes from Debian's archive, by way of the
# package sources that this machine is set up with.
DEBIAN_SUITE=bookworm
LINUX_PACKAGE=linux-source-6.12
LINUX_PACKAGE_VERSION=6.12.117-1~deb12u1
XEN_PACKAGE=xen
XEN_SERIES=4.17
XEN_HYPERVISOR_PACKAGE=xen-hypervisor-4.17-amd64
# HOST=trixie: a dom0 of Debian 13, and tools that are built for it.
XEN_SERIES_trixie=4.20
QEMU_SUITE=bookworm-backports
QEMU_SERIES=1:10.0
