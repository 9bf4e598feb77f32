# SPDX-License-Identifier: GPL-2.0-only
"""One clock: times that the storage domain sets are those of the primary."""
import time

from outside import wait_for
from test_recovery import kill, out, wait_until_up

# utimensat(NULL) and what changes a directory are times of the storage domain's.
OFF = r"""
import os, time
os.utime('/root')
open('/root/now', 'w').close()
os.unlink('/root/now')
s = os.stat('/root')
print(max(abs(s.st_atime - time.time()), abs(s.st_mtime - time.time())))
"""


def off(host):
    """Seconds between the two clocks, and what the calls took."""
    return float(out(host.primary(["python3", "-c", OFF], timeout=60)))


def test_a_restored_machine_shows_todays_time(host):
    for run in host.dom0, host.primary:
        began = time.time()
        shown = float(out(run("date +%s.%N")))
        assert began - 5 < shown < time.time() + 1, (began, shown)


def test_files_have_the_primarys_time(host):
    assert off(host) < 2, off(host)


def test_a_clock_that_is_set_is_followed(host):
    for step in "+1 day", "-1 day":
        out(host.primary("date -s '%s'" % step))
        assert wait_for(lambda: off(host) < 2, 10), off(host)


def test_a_new_storage_domain_has_it_from_the_start(host):
    out(host.primary("date -s '+1 day'"))
    wait_until_up(host, "storage", kill(host, "storage"))
    assert off(host) < 2, off(host)


def test_the_network_domain_too(host):
    # A datagram's arrival is stamped by the domain that received it.
    stamp = r"""
import socket, struct, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 0))
s.setsockopt(socket.SOL_SOCKET, 29, 1)      # SO_TIMESTAMP
s.sendto(b'x', s.getsockname())
data, control, flags, peer = s.recvmsg(10, 100)
[(level, kind, value)] = control
sec, usec = struct.unpack('qq', value)
print(abs(sec + usec / 1e6 - time.time()))
"""
    out(host.primary("date -s '+1 day'"))
    assert float(out(host.primary(["python3", "-c", stamp], timeout=60))) < 2
