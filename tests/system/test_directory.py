# SPDX-License-Identifier: GPL-2.0-only
"""What a directory's listing costs in requests to the storage domain."""
from test_recovery import out

TIMEOUT = 120
NAMES = 400

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
