# SPDX-License-Identifier: GPL-2.0-only
"""What names cost in requests to the storage domain."""
from test_recovery import out

TIMEOUT = 120
NAMES = 400
FEW = 100

# `ls -l` of a directory that the primary has forgotten; how many requests of each kind it took.
LIST = r"""
import os, re, subprocess
names, folder = %d, "/var/tmp/listing"
stats = lambda: {k: int(v) for k, v in re.findall(
    r"request\.(\w+)\s+(\d+)", open("/sys/kernel/debug/virtuosfs/stats").read())}
os.makedirs(folder)
for i in range(names):
    os.close(os.open("%%s/name-%%03d" %% (folder, i), os.O_CREAT | os.O_WRONLY))
os.sync()
open("/proc/sys/vm/drop_caches", "w").write("2")
subprocess.run(["ls", "-l", "/usr/bin/env"], stdout=subprocess.DEVNULL)
before = stats()
text = subprocess.run(["ls", "-l", folder], stdout=subprocess.PIPE).stdout
after = stats()
subprocess.run(["rm", "-r", folder])
assert text.count(b"name-") == names, text
print(repr({k: n - before.get(k, 0) for k, n in after.items() if n != before.get(k, 0)}))
""" % NAMES


def test_a_listing_asks_for_no_name_alone(host):
    """Replies to READDIRPLUS bring the attributes of all names, behind the first page as well."""
    requests = eval(out(host.primary(["python3", "-c", LIST], timeout=60)))
    assert requests.get("readdirplus", 0) >= 10, requests
    assert requests.get("lookup", 0) < 40, requests


# Small files are made, looked at, copied with all that they have, and removed.
FILES = r"""
import os, re, subprocess
files, folder = %d, "/var/tmp/files"
stats = lambda: {k: int(v) for k, v in re.findall(
    r"request\.(\w+)\s+(\d+)", open("/sys/kernel/debug/virtuosfs/stats").read())}
def count(name, command):
    before = stats()
    subprocess.run(command, shell=True, check=True)
    after = stats()
    print(repr((name, {k: n - before.get(k, 0) for k, n in after.items() if n != before.get(k, 0)})))
os.mkdir(folder)
os.chdir(folder)
subprocess.run("true; cp --version; rm --version; ls --version", shell=True, stdout=subprocess.DEVNULL)
count("make", "mkdir a; for i in $(seq %%d); do echo text > a/name-$i; done" %% files)
count("list", "ls -l a > /dev/null")
count("copy", "cp -a a b")
count("remove", "rm -r a")
os.chdir("/")
subprocess.run(["rm", "-r", folder])
""" % FEW


def test_small_files_cost_a_request_for_each_change(host):
    """The only primary knows the rest: what a directory's mode is, that there are no extended
    attributes, and how many blocks it has written."""
    counts = dict(map(eval, out(host.primary(["python3", "-c", FILES], timeout=60)).splitlines()))
    changes = {"make": ["mknod"], "list": [], "copy": ["mknod"], "remove": ["unlink"]}
    rest = FEW // 4         # what programs need for themselves
    for step, wanted in changes.items():
        got = counts[step]
        # What is written back meanwhile, times among it, belongs to no step.
        asked = {k: n for k, n in got.items() if k not in wanted + ["write", "setattr", "batch_forget"]}
        assert sum(asked.values()) < rest, (step, counts)
        for request in wanted:
            assert got[request] < FEW * 5 // 4, (step, counts)
