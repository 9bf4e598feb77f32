# SPDX-License-Identifier: GPL-2.0-only
"""CPython's own tests of files. All of them pass on ext4 with an ordinary kernel."""
from meanwhile import killed_meanwhile

TIMEOUT = 1500

RUN = "TMPDIR=/srv python3 -m unittest -v %s 2>&1"


def cpython(host, names, timeout=600):
    text = killed_meanwhile(host, RUN % " ".join("test.test_" + n for n in names.split()), "... ok", timeout)
    assert "\nOK" in text and "\nFAILED" not in text, text[-6000:]


def test_os(host):
    cpython(host, "os")


def test_posix(host):
    cpython(host, "posix")


def test_shutil(host):
    cpython(host, "shutil")


def test_tempfile(host):
    cpython(host, "tempfile")


def test_mmap_and_fcntl(host):
    cpython(host, "mmap fcntl largefile")


def test_io(host):
    cpython(host, "io", 1400)


def test_paths(host):
    cpython(host, "glob pathlib")


def test_archives(host):
    cpython(host, "zipfile tarfile", 1400)


def test_mailbox_and_dbm(host):
    cpython(host, "mailbox dbm dbm_ndbm dbm_dumb shelve")
