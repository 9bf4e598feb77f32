# SPDX-License-Identifier: GPL-2.0-only
"""QEMU's machine protocol: commands and events over a Unix socket.

Used by machine.py alone.
"""
import json
import socket
import time


class QmpError(Exception):
    pass


class Qmp:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(path)
        self.file = self.sock.makefile("rb")
        self.events = []
        self._read()                    # greeting
        self.command("qmp_capabilities")

    def _read(self):
        line = self.file.readline()
        if not line:
            raise QmpError("QEMU is gone")
        return json.loads(line)

    def command(self, name, **arguments):
        self.sock.sendall(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        while True:
            answer = self._read()
            if "event" in answer:
                self.events.append(answer)
            elif "error" in answer:
                raise QmpError("%s: %s" % (name, answer["error"]["desc"]))
            else:
                return answer["return"]

    def hmp(self, line):
        return self.command("human-monitor-command", **{"command-line": line})

    def wait_migration(self, timeout):
        """Wait for a migration that was started; the poll is short against its seconds."""
        end = time.monotonic() + timeout
        while True:
            info = self.command("query-migrate")
            state = info.get("status", "none")
            if state == "completed":
                return
            if state in ("failed", "cancelled"):
                raise QmpError("migration %s: %s" % (state, info.get("error-desc", "")))
            if time.monotonic() > end:
                raise QmpError("migration still %s after %d s" % (state, timeout))
            time.sleep(0.02)

    def close(self):
        self.file.close()
        self.sock.close()
