# SPDX-License-Identifier: GPL-2.0-only
"""What goes on in the file system while the storage domain is killed and replaced."""
import os
import re
import threading
import time

from test_programs import build
from test_recovery import kill, out, wait_until_up

TIMEOUT = 300

# Every step of every round must succeed, and be seen afterwards.
ROUNDS = r"""
import os, sys, time
end = time.time() + float(sys.argv[1])
os.mkdir('/root/rounds')
os.chdir('/root/rounds')
n = 0
while time.time() < end:
    n += 1
    d, text = 'd%d' % n, 'text %d' % n
    os.mkdir(d)
    with open(d + '/f', 'w') as f:
        f.write(text)
    os.rename(d + '/f', d + '/g')
    os.symlink('g', d + '/s')
    os.link(d + '/g', d + '/h')
    with open(d + '/s') as f:
        assert f.read() == text, (d, 'content')
    assert sorted(os.listdir(d)) == ['g', 'h', 's'], (d, os.listdir(d))
    assert os.stat(d + '/g').st_nlink == 2, (d, 'links')
    for name in 'ghs':
        os.unlink(d + '/' + name)
    os.rmdir(d)
os.chdir('/root')
os.rmdir('/root/rounds')
print('rounds', n)
"""


def killed_meanwhile(host, command, after, timeout):
    """Run a command in the primary, with the storage domain killed while it runs."""
    result = []
    t = threading.Thread(target=lambda: result.append(host.primary(command, timeout=timeout)))
    t.start()
    time.sleep(after)
    generation = kill(host, "storage")
    wait_until_up(host, "storage", generation)
    t.join(timeout + 10)
    assert result, "the command did not end"
    return out(result[0])


def test_names_survive_a_kill(host):
    text = killed_meanwhile(host, ["python3", "-c", ROUNDS, "15"], 4, 120)
    assert re.match(r"rounds \d+", text), text


def test_writers_survive_a_kill(host):
    program = build("fs", "fstest")
    host.copy([program])
    text = killed_meanwhile(
        host, "./" + os.path.basename(program) + " -t 100 /root concurrent_writers concurrent_appends odd_sizes_and_offsets "
              "mmap_shared_write rename_directory readdir_sees_changes", 2, 200)
    assert text.strip().endswith("6 passed, 0 failed"), text
