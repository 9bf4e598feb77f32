# SPDX-License-Identifier: GPL-2.0-only
"""virtuos adopt on whole trees of Debian 12 and 13: given back, every file is as it was."""
import os
import subprocess
import tempfile

from test_adopt import DEBIAN, FSTAB, FSTAB_AFTER, MIB, WHERE, adopt, inside, listing, setup
from tree import tree

MACHINE = False
TIMEOUT = 600
SIZE = 1500 * MIB


def adopted_and_given_back(suite):
    setup()
    with tree(suite) as t, tempfile.TemporaryDirectory(dir=WHERE) as where:
        image = os.path.join(where, "debian.img")
        with open(t.path("etc/fstab"), "w") as f:
            f.write(FSTAB)
        with open(image, "wb") as f:
            f.truncate(SIZE)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", t.root, image], check=True)
        before = listing(image)
        assert len(before) > 100 * len(DEBIAN)
        adopt(image)
        assert inside(image, "cat etc/fstab") == FSTAB_AFTER
        adopt(image, "--undo")
        assert listing(image) == before


def test_debian_12_adopted_and_given_back():
    adopted_and_given_back("bookworm")


def test_debian_13_adopted_and_given_back():
    adopted_and_given_back("trixie")
