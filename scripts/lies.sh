#!/bin/bash
# SPDX-License-Identifier: MIT
# Build a service domain's engine that lies by order of a test (service-domain/engine/lie.c)
# into build/lies/ROLE.cpio.gz: appended to the domain's initramfs, it takes the place of the
# engine there (tests/system/lies.py). Never in the package.
. "$(dirname "$0")/common.sh"

role=${1:?role}
VIRTUOS_LIES=y "$TOP/scripts/modules.sh" "$role"

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"
mkdir -p "$tree/lib/virtuos"
strip --strip-debug -o "$tree/lib/virtuos/virtuos-engine.ko" "$BUILD/lies/$role/engine/virtuos-engine.ko"
out=$BUILD/lies/$role.cpio.gz
(cd "$tree" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) | gzip -9n >"$out.tmp"
mv "$out.tmp" "$out"
