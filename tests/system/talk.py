# SPDX-License-Identifier: GPL-2.0-only
"""A program in the primary that runs while a test does something to the machine."""
import os
import threading

from outside import wait_for
from test_recovery import out


class Talk:
    """A program in the primary that says words and waits for lines."""

    def __init__(self, host, script, preload=""):
        self.said, self.result = bytearray(), []
        self.read, self.write = os.pipe()
        argv = ["env", "LD_PRELOAD=" + preload] if preload else []
        self.thread = threading.Thread(target=lambda: self.result.append(host.primary(
            [*argv, "python3", "-c", script], stdin=self.read, timeout=150, on_stdout=self.said.extend)))
        self.thread.start()

    def wait(self, word, seconds=60):
        assert wait_for(lambda: word in self.said, seconds), (word, self.said, self.result)

    def go(self):
        os.write(self.write, b"\n")

    def end(self):
        os.close(self.write)
        self.thread.join(160)
        os.close(self.read)
        out(self.result[0])
