#!/bin/bash
# SPDX-License-Identifier: MIT
# Build what lies by order of a test, and is never in the package: for a service domain its
# engine (service-domain/engine/lie.c) as build/lies/ROLE.cpio.gz, which after the domain's
# initramfs takes the place of the engine there (tests/system/lies.py); for the primary a
# front end beside its own (tests/liar), build/lies/virtuos-liar.ko.
. "$(dirname "$0")/common.sh"

role=${1:?role}
export VIRTUOS_LIES=y
"$TOP/scripts/modules.sh" "$role"

if [ "$role" = primary ]; then
	strip --strip-debug -o "$BUILD/lies/virtuos-liar.ko" "$BUILD/lies/primary/front/virtuos-liar.ko"
	exit
fi
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"
mkdir -p "$tree/lib/virtuos"
strip --strip-debug -o "$tree/lib/virtuos/virtuos-engine.ko" "$BUILD/lies/$role/engine/virtuos-engine.ko"
out=$BUILD/lies/$role.cpio.gz
(cd "$tree" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) | gzip -9n >"$out.tmp"
mv "$out.tmp" "$out"
