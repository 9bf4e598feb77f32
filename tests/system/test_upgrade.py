# SPDX-License-Identifier: GPL-2.0-only
"""An upgrade of the packages: everything runs on, and domains are asked to take the new kernel."""
import os

from image import companions, find_deb
from outside import wait_for
from test_recovery import out, states, wait_until_up

TIMEOUT = 420

# The same initial RAM disk with other bytes, in a new file, as dpkg replaces it.
REPACK = "cd /usr/lib/virtuos/network && gzip -dc initrd.img | gzip -1 > new && mv new initrd.img"


def older(host):
    return {name: d["older_kernel"] for name, d in states(host).items()}


def test_list_tells_of_an_older_kernel_and_restart_takes_the_new(host):
    assert older(host) == {"primary": False, "net": False, "storage": False}
    out(host.dom0(REPACK))
    assert older(host) == {"primary": False, "net": True, "storage": False}
    lines = [line for line in out(host.dom0("virtuos list")).splitlines() if "older kernel" in line]
    assert len(lines) == 1 and lines[0].startswith("net "), lines
    generation = states(host)["net"]["generation"]
    out(host.dom0("virtuos restart net"))
    wait_until_up(host, "net", generation, 60)
    assert older(host) == {"primary": False, "net": False, "storage": False}


def monitor(host):
    return out(host.dom0("systemctl show -p MainPID --value virtuos.service")).strip()


def test_an_upgrade_lets_everything_run_on(host):
    before, pid = states(host), monitor(host)
    for path in companions(find_deb()):
        with open(path, "rb") as f:
            out(host.dom0(["sh", "-c", "cat > /root/" + os.path.basename(path)], stdin=f.read()))
    out(host.dom0("DEBIAN_FRONTEND=noninteractive dpkg -i /root/virtuos*.deb", timeout=300))
    assert wait_for(lambda: monitor(host) not in ("0", pid), 60, 1), "virtuosd was not replaced"
    assert wait_for(lambda: host.dom0("virtuos status").status == 0, 60, 1)
    after = states(host)
    assert {n: (d["uuid"], d["id"]) for n, d in after.items()} == {n: (d["uuid"], d["id"]) for n, d in before.items()}
    assert out(host.primary("echo lives")) == "lives\n"
    # What was installed again has the same contents, but for the file that the test before has changed.
    assert older(host) == {"primary": False, "net": True, "storage": False}
    generation = after["storage"]["generation"]
    out(host.dom0("virtuos kill storage"))
    wait_until_up(host, "storage", generation, 60)
