# SPDX-License-Identifier: GPL-2.0-only
"""netdeath: every way of waiting on a socket, while the network domain is killed."""
import os
import threading
import time

from image import SLOW
from outside import wait_for
from outcome import FAILED, PASSED, Part
from test_programs import build
from test_recovery import kill

TIMEOUT = 400
LIMIT = 180 * SLOW      # seconds, of each case with its set-up


def test_netdeath(host):
    program = build("netdeath", "netdeath")
    host.copy([program])
    lines, result = [], []

    def note(data):
        lines.extend(data.decode(errors="replace").split("\n"))
    t = threading.Thread(target=lambda: result.append(
        host.primary("./%s -t %d" % (os.path.basename(program), LIMIT), timeout=200, on_stdout=note)))
    t.start()
    assert wait_for(lambda: "READY" in lines or result, 180), lines
    time.sleep(0.5)
    kill(host, "net")
    t.join(LIMIT + 20)
    assert result, lines
    found = [Part(line.split()[1], PASSED if line.startswith("ok ") else FAILED, "\n".join(lines))
             for line in lines if line.startswith(("ok ", "FAIL "))]
    assert len(found) == 28, lines
    return found
