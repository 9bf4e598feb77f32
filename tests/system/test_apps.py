# SPDX-License-Identifier: GPL-2.0-only
"""Unmodified programs at work: nginx under ab, sqlite3 over a cold boot, redis,
memcached, iperf3, fio."""
import os
import re
import subprocess
import tempfile

from host import Host
from outside import fetch, free_port, wait_for

MACHINE = False
TIMEOUT = 420


def out(result):
    assert result.status == 0, (result.status, result.stdout, result.stderr)
    return result.stdout.decode()


def sound(host):
    assert not host.splats(), host.splats()


def test_ab_1000_requests_to_nginx(_=None):
    port = free_port()
    with Host.restore(hostfwd="%d:80" % port) as host:
        host.forget_consoles()
        assert wait_for(lambda: fetch(port), 30), "nginx does not answer"
        text = subprocess.run(["ab", "-q", "-n", "1000", "-c", "8", "http://127.0.0.1:%d/" % port],
                              capture_output=True, timeout=240, check=True).stdout.decode()
        assert re.search(r"Complete requests:\s+1000\b", text), text
        assert re.search(r"Failed requests:\s+0\b", text), text
        assert "Non-2xx" not in text, text
        sound(host)


FILL = ("rm -f /root/t.db; sqlite3 /root/t.db 'create table t(a integer primary key, b); begin; "
        "with recursive n(i) as (select 1 union all select i+1 from n where i<10000) "
        "insert into t select i, hex(randomblob(20)) from n; commit; pragma integrity_check;'")


def came_up_well(host):
    assert not host.machine.faults, host.machine.faults


def test_sqlite_survives_a_cold_boot(_=None):
    with tempfile.TemporaryDirectory() as place:
        disk = os.path.join(place, "data.qcow2")
        with Host.cold(keep_data=disk) as host:
            came_up_well(host)
            assert out(host.primary(FILL, timeout=120)).strip() == "ok"
            sum1 = out(host.primary("sha256sum /root/t.db && sync"))
            out(host.dom0("virtuos down", timeout=120))
        with Host.cold(keep_data=disk) as host:
            came_up_well(host)
            assert out(host.primary("sha256sum /root/t.db")) == sum1
            assert out(host.primary("sqlite3 /root/t.db 'pragma integrity_check; select count(*) from t'")
                       ).split() == ["ok", "10000"]
            sound(host)


SERVERS = r"""
set -e
redis-server --port 6379 --daemonize yes --save '' >/dev/null
memcached -d -u nobody -p 11211 -l 127.0.0.1
iperf3 -s -D
for i in $(seq 50); do redis-cli ping 2>/dev/null | grep -q PONG && break; sleep 0.1; done
[ "$(redis-cli set key value)" = OK ]
[ "$(redis-cli get key)" = value ]
printf 'set k 0 0 5\r\nhello\r\nget k\r\nquit\r\n' | busybox nc 127.0.0.1 11211 | tr -d '\r' > /tmp/mc
grep -q '^hello$' /tmp/mc
iperf3 -c 127.0.0.1 -t 2 -J > /tmp/iperf.json
grep -q '"bits_per_second"' /tmp/iperf.json
! grep -q '"error"' /tmp/iperf.json
fio --name=v --filename=/root/fio.dat --size=4m --bs=4k --rw=randwrite --verify=crc32c --do_verify=1 \
    --ioengine=psync --end_fsync=1 > /tmp/fio.txt
grep -q 'err= 0' /tmp/fio.txt
echo served
"""


def test_servers_and_fio(_=None):
    with Host.restore() as host:
        host.forget_consoles()
        assert out(host.primary(SERVERS, timeout=240)).strip().endswith("served")
        sound(host)
