# SPDX-License-Identifier: GPL-2.0-only
"""A service domain that lies: its engine is one that tells lies by name, by order of the test
(service-domain/engine/lie.c)."""
import json
import os

from outside import wait_for

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROLES = {"net": "network", "storage": "storage"}


def out(result):
    assert result.status == 0, (result.status, result.stdout, result.stderr)
    return result.stdout.decode()


def state(host, service):
    for d in json.loads(out(host.dom0("virtuos list --json"))):
        if d["domain"] == service:
            return d
    raise AssertionError("no service " + service)


def counter(host, service, name):
    return int(out(host.primary("cat /sys/kernel/virtuos/%s/%s" % (service, name), timeout=60)))


def granted(host):
    return int(out(host.primary("cat /sys/module/virtuos_core/parameters/granted_pages", timeout=60)))


def is_up(host, service, generation):
    """Does the primary use an incarnation of a later generation?"""
    return (state(host, service)["generation"] > generation and
            out(host.primary("cat /sys/kernel/virtuos/%s/state" % service, timeout=60)).strip() == "up")


class Liar:
    """with Liar(host, "net") as liar: the domain is replaced by one that lies when told to.

    The honest one's initramfs is back when the next domain starts, so a liar that is cut
    off is followed by an honest one."""

    def __init__(self, host, service):
        self.host = host
        self.service = service

    def __enter__(self):
        role = ROLES[self.service]
        self.host.copy([os.path.join(TOP, "build", "lies", role + ".cpio.gz")], where="dom0")
        before = state(self.host, self.service)["generation"]
        out(self.host.dom0("cd /usr/lib/virtuos/%s && cp initrd.img /root/honest.img && "
                           "cat /root/%s.cpio.gz >>initrd.img && virtuos kill %s"
                           % (role, role, self.service)))
        came = wait_for(lambda: is_up(self.host, self.service, before), 60, 0.3)
        out(self.host.dom0("cp /root/honest.img /usr/lib/virtuos/%s/initrd.img" % role))
        assert came, "the liar does not come up: %s" % state(self.host, self.service)
        now = state(self.host, self.service)
        self.generation, self.domid = now["generation"], now["id"]
        return self

    def __exit__(self, *error):
        if state(self.host, self.service)["generation"] == self.generation:
            out(self.host.dom0("virtuos kill " + self.service))
        assert self.is_replaced(60), "no honest domain after the liar"

    def tell(self, lie):
        out(self.host.dom0("xenstore-write /local/domain/%d/virtuos-lie %s" % (self.domid, lie)))

    def is_replaced(self, timeout):
        """Is it cut off, and an honest one in its place, within so many seconds?"""
        return wait_for(lambda: is_up(self.host, self.service, self.generation), timeout, 0.5)
