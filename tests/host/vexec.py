# SPDX-License-Identifier: GPL-2.0-only
"""Client of the vexec protocol: one command at a time over one byte stream.

The other end is virtuos-agent in the emulated host's dom0, behind a virtio
serial port whose host side is a Unix socket. dom0-tools/exec/vexec.h is the
definition of the frames.

Invariant: never more than WINDOW unacknowledged bytes of standard input are out.
Used by machine.py and host.py.
"""
import collections
import os
import select
import socket
import struct
import time

(START, STDIN, STDIN_EOF, SIGNAL, WINSIZE, STDOUT, STDERR, EXIT, ERROR, RESET,
 RESET_DONE, ACK) = range(1, 13)
MAX_PAYLOAD = 65536
WINDOW = 256 * 1024
CHUNK = 32768


class VexecError(Exception):
    pass


class VexecTimeout(VexecError):
    pass


Result = collections.namedtuple("Result", "status stdout stderr")


class Vexec:
    """One stream. `alive` is called while waiting; it raises when waiting is in vain."""

    def __init__(self, path, alive=lambda: None):
        self.path = path
        self.alive = alive
        self.sock = None
        self.buf = bytearray()
        self.out = bytearray()
        self.ready = False

    def connect(self):
        self.close()
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.path)
        self.sock.setblocking(False)
        self.buf.clear()
        self.out.clear()

    def close(self):
        self.ready = False
        if self.sock:
            self.sock.close()
            self.sock = None

    def put(self, kind, payload=b""):
        self.out += struct.pack("<B3xI", kind, len(payload)) + payload

    def flush(self):
        if not self.out:
            return
        try:
            n = self.sock.send(self.out)
            del self.out[:n]
        except BlockingIOError:
            pass

    def fill(self):
        """Take in what is there; False at the end of the stream."""
        try:
            data = self.sock.recv(1 << 18)
        except BlockingIOError:
            return True
        self.buf += data
        return bool(data)

    def frames(self):
        while len(self.buf) >= 8:
            kind, length = struct.unpack_from("<B3xI", self.buf)
            if kind == 0:
                del self.buf[:1]
                continue
            if kind > ACK or length > MAX_PAYLOAD:
                raise VexecError("garbage from the agent: type %d, length %d" % (kind, length))
            if len(self.buf) < 8 + length:
                return
            payload = bytes(self.buf[8:8 + length])
            del self.buf[:8 + length]
            yield kind, payload

    def wait(self, fds, timeout):
        """select() over the stream and further descriptors to read from."""
        if not self.sock:
            raise VexecError("%s was closed meanwhile" % os.path.basename(self.path))
        writers = [self.sock] if self.out else []
        r, w, _ = select.select([self.sock, *fds], writers, [], timeout)
        if w:
            self.flush()
        if self.sock in r and not self.fill():
            self.alive()
            raise VexecError("the machine closed its end of %s" % os.path.basename(self.path))
        return r

    def reset(self, timeout=30, tick=None):
        """Put the agent at rest; returns when it answers. A closed port just waits."""
        if not self.sock:
            self.connect()
        self.put(RESET)
        end = time.monotonic() + timeout
        while True:
            for kind, _ in self.frames():
                if kind == RESET_DONE:
                    self.ready = True
                    return
            if time.monotonic() > end:
                raise VexecTimeout("no agent answered within %d s" % timeout)
            self.alive()
            self.wait([], 0.5)
            if tick:
                tick()

    def run(self, argv, cwd="/root", env=(), stdin=None, on_stdout=None, on_stderr=None,
            timeout=None, check=False, pty=False, poll=None):
        """Run a command. stdin: None, bytes, or a descriptor to read from.

        on_stdout/on_stderr take the output as it comes; without them it is
        collected into the result. `poll` is called at least twice a second and
        may raise to give up.
        """
        if not self.ready:
            self.reset()
        collected = {STDOUT: [], STDERR: []}
        sinks = {STDOUT: on_stdout or collected[STDOUT].append,
                 STDERR: on_stderr or collected[STDERR].append}
        words = ["t" if pty else "", cwd, str(len(argv)), *argv, *env]
        self.put(START, b"".join(os.fsencode(w) + b"\0" for w in words))
        self.ready = False      # until EXIT: a given-up command needs a RESET
        feed = _Feed(stdin)
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            for kind, payload in self.frames():
                if kind in sinks:
                    self.put(ACK, struct.pack("<I", len(payload)))
                    sinks[kind](payload)
                elif kind == ACK:
                    feed.acked(struct.unpack("<I", payload)[0])
                elif kind == ERROR:
                    self.ready = True
                    raise VexecError(payload.decode(errors="replace"))
                elif kind == EXIT:
                    self.ready = True
                    status = struct.unpack("<I", payload)[0]
                    res = Result(status, b"".join(collected[STDOUT]), b"".join(collected[STDERR]))
                    if check and status:
                        raise VexecError("%s: exit status %d\n%s" % (
                            " ".join(argv), status, (res.stdout + res.stderr).decode(errors="replace")))
                    return res
            feed.pump(self)
            left = 0.5 if end is None else min(0.5, end - time.monotonic())
            if left <= 0:
                raise VexecTimeout("no end after %g s: %s" % (timeout, " ".join(argv)))
            self.alive()
            if poll:
                poll()
            if feed.fd in self.wait(feed.readable(), left):
                feed.take(self)

    def send_signal(self, number):
        self.put(SIGNAL, struct.pack("<I", number))

    def winsize(self, rows, cols):
        self.put(WINSIZE, struct.pack("<HH", rows, cols))


class _Feed:
    """Standard input of a command: bytes at hand, or a descriptor that is read as room comes."""

    def __init__(self, source):
        self.fd = source if isinstance(source, int) and not isinstance(source, bool) else None
        self.data = memoryview(source) if isinstance(source, (bytes, bytearray)) else memoryview(b"")
        self.in_flight = 0
        self.eof_sent = False

    def acked(self, n):
        self.in_flight = max(0, self.in_flight - n)

    def pump(self, vx):
        while len(self.data) and self.in_flight + CHUNK <= WINDOW:
            part = self.data[:CHUNK]
            self.data = self.data[CHUNK:]
            vx.put(STDIN, bytes(part))
            self.in_flight += len(part)
        if self.fd is None and not len(self.data) and not self.eof_sent:
            vx.put(STDIN_EOF)
            self.eof_sent = True

    def readable(self):
        return [self.fd] if self.fd is not None and self.in_flight + CHUNK <= WINDOW else []

    def take(self, vx):
        data = os.read(self.fd, CHUNK)
        if data:
            vx.put(STDIN, data)
            self.in_flight += len(data)
        else:
            self.fd = None
