# SPDX-License-Identifier: GPL-2.0-only
"""A front end lies to service domains that are honest (tests/liar, loaded into the primary). It
has connections of its own with the domains that serve the primary: those live, go on
serving, and give back all that the liar had."""
import os
import threading
import time

from image import BUILD
from lies import out, state

TIMEOUT = 300
KNOWN_SPLATS = [r"protocol violation"]
ROLES = {"net": "network", "storage": "storage"}

# Lies of the control page that is refused.
PAGE = "objects area-of-zeros far-obj-page two-dirs arena-page entries evtchn area-refs random".split()
# What a connection is cut off for, and what is borne.
CUT_OFF = "extent credentials flood ahead rings".split()
BORNE = "opcodes arguments memory storm lane-storm channels sockets many-credentials".split()

# connect: as virtuosd writes a device's nodes. cut, bear: NAME: and the state that it comes to.
DOM0 = r"""
p=$(xl domid primary)
connect() {	# TYPE NAME
	begun=$(date +%s%N)
	n=$((n + 1))
	f=/local/domain/$p/device/$1/$n b=/local/domain/$s/backend/virtuos/$p/$n
	xenstore-write -- $f '' $b ''
	xenstore-chmod $f n$p r$s
	xenstore-chmod $b n$s r$p
	xenstore-write -- $f/backend $b $f/backend-id $s $f/lie "$2" $f/state 1 \
		$b/frontend $f $b/frontend-id $p $b/online 1 $b/role $role $b/state 1
}
fail() {
	echo "$name: $*, state $state"
	exit 1
}
reaches() {	# STATE...: within 10 s
	for i in $(seq 200); do
		state=$(xenstore-read $b/state)
		case " $* " in *" $state "*) return 0;; esac
		sleep 0.05
	done
	return 1
}
played() {
	for i in $(seq 400); do
		xenstore-read $f/played >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	return 1
}
finish() {	# orderly, so that all has to be given back
	xenstore-write -- $f/state 6
	reaches 6 || fail "not given back"
	xenstore-rm $f
	xenstore-rm $b
	echo "$name $((($(date +%s%N) - begun) / 1000000)) ms"
}
cut() {
	name=$1
	connect vliar $name
	reaches 5 6 || fail "not cut off"
	finish
}
bear() {
	name=$1
	connect vliar $name
	reaches 4 || fail "not connected"
	played || fail "not told to its end"
	state=$(xenstore-read $b/state)
	[ "$state" = 4 ] || fail "cut off"
	finish
}
"""


def lies(host, service, script):
    """Run lies against a service; the first that does not end as it should ends it all."""
    begun = time.monotonic()
    now = state(host, service)
    host.__dict__["devices"] = host.__dict__.get("devices", 1000) + 1000
    said = []
    try:
        result = host.dom0("s=%d role=%s n=%d\n%s\n%s" % (now["id"], ROLES[service], host.devices, DOM0, script),
                           timeout=250, on_stdout=lambda data: said.append(data.decode()))
    finally:
        text = "".join(said).strip().replace("\n", ", ")
        print("#   %s: %.0f s: %s" % (service, time.monotonic() - begun, text))
    assert result.status == 0, text
    assert state(host, service)["generation"] == now["generation"], (now, state(host, service))


def kept(host):
    return int(out(host.primary("cat /sys/module/virtuos_liar/parameters/kept")))


# Uses both services until it is told to end; says how often, and how long it took at most.
BESIDE = r"""
import os, socket, time
n = worst = 0
while not os.path.exists('/run/liar-ends'):
    begun = time.time()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(20)
        s.bind(('127.0.0.1', 0))
        s.connect(s.getsockname())
        s.send(b'well')
        assert s.recv(100) == b'well'
    with open('/root/beside', 'wb+', 0) as f:
        f.write(b'well' * 100)
        os.fsync(f.fileno())
        assert os.pread(f.fileno(), 400, 0) == b'well' * 100
    worst = max(worst, time.time() - begun)
    n += 1
    time.sleep(0.05)
print(n, worst)
"""


class Beside:
    """The primary is served meanwhile."""

    def __init__(self, host):
        self.host = host

    def __enter__(self):
        if self.host.primary("rm -f /run/liar-ends; [ -d /sys/module/virtuos_liar ]").status:
            self.host.copy([os.path.join(BUILD, "lies", "virtuos-liar.ko")])
            out(self.host.primary("busybox insmod /root/virtuos-liar.ko"))
        self.result = []
        self.thread = threading.Thread(target=lambda: self.result.append(
            self.host.primary("python3 -", stdin=BESIDE.encode(), timeout=280)))
        self.thread.start()

    def __exit__(self, *error):
        out(self.host.primary("touch /run/liar-ends"))
        self.thread.join(60)
        if error[0]:
            return
        n, worst = out(self.result[0]).split()
        print("#   served %s times meanwhile, within %.2f s at most" % (n, float(worst)))
        assert int(n) > 5 and float(worst) < 10, (n, worst)
        assert kept(self.host) == 0, "%d pages not given back" % kept(self.host)


def test_control_pages(host):
    with Beside(host):
        lies(host, "net", "bear honest\n" + "".join("cut %s\n" % x for x in PAGE))
        lies(host, "storage", "bear honest; cut random")


def test_rings_and_calls(host):
    with Beside(host):
        lies(host, "net", "".join("cut %s\n" % x for x in CUT_OFF) + "".join("bear %s\n" % x for x in BORNE))
        lies(host, "storage", "cut extent; bear opcodes; bear channels")


# dom0 writes what the front end would: there is no driver for the type.
KEYS = r"""
for value in -1 '' abc "$(printf '1\033[31m')"; do
	for key in ctrl-ref protocol-version; do
		name=$key=$value
		connect vnobody none
		reaches 2 || fail "no InitWait"
		xenstore-write -- $f/protocol-version 1 $f/ctrl-ref 8 $f/$key "$value" $f/state 3
		reaches 5 6 || fail "not refused"
		finish
	done
done
name=no-keys
connect vnobody none
reaches 2
xenstore-write -- $f/state 3
reaches 5 6 || fail "not refused"
finish
"""

STATES = r"""
for last in 5 abc; do
	name=states,$last
	connect vliar $name
	reaches 4 && played || fail "not connected"
	for own in 1 2 3 4 7 8 99 -1 3 4; do
		xenstore-write -- $f/state $own
	done
	state=$(xenstore-read $b/state)
	[ "$state" = 4 ] || fail "not borne"
	xenstore-write -- $f/state "$last"
	reaches 5 6 || fail "not closed"
	# There is no second connection.
	xenstore-write -- $f/state 3
	sleep 0.2
	reaches 5 6 || fail "connected again"
	finish
done
"""


def test_xenstore(host):
    with Beside(host):
        lies(host, "net", KEYS + STATES)


def test_nothing_is_left_of_many(host):
    with Beside(host):
        lies(host, "net", "for round in $(seq 4); do bear sockets; cut rings; done")
