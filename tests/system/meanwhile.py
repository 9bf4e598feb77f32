# SPDX-License-Identifier: GPL-2.0-only
"""Programs in the primary that are at work while the storage domain is killed."""
import threading
import time

from outside import wait_for
from test_recovery import calls_wait, kill, out, wait_until_up

# Seconds that calls wait for the next domain, which on a busy machine takes more than the usual 30.
WAIT = 110


class Work:
    """A command in the primary, with what it has said so far."""

    def __init__(self, host, command, timeout):
        self.host, self.command, self.timeout = host, command, timeout
        self.said, self.results, self.errors = bytearray(), [], []
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            self.results.append(self.host.primary(self.command, timeout=self.timeout,
                                                  on_stdout=self.said.extend, on_stderr=self.said.extend))
        except Exception as e:      # the caller's thread reports it
            self.errors.append(e)

    def text(self):
        return self.said.decode(errors="replace")

    def over(self):
        return bool(self.results or self.errors)

    def wait(self, word):
        """Until the command has said a word."""
        assert wait_for(lambda: word.encode() in self.said or self.over(), self.timeout), (word, self.text())
        assert word.encode() in self.said, (word, self.text()[-3000:], self.errors)

    def end(self):
        """What it said, if it ended well."""
        self.thread.join(self.timeout + 30)
        assert not self.errors, (self.errors, self.text()[-3000:])
        assert self.results, "no end: %s" % self.text()[-3000:]
        assert self.results[0].status == 0, (self.results[0].status, self.text()[-3000:])
        return self.text()


def killed_after(host, command, seconds, timeout=240):
    """Run a command, and kill the storage domain when it has run so long; what it said."""
    with calls_wait(host, WAIT):
        work = Work(host, command, timeout)
        time.sleep(seconds)
        wait_until_up(host, "storage", kill(host, "storage"))
        return work.end()


def killed_meanwhile(host, command, word="begun", timeout=240):
    """Run a command, and kill the storage domain when it has said the word; what it said.

    The command must be at work when the domain dies."""
    with calls_wait(host, WAIT):
        work = Work(host, command, timeout)
        work.wait(word)
        generation = kill(host, "storage")
        assert not work.over(), "it had ended before the kill: %s" % work.text()[-3000:]
        wait_until_up(host, "storage", generation)
        return work.end()


def ran(host, command, timeout=240):
    """Run a command that must end well; what it said on its standard output."""
    return out(host.primary(command, timeout=timeout))
