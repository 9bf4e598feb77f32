# SPDX-License-Identifier: GPL-2.0-only
"""What a system test raises when it cannot be run here. Used by run and tests."""


class Skip(Exception):
    pass
