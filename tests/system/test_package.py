# SPDX-License-Identifier: GPL-2.0-only
"""What the packages are: Debian's own rules, and what must not be in them."""
import glob
import gzip
import os
import subprocess
import tempfile

from image import BUILD, companions

MACHINE = False
MARK = b"virtuos-lie"		# in each of the engine's own messages about lies


def contents(path):
    with (gzip.open if path.endswith((".gz", ".img")) else open)(path, "rb") as f:
        return f.read()


def test_no_liar_in_the_packages():
    for liar in glob.glob(os.path.join(BUILD, "lies", "*.cpio.gz")):
        assert MARK in contents(liar), "%s: the search finds nothing" % liar
    (deb,) = glob.glob(os.path.join(BUILD, "virtuos_*.deb"))
    with tempfile.TemporaryDirectory() as where:
        for path in companions(deb):
            subprocess.run(["dpkg-deb", "--extract", path, where], check=True)
        files = [os.path.join(d, f) for d, _, names in os.walk(where) for f in names]
        files = [f for f in files if os.path.isfile(f) and not os.path.islink(f)]
        assert sum(f.endswith(".img") for f in files) >= 3, files
        found = [f for f in files if MARK in contents(f)]
    assert not found, found


def test_lintian_has_nothing_to_say():
    """Neither errors nor warnings, but for those that debian/*.lintian-overrides give reasons for."""
    packages = sorted(glob.glob(os.path.join(BUILD, "virtuos*.deb")))
    assert len(packages) >= 5, packages
    r = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0",
                        *packages], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert r.returncode == 0, r.stdout
