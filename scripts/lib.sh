#!/bin/bash
# SPDX-License-Identifier: MIT
# Build libsyscall-forward into build/libsyscall-forward.
. "$(dirname "$0")/common.sh"
tree_lock lib
run_logged "$LOGS/lib-build.log" '^cc' make -C "$TOP/libsyscall-forward" OUT="$BUILD/libsyscall-forward" -j"$JOBS"
