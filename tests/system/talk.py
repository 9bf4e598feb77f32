# SPDX-License-Identifier: GPL-2.0-only
"""A program in the primary that runs while a test does something to the machine."""
import os
import threading

from outside import wait_for
from test_recovery import out
from vexec import VexecError


class Talk:
    """A program in the primary that says words and waits for lines."""

    def __init__(self, host, script, preload="", words=()):
        self.said, self.result, self.cut = bytearray(), [], False
        self.read, self.write = os.pipe()
        argv = ["env", "LD_PRELOAD=" + preload] if preload else []
        self.thread = threading.Thread(target=self.talk, args=(host, [*argv, "python3", "-c", script, *words]))
        self.thread.start()

    def talk(self, host, argv):
        try:
            self.result.append(host.primary(argv, stdin=self.read, timeout=150, on_stdout=self.said.extend))
        except (VexecError, OSError):
            if not self.cut:
                raise

    def wait(self, word, seconds=60):
        assert wait_for(lambda: word in self.said, seconds), (word, self.said, self.result)

    def go(self):
        os.write(self.write, b"\n")

    def cut_power(self, host):
        """End QEMU, and the program with it."""
        self.cut = True
        host.machine.proc.kill()
        host.machine.proc.wait()
        self.thread.join(160)
        os.close(self.write)
        os.close(self.read)

    def end(self):
        os.close(self.write)
        self.thread.join(160)
        os.close(self.read)
        out(self.result[0])
