# SPDX-License-Identifier: GPL-2.0-only
"""The packages made once more, elsewhere and by somebody with other settings, are equal to the bit.

The kernels are not compiled again: both trees take them from the cache.
"""
import glob
import hashlib
import os
import shutil
import subprocess
import tempfile

from image import BUILD, TOP

MACHINE = False
TIMEOUT = 3600
ELSEWHERE = {"TZ": "Pacific/Auckland", "LC_ALL": "C.UTF-8", "JOBS": "1"}


def sums(place):
    found = {}
    for path in glob.glob(os.path.join(place, "virtuos*.deb")):
        with open(path, "rb") as f:
            found[os.path.basename(path)] = hashlib.sha256(f.read()).hexdigest()
    return found


def copy_tree(to):
    """The files that are, or would be, in a commit; their times are now."""
    names = subprocess.run(["git", "-C", TOP, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                           stdout=subprocess.PIPE, check=True).stdout.decode().split("\0")
    for name in filter(None, names):
        if os.path.exists(os.path.join(TOP, name)):
            os.makedirs(os.path.dirname(os.path.join(to, name)), exist_ok=True)
            shutil.copy(os.path.join(TOP, name), os.path.join(to, name))


def make_elsewhere(to):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("VIRTUOS_BUILD", "MAKE"))}
    r = subprocess.run("umask 027 && exec make -s deb", shell=True, cwd=to, env={**env, **ELSEWHERE},
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert r.returncode == 0, r.stdout[-3000:]


def test_packages_made_twice_are_equal():
    with tempfile.TemporaryDirectory(prefix="virtuos-some-other-place-") as where:
        tree = os.path.join(where, "tree")
        copy_tree(tree)
        make_elsewhere(tree)
        here, there = sums(BUILD), sums(os.path.join(tree, "build"))
    assert len(here) >= 5, here
    assert here == there, sorted(set(here.items()) ^ set(there.items()))
