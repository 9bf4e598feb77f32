#!/bin/bash
# SPDX-License-Identifier: MIT
# Build dom0's tools and the agent into build/dom0-tools.
. "$(dirname "$0")/common.sh"

# the same binaries wherever the tree is
flags="-O2 -g -ffile-prefix-map=$TOP/="

tree_lock dom0-tools
run_logged "$LOGS/dom0-tools.log" '^(gcc|cc)' \
	make -C "$TOP/dom0-tools" OUT="$BUILD/dom0-tools" -j"$JOBS" CFLAGS="$flags"
