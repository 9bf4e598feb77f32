# SPDX-License-Identifier: MIT
# The source of the QEMU that is installed. Sourced after private-apt.sh.
#
#	qemu_version		the source package's version
#	qemu_source DIR		fetch upstream's archive of it into DIR, qemu_*.orig.tar.*

qemu_version() {
	dpkg-query -W -f='${source:Version}' qemu-system-x86
}

# Only upstream's archive is wanted, so that the rest may be gone (the index of sources
# can be older than the archive); apt checks its sum.
qemu_source() {
	local version
	version=$(qemu_version)
	private_lists "$QEMU_SUITE"
	run_logged "$LOGS/qemu-lists.log" '^(Get|Hit)' private_apt apt-get update
	(cd "$1" && private_apt apt-get source --download-only "qemu=$version" \
		>"$LOGS/qemu-source.log" 2>&1 </dev/null) || true
	ls "$1"/qemu_*.orig.tar.*z >/dev/null 2>&1 ||
		die "the source of qemu $version could not be fetched; see $LOGS/qemu-source.log"
}
