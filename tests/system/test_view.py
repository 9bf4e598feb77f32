# SPDX-License-Identifier: GPL-2.0-only
"""What the primary shows of the network domain, and what was set there, while the domain dies."""
from test_recovery import kill, out, wait_until_up

TIMEOUT = 240

TTL = "/proc/sys/net/ipv4/ip_default_ttl"
LO = "/proc/sys/net/ipv4/conf/lo/forwarding"
CORE = "/proc/sys/net/core/somaxconn"
READ = "cat %s %s %s; grep -c . /proc/net/tcp; ls /proc/sys/net/ipv4/conf" % (TTL, LO, CORE)


def test_settings_are_kept(host):
    """The next incarnation has what was written to its predecessor, before anybody can ask."""
    ttl, core = out(host.primary("cat %s %s" % (TTL, CORE))).split()
    try:
        out(host.primary("echo 77 > %s && echo 1 > %s && echo 333 > %s" % (TTL, LO, CORE)))
        generation = kill(host, "net")
        # A reader waits for the domain.
        found = out(host.primary(READ, timeout=60)).split()
        assert found[:3] == ["77", "1", "333"], found
        assert int(found[3]) >= 1, found
        assert {"all", "default", "lo"} <= set(found[4:]), found
        wait_until_up(host, "net", generation)
        assert out(host.primary("cat " + TTL)).strip() == "77"
    finally:
        restore = "echo %s > %s; echo 0 > %s; echo %s > %s" % (ttl, TTL, LO, core, CORE)
        out(host.primary(restore, timeout=60))
