# SPDX-License-Identifier: GPL-2.0-only
"""fstest, nettest and doortest, programs that pass on an ordinary Linux, run in the
primary; each of their tests counts by itself."""
import os
import re
import subprocess

from host import LIBRARY, Host
from image import SLOW
from outcome import FAILED, PASSED, SKIPPED, Part, Skip
from outside import Echo

TIMEOUT = 600
LIMIT = 60 * SLOW       # seconds, of each part
HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(os.path.dirname(os.path.dirname(HERE)), "build", "tests")
WORDS = {"pass": PASSED, "skip": SKIPPED, "FAIL": FAILED}
LINE = re.compile(r"^(pass|skip|FAIL)(?: \(time\))?\s+(\w+)\s")


def build(folder, name, preload=False):
    """Compile a folder of C files into one program: static, unless the library of the
    exceptionless door is to be preloaded into it."""
    preload = preload or Host.door != "trap"
    link = ["-rdynamic"] if preload else ["-static"]
    files = [os.path.join(at, f) for at in (os.path.join(HERE, folder), os.path.join(HERE, "frame"))
             for f in os.listdir(at) if f.endswith(".c")]
    os.makedirs(BUILD, exist_ok=True)
    out = os.path.join(BUILD, name + "-dynamic" if preload else name)
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


def run(host, program, arguments, preload=""):
    """Copy a program in, run it there, take its parts."""
    host.copy([program])
    return parts(host.primary("%s ./%s %s" % (preload, os.path.basename(program), arguments),
                              timeout=500))


def test_door(host):
    """What programs do to the door, by name; the library is always there for these."""
    if host.door != "trap":
        raise Skip("DOOR=trap runs it, with the library preloaded")
    return run(host, build("door", "doortest", preload=True), "-d -s 20 -t %d /root" % LIMIT,
               "LD_PRELOAD=" + LIBRARY)


def test_fs(host):
    return run(host, build("fs", "fstest"), "-t %d /root" % LIMIT)


def test_net(host):
    with Echo() as echo:
        return run(host, build("net", "nettest"), "-t %d -p %s" % (LIMIT, echo.address))
