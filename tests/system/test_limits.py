# SPDX-License-Identifier: GPL-2.0-only
"""virtuosd: a domain that dies again and again is told of; one primary's word does not
end a domain that serves others."""
from outside import wait_for
from test_recovery import out, states, wait_until_up

TIMEOUT = 420

# What a program of the primary reads in xenstore, without its tools.
XENSTORE_READ = r"""
import os, struct, sys
path = sys.argv[1].encode() + b'\0'
f = os.open('/dev/xen/xenbus', os.O_RDWR)
os.write(f, struct.pack('IIII', 2, 1, 0, len(path)) + path)
kind, _, _, n = struct.unpack('IIII', os.read(f, 16))
print(kind, os.read(f, n).decode() if n else '')
"""


def told(host, key):
    """(kind of answer: 2 is "read", text)"""
    kind, text = out(host.primary(["python3", "-c", XENSTORE_READ, "virtuos/service/net/" + key])).split()
    return int(kind), text


def configure(host, lines):
    """Other limits for the system that runs; the next order starts virtuosd again."""
    out(host.dom0("printf '%s\n' '" + "' '".join(lines) + "' >> /run/virtuos/primary.cfg; "
                  "pkill -x virtuosd; while pgrep -x virtuosd >/dev/null; do sleep 0.1; done; "
                  "virtuosd /run/virtuos/primary.cfg"))


def die(host):
    """As a crash: no order, so it counts."""
    generation = states(host)["net"]["generation"]
    out(host.dom0("xl destroy net"))
    return generation


def test_degraded_is_told(host):
    assert host.dom0("virtuos status").status == 0
    assert told(host, "state") == (2, "running")
    configure(host, ["start_limit_burst = 1", "start_limit_interval = 60", "restart_max_delay = 6"])
    wait_until_up(host, "net", die(host), 120)
    assert not states(host)["net"]["degraded"]
    generation = die(host)
    assert wait_for(lambda: states(host)["net"]["degraded"], 10), states(host)
    status = host.dom0("virtuos status")
    assert status.status == 1 and b"primary: degraded" in status.stdout, status
    assert wait_for(lambda: told(host, "degraded") == (2, "1"), 5)
    log = out(host.dom0("journalctl -q -p err -o cat --since=-60s SYSLOG_IDENTIFIER=virtuosd"))
    assert "net: degraded: died more than 1 times within 60 s" in log, log
    # "always": it goes on, slower.
    wait_until_up(host, "net", generation, 120)
    assert states(host)["net"]["degraded"]
    generation = states(host)["net"]["generation"]
    out(host.dom0("virtuos restart net"))
    wait_until_up(host, "net", generation, 120)
    assert host.dom0("virtuos status").status == 0
    assert told(host, "degraded") == (2, "0")


# As if dom0 were another primary, connected to the network domain, and content.
OTHER = """
xenstore-write /local/domain/0/device/virtuos/9/backend-id {id} /local/domain/0/device/virtuos/9/state 4
xenstore-write /local/domain/{id}/backend/virtuos/0/9/online 1
"""
SAY = "xenstore-write /local/domain/$(xl domid primary)/device/virtuos/{devid}/failed violation"


def test_the_word_of_one_ends_nobody(host):
    configure(host, [])
    before = states(host)["net"]
    out(host.dom0(OTHER.format(**before)))
    out(host.dom0(SAY.format(**before)))
    assert wait_for(lambda: states(host)["net"]["devid"] > before["devid"], 10), states(host)
    wait_until_up(host, "net", before["generation"] - 1)
    assert states(host)["net"]["id"] == before["id"], states(host)
    # Now the other says so too.
    out(host.dom0("xenstore-write /local/domain/0/device/virtuos/9/failed hang"))
    out(host.dom0(SAY.format(**states(host)["net"])))
    wait_until_up(host, "net", before["generation"], 120)
    assert states(host)["net"]["id"] != before["id"], states(host)
    out(host.dom0("xenstore-rm /local/domain/0/device/virtuos"))
