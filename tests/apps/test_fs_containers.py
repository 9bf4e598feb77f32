# SPDX-License-Identifier: GPL-2.0-only
"""buildah builds an image out of nothing and podman runs it, with overlay and with vfs as storage."""
from meanwhile import killed_meanwhile, ran

TIMEOUT = 1200

TOOLS = """
set -e
export STORAGE_DRIVER=%(driver)s
place="--root /srv/c-%(driver)s --runroot /run/c-%(driver)s"
build() { command=$1; shift; buildah $place $command "$@"; }
podman() { command podman $place --cgroup-manager cgroupfs --events-backend file "$@"; }
"""

BUILD = TOOLS + """
rm -rf /srv/c-%(driver)s
c=$(build from scratch)
build copy $c /bin/busybox /bin/busybox > /dev/null
build copy $c /etc/services /etc/debian_version /etc/ > /dev/null
echo begun
m=$(build mount $c)
mkdir $m/tmp $m/srv; ln -s busybox $m/bin/sh; chown 5:6 $m/srv; setcap cap_net_bind_service+ep $m/bin/busybox
build umount $c > /dev/null
build config --cmd '["/bin/sh", "-c", "echo hello"]' $c
build commit -q $c local/box > /dev/null
build rm $c > /dev/null
build images --format '{{.Name}}'
"""

RUN = TOOLS + """
[ "$(podman run --network none --rm local/box)" = hello ]
podman run --network none --name one local/box sh -c '
    cmp /etc/services /etc/services
    echo begun; busybox sleep 6
    echo new > /srv/new; busybox rm /etc/services; busybox mv /etc/debian_version /etc/moved
    busybox stat -c "%%u:%%g" /srv; busybox id -u
    busybox ls /etc/moved /proc/self/exe; echo eth $(busybox ip link | busybox grep -c eth)'
podman diff one | sort
podman commit -q one local/two > /dev/null
podman rm one > /dev/null
podman run --network host --rm local/two busybox cat /srv/new /etc/moved
"""


def build(host, driver):
    text = killed_meanwhile(host, BUILD % {"driver": driver}, timeout=500)
    assert text.split()[-1] == "localhost/local/box", text


def run(host, driver):
    text = killed_meanwhile(host, RUN % {"driver": driver}, timeout=900)
    lines = text.split("\n")
    assert text.index("begun") < text.index("5:6\n0\n/etc/moved\n/proc/self/exe\neth 0\n"), text
    changes = {"A /etc/moved", "D /etc/services", "D /etc/debian_version", "A /srv/new"}
    assert changes <= set(lines), text
    assert lines[-3:-1] == ["new", ran(host, "cat /etc/debian_version").strip()], text


def test_build_with_overlay(host):
    build(host, "overlay")


def test_run_with_overlay(host):
    run(host, "overlay")


def test_build_with_vfs(host):
    build(host, "vfs")


def test_run_with_vfs(host):
    run(host, "vfs")
