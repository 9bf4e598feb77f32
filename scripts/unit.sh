#!/bin/bash
# SPDX-License-Identifier: MIT
# Build the unit tests into build/unit.
. "$(dirname "$0")/common.sh"
tree_lock unit
export CCACHE_DIR=$CACHE/ccache CCACHE_MAXSIZE=3G CCACHE_BASEDIR=$TOP CCACHE_NOHASHDIR=1
run_logged "$LOGS/unit-build.log" cc-parts make -C "$TOP/tests/unit" OUT="$BUILD/unit" -j"$JOBS"
