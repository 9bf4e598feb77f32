# SPDX-License-Identifier: GPL-2.0-only
"""The demo's load, run by python3 inside the primary: one line per attempt.

  demo_load.py net URL       fetch a page, again and again
  demo_load.py storage DIR   write a file, fsync it, read it back, again and again
A line is "KIND SECONDS ok|what went wrong", SECONDS being how long it took.
"""
import os
import socket
import sys
import time


def net(address, port):
    s = socket.create_connection((address, port), timeout=5)
    try:
        s.sendall(b"GET / HTTP/1.0\r\n\r\n")
        data = b""
        while True:
            part = s.recv(4096)
            if not part:
                break
            data += part
    finally:
        s.close()
    if b" 200 " not in data[:20]:
        raise OSError(0, "no page")


def storage(directory, number):
    name = os.path.join(directory, "file-%d" % (number % 10))
    want = os.urandom(8192)
    fd = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(fd, want)
        os.fsync(fd)
        if os.pread(fd, 8192, 0) != want:
            raise OSError(0, "other data read than written")
    finally:
        os.close(fd)


def main():
    kind, where = sys.argv[1:]
    if kind == "net":
        address, port = where.split("//")[1].strip("/").split(":")
    else:
        os.makedirs(where, exist_ok=True)
    number = 0
    while True:
        number += 1
        begun = time.monotonic()
        try:
            if kind == "net":
                net(address, int(port))
            else:
                storage(where, number)
            what = "ok"
        except OSError as e:
            what = e.strerror or str(e)
        print("%s %.3f %s" % (kind, time.monotonic() - begun, what), flush=True)
        time.sleep(0.1)


main()
