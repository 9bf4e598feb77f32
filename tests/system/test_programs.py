# SPDX-License-Identifier: GPL-2.0-only
"""fstest and nettest, static programs that pass on an ordinary Linux, run in the
primary; each of their tests counts by itself."""
import os
import re
import subprocess

from host import Host
from outcome import FAILED, PASSED, SKIPPED, Part
from outside import Echo

TIMEOUT = 600
HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(os.path.dirname(os.path.dirname(HERE)), "build", "tests")
WORDS = {"pass": PASSED, "ok": PASSED, "skip": SKIPPED, "FAIL": FAILED}
LINE = re.compile(r"^(pass|ok|skip|FAIL)(?: \(time\))?\s+(\w+)\s")


def build(folder, name):
    """Compile a folder of C files into one program: static, unless the library of the
    exceptionless door is to be preloaded into it."""
    link = ["-static"] if Host.door == "trap" else ["-rdynamic"]
    source = os.path.join(HERE, folder)
    files = [os.path.join(source, f) for f in os.listdir(source) if f.endswith(".c")]
    os.makedirs(BUILD, exist_ok=True)
    out = os.path.join(BUILD, name if Host.door == "trap" else name + "-dynamic")
    subprocess.run([os.environ.get("CC", "cc"), "-O1", "-g", "-Wall", *link, "-pthread", "-D_GNU_SOURCE", "-o", out,
                    *sorted(files)], check=True, capture_output=True)
    return out


def parts(result):
    """The results in a program's output; the lines before one explain it."""
    found, before = [], []
    for line in result.stdout.decode(errors="replace").split("\n"):
        m = LINE.match(line)
        if not m:
            before.append(line)
            continue
        found.append(Part(m.group(2), WORDS[m.group(1)], "\n".join(before) or line))
        before = []
    if result.status > 1 or not found:
        found.append(Part("ends", FAILED, "status %d\n%s\n%s" % (
            result.status, "\n".join(before), result.stderr.decode(errors="replace"))))
    return found


def test_fs(host):
    host.copy([build("fs", "fstest")])
    return parts(host.primary("./fstest -t 60 /root", timeout=500))


def test_net(host):
    host.copy([build("net", "nettest")])
    with Echo() as echo:
        return parts(host.primary("./nettest -t 60 -p %s" % echo.address, timeout=500))
