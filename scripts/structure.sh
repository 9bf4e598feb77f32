#!/bin/bash
# SPDX-License-Identifier: MIT
# Check how the modules hang together, by the table in docs/architecture.md: which may use
# which, names defined twice or nearly so, circles, lengths of files. `make check-static` runs
# the same; what it looks at has been built by then (make modules lib agent).
. "$(dirname "$0")/common.sh"
exec "$TOP/tests/static/structure.py"
