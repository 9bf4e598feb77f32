# SPDX-License-Identifier: GPL-2.0-only
"""Debian's bpftrace, unmodified, in the primary: our tracepoints, and what it needs of the kernel. With
LLVM it is large: the machine mounts an image of it, which the test makes."""
import os
import re
import shutil
import tempfile

import image
from image import DEBUG, SUITES
from outcome import Skip
from test_recovery import out

TIMEOUT = 900
PLACE = "/mnt/bpftrace"
OF_LIBC = ("libc.so.6", "libm.so.6")
GETNAME = 0x1b
NAME = "base-bpftrace-%s"
LOADER = "/lib64/ld-linux-x86-64.so.2"


def image_of_it():
    """A squashfs image of the program and its libraries; made when it is not cached."""
    suite = SUITES["primary"]
    place = os.path.join(image.CACHE, "images", NAME % suite)
    with image.Lock(NAME % suite):
        if not os.path.isdir(place):
            image.say("unpacking bpftrace of Debian %s" % suite)
            with tempfile.TemporaryDirectory(dir=os.path.join(image.CACHE, "images")) as tmp:
                make_image(suite, tmp)
                os.rename(os.path.join(tmp, "new"), place)
        os.utime(place)
    return os.path.join(place, "bpftrace.img")


def make_image(suite, tmp):
    root, tree, new = (os.path.join(tmp, name) for name in ("root", "tree", "new"))
    image.run(["mmdebstrap", "--quiet", "--variant=extract", "--include=bpftrace,xz-utils", suite, root])
    for folder in new, os.path.join(tree, "lib"):
        os.makedirs(folder)
    for program in "/usr/bin/bpftrace", "/usr/bin/xz":
        shutil.copy(os.path.join(root, program[1:]), tree)
        for line in image.run(["chroot", root, LOADER, "--list", program]).decode().splitlines():
            name, _, path = line.strip().partition(" => ")
            if path and name not in OF_LIBC:
                shutil.copy(os.path.join(root, path.split(" ")[0].lstrip("/")), os.path.join(tree, "lib", name))
    image.run(["mksquashfs", tree, os.path.join(new, "bpftrace.img"), "-comp", "zstd", "-quiet", "-no-progress"])


def bpftrace(host, *argv):
    """What bpftrace prints."""
    if DEBUG:
        raise Skip("the debug kernel is built without modules, and mounts no image")
    if host.primary("mountpoint -q " + PLACE).status:
        host.copy([image_of_it()])
        out(host.primary("mkdir -p %s && mount -o loop,ro /root/bpftrace.img %s" % (PLACE, PLACE)))
    return out(host.primary(["env", "LD_LIBRARY_PATH=%s/lib" % PLACE, "PATH=%s:/usr/sbin:/usr/bin" % PLACE, "bpftrace", *argv],
                            timeout=200))


def trace(host, program, command):
    """What bpftrace prints of a program until the command has ended."""
    return bpftrace(host, "-q", "-e", program, "-c", command)


def counts(text):
    """The entries of the map @, by their keys."""
    return {key: int(n) for key, n in re.findall(r"^@\[(.*)\]: (\d+)$", text, re.M)}


def test_our_tracepoints_are_listed(host):
    listed = bpftrace(host, "-l", "tracepoint:virtuos:*").split()
    there = out(host.primary("cd /sys/kernel/tracing/events/virtuos && ls -d */")).replace("/", "").split()
    assert there and sorted(listed) == sorted("tracepoint:virtuos:" + name for name in there), (listed, there)


# bpftrace knows no quotes in a command.
CALLS = r"""cat >/root/calls.py <<'E'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 0))
for i in range(int(sys.argv[1])):
    s.getsockname()
E
"""


def test_calls_by_operation_are_counted(host):
    """Each call of a program, by its operation: as many more as the program makes more, and all have an answer."""
    out(host.primary(CALLS))
    found = []
    for n in 100, 300:
        text = trace(host, "tracepoint:virtuos:call_submit /pid == cpid && args->op == %d/ { @[\"submit\"] = count(); } "
                     "tracepoint:virtuos:call_done /args->op == %d/ { @[\"done\"] = count(); }" % (GETNAME, GETNAME),
                     "/usr/bin/python3 /root/calls.py %d" % n)
        found.append(counts(text))
        assert found[-1].get("done", 0) >= found[-1].get("submit", 0) >= n, text
    assert found[1]["submit"] - found[0]["submit"] == 200, found


def test_histograms_of_costs(host):
    text = trace(host, "tracepoint:virtuos:call_done { @[args->service] = hist(args->ticks); }", "/usr/bin/find /etc")
    assert "|" in text and "@[" in text, text


def test_system_calls_and_kernel_functions(host):
    """A system call's arguments, a function of the kernel with its stack, one of a program."""
    text = trace(host, "tracepoint:syscalls:sys_enter_openat /pid == cpid/ { @[str(args->filename)] = count(); }",
                 "/usr/bin/cat /etc/hostname")
    assert counts(text).get("/etc/hostname") == 1, text
    text = trace(host, "kprobe:vfs_read /pid == cpid/ { @[comm, kstack(2)] = count(); }", "/usr/bin/cat /etc/hostname")
    assert "@[cat," in text and "vfs_read" in text, text
    text = trace(host, "uprobe:/usr/bin/python3.11:Py_BytesMain /pid == cpid/ { @[comm] = count(); }", "/usr/bin/python3.11 -c 0")
    assert counts(text) == {"python3.11": 1}, text
