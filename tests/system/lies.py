# SPDX-License-Identifier: GPL-2.0-only
"""Service domains that lie: their engine tells lies by name, by order of the test
(service-domain/engine/lie.c). One that has not been told to is honest."""
import contextlib
import json
import os

from image import BUILD
from outside import wait_for

ROLES = {"net": "network", "storage": "storage"}
HANG_TIMEOUT = 4


def out(result):
    assert result.status == 0, (result.status, result.stdout, result.stderr)
    return result.stdout.decode()


def state(host, service):
    for d in json.loads(out(host.dom0("virtuos list --json"))):
        if d["domain"] == service:
            return d
    raise AssertionError("no service " + service)


def read(host, path):
    return out(host.primary("cat " + path, timeout=60)).strip()


def granted(host):
    return int(read(host, "/sys/module/virtuos_core/parameters/granted_pages"))


def is_used(host, service):
    return host.primary("cat /sys/kernel/virtuos/%s/state" % service, timeout=60).stdout.strip() == b"up"


def told(host, text):
    """How often does the primary's log say so?"""
    return int(out(host.primary(["sh", "-c", 'dmesg | grep -cF "$0" || true', text], timeout=60)))


# A monitor that dies finds its domains again, and the configuration that they were started
# from. Lies are told more often than it would have.
PATIENT = r"""
cfg=/run/virtuos/primary.cfg
grep -q '^start_limit_interval' $cfg && exit
echo 'start_limit_interval = 0' >>$cfg
old=$(pidof virtuosd) && kill -9 $old
for i in $(seq 100); do
	new=$(pidof virtuosd) && [ "$new" != "$old" ] && virtuos status >/dev/null && exit
	sleep 0.1
done
exit 1
"""

# As if dom0 were another primary that the domain serves: the domain lives when this one
# gives its connection up, and gets a new one.
OTHER = ("xenstore-write /local/domain/0/device/virtuos/9/backend-id {id} "
         "/local/domain/0/device/virtuos/9/state 4 /local/domain/{id}/backend/virtuos/0/9/online 1")
NO_OTHER = "xenstore-rm /local/domain/0/device/virtuos /local/domain/{id}/backend/virtuos/0"


class Liar:
    """A service whose domains can lie, from now on."""

    def __init__(self, host, service):
        self.host = host
        self.service = service
        role = ROLES[service]
        self.image = "/usr/lib/virtuos/%s/initrd.img" % role
        out(host.dom0(PATIENT))
        out(host.primary("echo %d >/sys/module/virtuos_core/parameters/hang_timeout" % HANG_TIMEOUT))
        host.copy([os.path.join(BUILD, "lies", role + ".cpio.gz")], where="dom0")
        # Not compressed: what builds a domain takes only the first part of what is.
        out(host.dom0("cd /root && cp {0} {1}.img && zcat {1}.img {1}.cpio.gz >{0}".format(self.image, role)))
        before = self.state()
        out(host.dom0("virtuos restart " + service))
        self.wait_for_next(before)

    def state(self):
        return state(self.host, self.service)

    def make_honest(self):
        """The next domain is an honest one."""
        out(self.host.dom0("cp /root/%s.img %s" % (ROLES[self.service], self.image)))

    def tell(self, lie):
        out(self.host.dom0("xenstore-write /local/domain/%d/virtuos-lie %s" % (self.state()["id"], lie)))

    def wait_for_next(self, before, what="generation", timeout=120):
        """Until the primary uses a later domain than that of the state @before, or device."""
        def came():
            return self.state()[what] > before[what] and is_used(self.host, self.service)
        assert wait_for(came, timeout, 0.2), "%s: no other %s than that of %s: %s" % (
            self.service, what, before, self.state())

    @contextlib.contextmanager
    def serves_others(self):
        now = self.state()
        out(self.host.dom0(OTHER.format(**now)))
        yield
        out(self.host.dom0(NO_OTHER.format(**now)))


def liar(host, service):
    """The host's, made when it is first asked for."""
    liars = host.__dict__.setdefault("liars", {})
    if service not in liars:
        liars[service] = Liar(host, service)
    return liars[service]
