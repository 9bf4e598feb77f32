# SPDX-License-Identifier: GPL-2.0-only
"""A host that is switched off and on: the primary's files are there."""
import os
import tempfile

from host import Host
from test_apps import out, sound

MACHINE = False
TIMEOUT = 420
ALONE = True

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
