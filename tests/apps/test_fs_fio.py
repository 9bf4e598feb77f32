# SPDX-License-Identifier: GPL-2.0-only
"""fio verifies what it has written in eight ways, with the storage domain killed meanwhile."""
import json

from meanwhile import killed_meanwhile, ran

TIMEOUT = 600

# Engine, pattern, O_DIRECT, and what else fio is told.
MODES = (
    ("psync", "write", 0, "--bs=64k --fsync=8"),
    ("psync", "randrw", 1, "--bs=4k"),
    ("libaio", "randwrite", 1, "--bs=4k --iodepth=16"),
    ("libaio", "write", 0, "--bs=128k --iodepth=4"),
    ("io_uring", "randrw", 0, "--bs=4k --iodepth=16 --fdatasync=32"),
    ("io_uring", "randwrite", 1, "--bs=16k --iodepth=16"),
    ("mmap", "randwrite", 0, "--bs=4k"),
    ("mmap", "randrw", 0, "--bs=16k --fsync=16"),
)

# Written at a rate that lets the domain die in the midst.
FIO = """
cd /srv
name=%s
(while [ ! -e $name.1.0 ]; do sleep 0.2; done; sleep 2; echo begun) &
fio --name=$name --ioengine=%s --rw=%s --direct=%d %s --size=6m --rate=400k,800k \
    --numjobs=2 --group_reporting \
    --verify=crc32c --verify_fatal=1 --verify_state_save=0 --end_fsync=1 --randrepeat=1 \
    --output-format=json --output=/srv/fio.json
status=$?
wait
cat /srv/fio.json
exit $status
"""


def results(text):
    return json.JSONDecoder().raw_decode(text[text.index("{"):])[0]["jobs"][0]


def fio(host, mode):
    engine, pattern, direct, more = MODES[mode]
    name = "%s-%s-%d" % (engine, pattern, direct)
    text = killed_meanwhile(host, FIO % (name, engine, pattern, direct, more))
    job = results(text)
    assert job["error"] == 0, text
    read, written = job["read"]["io_bytes"], job["write"]["io_bytes"]
    assert written > 4 << 20 and read >= written, text
    if pattern == "randrw":
        assert written < 12 << 20, text
    else:
        assert written == 12 << 20, text
    again(host, name, engine, pattern, direct, more)
    ran(host, "rm /srv/%s*" % name)


def again(host, name, engine, pattern, direct, more):
    """What was written is verified once more, when nothing of it is cached."""
    if pattern == "randrw":         # that reads by itself, and would write anew
        return
    ran(host, "echo 3 > /proc/sys/vm/drop_caches; cd /srv; "
              "fio --name=%s --ioengine=%s --rw=%s --direct=%d %s "
              "--size=6m --numjobs=2 --group_reporting --verify=crc32c --verify_fatal=1 --verify_only=1 "
              "--verify_state_save=0 --randrepeat=1" % (name, engine, pattern, direct, more))


def test_psync_write(host):
    fio(host, 0)


def test_psync_randrw_direct(host):
    fio(host, 1)


def test_libaio_randwrite_direct(host):
    fio(host, 2)


def test_libaio_write(host):
    fio(host, 3)


def test_io_uring_randrw(host):
    fio(host, 4)


def test_io_uring_randwrite_direct(host):
    fio(host, 5)


def test_mmap_randwrite(host):
    fio(host, 6)


def test_mmap_randrw(host):
    fio(host, 7)
