#!/bin/bash
# SPDX-License-Identifier: MIT
# Build the unit tests into build/unit.
. "$(dirname "$0")/common.sh"
tree_lock unit
run_logged "$LOGS/unit-build.log" '^cc' make -C "$TOP/tests/unit" OUT="$BUILD/unit" -j"$JOBS"
