# SPDX-License-Identifier: GPL-2.0-only
"""The host's power fails: QEMU is killed. What fsync() had promised is on the disk, and names are
there in the order in which they were made. ext4 recovers its journal, and nothing else is amiss."""
import os
import re
import subprocess
import tempfile
import time

from host import Host
from talk import Talk
from test_fs_log import switch

MACHINE = False
TIMEOUT = 300
BLOCK = 4096

# Three processes print what they begin, and what a call has made durable. The fourth makes names
# and calls nothing that makes them so. The fifth replaces a file again and again: what is there
# afterwards is one of its contents. Of one that is emptied and written anew it may be a part.
PROMISES = r"""
import os, random, sys
TOP = '/root/power'
def text(name, n):
    return ('%s %d\n' % (name, n)).encode() * (1 + n % 700)
def tell(*words):
    os.write(1, (' '.join(words) + '\n').encode())
def folder_sync(d):
    f = os.open(d, os.O_RDONLY)
    os.fsync(f)
    os.close(f)
def promises(d, r):
    names, n = {}, 0
    while True:
        n += 1
        what = r.random()
        if what < .5 or not names:
            name = '%s/f%d' % (d, n)
            f = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            os.write(f, text(name, n))
            os.fsync(f)
            os.close(f)
            names[name] = n
            tell('have', name, name, str(n))
        elif what < .7:
            name = r.choice(list(names))
            tell('removes', name)
            os.unlink(name)
            folder_sync(d)
            tell('lacks', name)
            del names[name]
        elif what < .9:
            name, to = r.choice(list(names)), '%s/t%d' % (d, n)
            tell('moves', name, to)
            os.rename(name, to)
            folder_sync(d)
            made = names.pop(name)
            tell('lacks', name)
            # What it holds is told by the name that it was made with.
            tell('have', to, '%s/f%d' % (d, made), str(made))
        else:
            name = r.choice(list(names))
            f = os.open(name, os.O_RDONLY)
            os.fchmod(f, 0o640)
            os.fsync(f)
            os.close(f)
            tell('mode', name)
def replaces(d):
    n = 0
    while True:
        n += 1
        for how in 'renamed', 'emptied':
            name = '%s/%s' % (d, how)
            with open(name + '.new' if how == 'renamed' else name, 'wb') as f:
                f.write(text(name, n))
            if how == 'renamed':
                os.rename(name + '.new', name)
def order(d):
    n = 0
    while True:
        n += 1
        if n % 3:
            os.close(os.open('%s/o%d' % (d, n), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        else:
            os.mkdir('%s/o%d' % (d, n))
        if not n % 200:
            tell('made', str(n))
os.mkdir(TOP)
for i in range(5):
    d = '%s/%d' % (TOP, i)
    os.mkdir(d)
    folder_sync(TOP)
    if not os.fork():
        replaces(d) if i == 4 else order(d) if i == 3 else promises(d, random.Random(i))
sys.stdin.readline()
"""


def contents(made, n):
    return ("%s %d\n" % (made, n)).encode() * (1 + n % 700)


def promised(lines):
    """What has to be on the disk: {name: (made, n)}, names that must not be, modes. Names that
    something was begun with and not said to have ended are in none of them."""
    have, lacks, modes = {}, set(), set()
    for words in (line.split() for line in lines):
        if words[0] == "have":
            have[words[1]] = words[2], int(words[3])
        elif words[0] in ("removes", "moves"):
            have.pop(words[1], None)
            modes.discard(words[1])
        elif words[0] == "lacks":
            lacks.add(words[1])
        elif words[0] == "mode":
            modes.add(words[1])
    return have, lacks, modes


def recover(overlay, place):
    """The tree /root/power of a disk whose journal is recovered: its folder."""
    raw = os.path.join(place, "disk.raw")
    subprocess.run(["qemu-img", "convert", "-O", "raw", overlay, raw], check=True)
    # The journal first, as a mount does; then nothing may be left to mend.
    subprocess.run(["e2fsck", "-p", raw], capture_output=True, check=False)
    look = subprocess.run(["e2fsck", "-fn", raw], capture_output=True, check=False)
    assert look.returncode == 0, look.stdout.decode(errors="replace")[-2000:]
    subprocess.run(["debugfs", "-R", "rdump /root/power %s" % place, raw], capture_output=True, check=True)
    return os.path.join(place, "power")


def whole(name, tree, emptied=False):
    """Check a file that nobody saved: it is one of its contents. Of one that is emptied there may
    be a part: ext4 gives a file its blocks and its size before the data is in them, and they read
    as zeros until then. Data of one that replaces another is on the disk before it does."""
    path = os.path.join(tree, "4", name)
    if not os.path.exists(path):
        return
    with open(path, "rb") as f:
        data = f.read()
    assert data or emptied, name
    line = re.search(rb"(?:^|\n)(/root/power/4/\w+) (\d+)\n", data)
    want = contents(line[1].decode(), int(line[2])) if line else bytes(len(data))
    assert line or emptied, (name, data[:99])
    assert len(data) == len(want) or emptied and len(data) < len(want), (name, len(data), len(want))
    for at in range(0, len(data), BLOCK):
        block = data[at:at + BLOCK]
        assert emptied and not any(block) or block == want[at:at + len(block)], (name, line, at, block)


def holds(tree, lines):
    """Check a recovered tree against what was told. Return: how many promises there were."""
    have, lacks, modes = promised(lines)

    def there(name):
        return os.path.join(tree, os.path.relpath(name, "/root/power"))
    for name, (made, n) in have.items():
        with open(there(name), "rb") as f:
            assert f.read() == contents(made, n), name
    for name in lacks - set(have):
        assert not os.path.exists(there(name)), name
    for name in modes:
        assert os.stat(there(name)).st_mode & 0o777 == 0o640, name
    whole("renamed", tree)
    whole("emptied", tree, emptied=True)
    made = sorted(int(x[1:]) for x in os.listdir(os.path.join(tree, "3")))
    assert made == list(range(1, len(made) + 1)), made
    return len(have) + len(lacks) + len(modes), len(made)


def cut(log, seconds):
    with tempfile.TemporaryDirectory() as place:
        with Host.restore(flushes=True) as host:
            assert not host.machine.faults, host.machine.faults
            switch(host, log)
            talk = Talk(host, PROMISES)
            talk.wait(b"made 200")
            time.sleep(seconds)
            faults = host.splats()
            # Every line that is whole here was told before the cut.
            said = bytes(talk.said).decode().splitlines(keepends=True)
            talk.cut_power(host)
            tree = recover(host.machine.data_overlay, place)
        assert not faults, faults
        print("%d promises held; %d names in order" % holds(tree, [x for x in said if x.endswith("\n")]))


def test_power_fails_with_the_log():
    cut(True, 7)


def test_power_fails_without_the_log():
    cut(False, 5)
