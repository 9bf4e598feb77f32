# SPDX-License-Identifier: GPL-2.0-only
"""How a system test ends. Used by run and by the tests."""
import collections

PASSED, FAILED, SKIPPED = "ok", "not ok", "skipped"

# One result of a test that is many: see run.
Part = collections.namedtuple("Part", "name outcome text")


class Skip(Exception):
    """Raised by a test that cannot be run here."""
