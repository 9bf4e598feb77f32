# SPDX-License-Identifier: GPL-2.0-only
"""The service domains' engine: events in vain, long turns."""
import re

from test_recovery import out, states

TIMEOUT = 300

# Kicks the network domain's dispatcher through a user channel of its own, for nothing; a
# child meanwhile asks it something honest by the trap door, now and then.
KICKS = r"""
import ctypes, os, socket, sys, time
prctl = ctypes.CDLL(None, use_errno=True).prctl
prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
DOOR, OPEN, CHANNEL, ENTER, NET, KICK = 0x44534f56, 1, 2, 4, 0, 1 << 8
info = ctypes.create_string_buffer(64)
def door(op, *args):
    rc = prctl(DOOR, op, *args, *[0] * (3 - len(args)))
    assert rc >= 0, (op, ctypes.get_errno())
def sends():
    return int(open('/sys/kernel/virtuos/net/sends').read())
def honest():
    took = []
    for i in range(20):
        time.sleep(0.1)
        begun = time.time()
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind(('127.0.0.1', 0))
        s.close()
        took.append(time.time() - begun)
    # A busy machine stops for a moment now and then; kicks would delay them all.
    print('long %.0f' % (sorted(took)[-4] * 1000), flush=True)
child = os.fork()
if not child:
    honest()
    os._exit(0)
door(OPEN, ctypes.addressof(info))
door(CHANNEL, NET, ctypes.addressof(info))
before, kicks, end = sends(), 0, time.time() + 3
while time.time() < end:
    for i in range(100):
        door(ENTER, NET, KICK)
    kicks += 100
print('kicks %d' % kicks, 'sends %d' % (sends() - before), flush=True)
os.waitpid(child, 0)
"""


def test_kicks_in_vain_wake_nobody(host):
    text = out(host.primary("python3 -", stdin=KICKS.encode(), timeout=120))
    found = dict(re.findall(r"(\w+) (\d+)", text))
    kicks, sends, long = (int(found[k]) for k in ("kicks", "sends", "long"))
    print("#   %d kicks, %d events; all but three honest calls took %d ms at most" % (kicks, sends, long))
    assert kicks > 1000, text
    # One at a tick, for three seconds, and what the honest one's calls need.
    assert sends < 1500, text
    assert long < 500, text


def back(host, service):
    """The xenstore directory of a service domain's end."""
    ids = {name: out(host.dom0("xl domid " + name)).strip() for name in ("primary", service)}
    return "/local/domain/%s/backend/virtuos/%s/%d" % (
        ids[service], ids["primary"], states(host)[service]["devid"])


def node(host, path):
    return out(host.dom0(["xenstore-read", path])).strip()


def test_the_longest_turn_is_shown(host):
    for service in ("net", "storage"):
        where = back(host, service)
        longest = node(host, where + "/longest-turn")
        print("#   %s: %s, %s over 5 ms" % (service, longest, node(host, where + "/long-turns")))
        assert re.fullmatch(r"\d+ us \(([A-Z_]+|no call)\)", longest), longest
