# SPDX-License-Identifier: GPL-2.0-only
"""Second storage domains that serve xfs, btrfs, squashfs and erofs. Each is mounted by a line of /etc/fstab, and dies
while programs use it."""
import concurrent.futures
import contextlib
import gzip
import os
import re
import subprocess
import tempfile
import threading
import time

from image import DEBUG
from outcome import Skip
from outside import wait_for
from test_programs import LIMIT, build, parts
from test_recovery import calls_wait, kill, out, states, wait_until_up
from vexec import VexecError

TIMEOUT = 1500
CHANGING = ("xfs", "btrfs")
CONSTANT = ("squashfs", "erofs")
TYPES = CHANGING + CONSTANT

# What the images hold that do not change.
TREE = r"""
import os
os.makedirs('a/b/c')
with open('a/numbers', 'w') as f:
    f.write(''.join('%d\n' % n for n in range(200000)))
os.link('a/numbers', 'a/b/again')
os.symlink('../numbers', 'a/b/link')
os.symlink('x' * 1000, 'a/long')
with open('a/hole', 'w') as f:
    f.truncate(3 << 20)
    f.seek(0, 2)
    f.write('end')
for n in range(300):
    with open('a/b/c/file%03d' % n, 'w') as f:
        f.write('%d\n' % n * n)
open('first', 'w').close()
os.mkfifo('a/pipe')
os.chmod('a/numbers', 0o4750)
os.chown('a/hole', 1000, 1001)
os.setxattr('a/hole', 'user.of', b'a hole')
for path, dirs, files in os.walk('.'):
    for name in dirs + files:
        os.utime(os.path.join(path, name), (1000000000, 1000000000 + len(name)), follow_symlinks=False)
"""

# All of a tree that any file system keeps, in one line for each name.
LOOK = r"""
import hashlib, os, stat, sys
def look(path):
    s = os.lstat(path)
    kind = stat.S_IFMT(s.st_mode)
    line = [path, oct(s.st_mode), s.st_uid, s.st_gid, int(s.st_mtime)]
    if kind != stat.S_IFDIR:
        line += [s.st_nlink, s.st_size]
    if kind == stat.S_IFREG:
        with open(path, 'rb') as f:
            line.append(hashlib.sha256(f.read()).hexdigest())
        line += [(x, os.getxattr(path, x)) for x in sorted(os.listxattr(path)) if x.startswith('user.')]
    if kind == stat.S_IFLNK:
        line.append(os.readlink(path))
    return repr(line)
os.chdir(sys.argv[1])
lines = [look(os.path.join(path, name)) for path, dirs, files in os.walk('.') for name in dirs + files]
print('\n'.join(sorted(x for x in lines if not x.startswith("['./lost+found"))))
"""

MAKERS = {
    "xfs": "truncate -s 320M {image} && mkfs.xfs -q {image}",
    "btrfs": "truncate -s 320M {image} && mkfs.btrfs -q {image}",
    "squashfs": "mksquashfs {tree} {image} -no-progress -quiet",
    "erofs": "mkfs.erofs --quiet -zlz4 {image} {tree} || mkfs.erofs -zlz4 {image} {tree}",
}

DOMAIN = """
{name}_role = "storage"
{name}_memory = 128
{name}_cpus = "3"
{name}_disk = [ "format=raw,vdev=xvda,access={access},target=/root/{name}.img" ]
{name}_device = "/dev/xvda"
{name}_fstype = "{name}"
"""

# A btrfs of which one subvolume is served, with another one in it.
SUBVOLUME = """
subvol_role = "storage"
subvol_memory = 128
subvol_cpus = "3"
subvol_disk = [ "format=raw,vdev=xvda,access=rw,target=/root/subvol.img" ]
subvol_device = "/dev/xvda"
subvol_fstype = "btrfs"
subvol_mountopts = "subvol=served"
"""

MAKE_SUBVOLUMES = r"""
set -e
modprobe loop
cp --sparse=always /root/btrfs.img /root/subvol.img
mkdir -p /root/on
mount -o loop /root/subvol.img /root/on
python3 -c "
import fcntl, os, struct
def subvolume(where, name):
    fd = os.open(where, os.O_RDONLY)
    fcntl.ioctl(fd, 0x5000940e, bytearray(struct.pack('q4088s', 0, name)))
    os.close(fd)
subvolume('/root/on', b'served')
subvolume('/root/on', b'other')
subvolume('/root/on/served', b'inner')
open('/root/on/served/inner/file', 'w').close()
open('/root/on/other/file', 'w').close()
"
mv /root/on/other /root/on/served/moved
umount /root/on
"""

CONFIGURE = r"""
set -e
virtuos down
sed -i 's/^services = .*/services = [ "net", "storage", "xfs", "btrfs", "squashfs", "erofs", "subvol" ]/' /etc/virtuos/virtuos.cfg
cat >>/etc/virtuos/virtuos.cfg
modprobe loop
virtuos up
"""

FSTAB = r"""
set -e
for t in xfs btrfs squashfs erofs subvol; do
	mkdir -p /mnt/$t
	echo "$t /mnt/$t virtuosfs defaults,nofail 0 0" >>/etc/fstab
done
sync
"""


@contextlib.contextmanager
def make(name, tree="."):
    """The path of an image of a type; one that does not change holds a tree."""
    with tempfile.TemporaryDirectory() as top:
        image = os.path.join(top, name + ".img")
        subprocess.run(MAKERS[name].format(image=image, tree=tree), shell=True, check=True, capture_output=True)
        yield image


def put(host, name, image):
    """Have dom0 have an image."""
    with open(image, "rb") as f:
        data = gzip.compress(f.read(), 1)
    out(host.dom0(["sh", "-c", "gzip -dc | dd of=/root/%s.img bs=64k conv=sparse" % name], stdin=data, timeout=200))


def answers(host):
    try:
        return host.primary("true", timeout=60).status == 0
    except VexecError:
        return False


def domains(host):
    """The four domains beside the other two; once for all tests."""
    if DEBUG:
        raise Skip("the debug kernel is built without other file systems")
    if "xfs" in states(host):
        return
    with tempfile.TemporaryDirectory() as tree:
        subprocess.run(["python3", "-c", TREE], cwd=tree, check=True)
        for name in TYPES:
            with make(name, tree) as image:
                put(host, name, image)
        like = subprocess.run(["python3", "-c", LOOK, tree], check=True, capture_output=True).stdout
        out(host.primary(["sh", "-c", "cat >/root/like"], stdin=like))
    out(host.dom0(MAKE_SUBVOLUMES))
    out(host.primary(FSTAB))
    text = SUBVOLUME + "".join(DOMAIN.format(name=n, access="rw" if n in CHANGING else "ro") for n in TYPES)
    out(host.dom0(CONFIGURE, stdin=text.encode(), timeout=400))
    assert wait_for(lambda: answers(host), 240, 1)
    assert wait_for(lambda: mounted(host) == sorted((*TYPES, "subvol")), 60, 1), mounted(host)


def mounted(host):
    text = out(host.primary("cat /proc/mounts"))
    return sorted(re.findall(r"^(\w+) /mnt/\w+ virtuosfs ", text, re.M))


def test_each_is_mounted_by_its_line_of_fstab(host):
    """What statfs() says of each, and that those which cannot be changed are mounted read-only."""
    domains(host)
    text = out(host.primary("cat /proc/mounts"))
    for name in TYPES:
        assert re.search(r"^%s /mnt/%s virtuosfs %s[, ]" % (name, name, "rw" if name in CHANGING else "ro"), text, re.M), text
        kind = out(host.primary("stat -f -c %%T /mnt/%s" % name)).strip()
        assert kind.startswith(name) or kind.startswith("UNKNOWN"), kind
        print(name, out(host.primary("df -k /mnt/%s | tail -n 1" % name)).strip())
    consoles = host.consoles()
    for name in TYPES:
        lines = [x for x in "\n".join(v for k, v in consoles.items() if name in k).split("\n") if "is loaded" in x]
        assert lines, (name, sorted(consoles))
        print(lines[0])


# Each change of a read-only file system by each call that makes one.
REFUSED = r"""
import ctypes, errno, os, sys
os.chdir(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
def check(r):
    if r < 0:
        raise OSError(ctypes.get_errno(), '')
changes = {
    'create': lambda: os.open('new', os.O_CREAT | os.O_WRONLY),
    'write': lambda: os.open('a/numbers', os.O_WRONLY),
    'cut': lambda: os.open('a/numbers', os.O_RDONLY | os.O_TRUNC),
    'truncate': lambda: os.truncate('a/numbers', 5),
    'nameless': lambda: os.open('.', os.O_TMPFILE | os.O_RDWR),
    'mkdir': lambda: os.mkdir('new'),
    'mknod': lambda: os.mknod('new'),
    'pipe': lambda: os.mkfifo('new'),
    'symlink': lambda: os.symlink('x', 'new'),
    'link': lambda: os.link('first', 'new'),
    'unlink': lambda: os.unlink('first'),
    'rmdir': lambda: os.rmdir('a'),
    'rename': lambda: os.rename('first', 'second'),
    'chmod': lambda: os.chmod('first', 0o600),
    'chown': lambda: os.chown('first', 5, 5),
    'utime': lambda: os.utime('first'),
    'setxattr': lambda: os.setxattr('first', 'user.x', b'y'),
    'removexattr': lambda: os.removexattr('a/hole', 'user.of'),
    'acl': lambda: os.setxattr('first', 'system.posix_acl_access', b'\2\0\0\0' + b''.join(
        t.to_bytes(2, 'little') + b'\4\0\xff\xff\xff\xff' for t in (1, 4, 32))),
    'remount': lambda: check(libc.mount(None, os.getcwd().encode(), None, 32, None)),
}
for name, change in changes.items():
    try:
        change()
        print(name, 'was done')
    except OSError as e:
        # Where a file system has no such thing at all, Linux may say so first.
        if e.errno != errno.EROFS:
            print(name, e)
print('tried')
"""


def look(host, name, timeout=200):
    return out(host.primary(["python3", "-c", LOOK, "/mnt/" + name], timeout=timeout))


def killed_meanwhile(host, name, work, after=1.0):
    """Run work(), with a domain killed after some seconds of it; what work() returned."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        end = pool.submit(work)
        time.sleep(after)
        generation = kill(host, name)
        wait_until_up(host, name, generation)
        return end.result()


def test_what_cannot_change(host):
    """squashfs and erofs: the tree is what the image was made of, each change is EROFS, and so it is after a death.
    An open file and an open folder go on over the death."""
    domains(host)
    like = out(host.primary("cat /root/like"))
    for name in CONSTANT:
        assert look(host, name) == like, name
        text = out(host.primary(["python3", "-c", REFUSED, "/mnt/" + name]))
        assert text == "tried\n", (name, text)
        out(host.primary("mount -o remount,ro /mnt/%s; echo 3 >/proc/sys/vm/drop_caches" % name))
        assert killed_meanwhile(host, name, lambda: look(host, name), 0.5) == like, name
        held = "exec 3</mnt/%s/a/numbers 4</mnt/%s/a/b; touch /run/open; while [ -e /run/open ]; do sleep 0.2; done; " \
            "echo 3 >/proc/sys/vm/drop_caches; sha256sum <&3; ls /proc/self/fd/4/c | wc -l" % (name, name)
        done = []
        t = threading.Thread(target=lambda: done.append(out(host.primary(held, timeout=200))))
        t.start()
        assert wait_for(lambda: host.primary("test -e /run/open").status == 0, 30, 0.3)
        generation = kill(host, name)
        wait_until_up(host, name, generation)
        out(host.primary("rm /run/open"))
        t.join(200)
        assert done and done[0].split()[-1] == "300", done
        assert done[0].split()[0] in like, done


# Rounds of all that programs do to files. Each leaves a folder, whose contents are checked at the end.
ROUNDS = r"""
import ctypes, fcntl, mmap, os, struct, sys, time
libc = ctypes.CDLL(None, use_errno=True)
top, seconds = sys.argv[1], float(sys.argv[2])
os.makedirs(top, exist_ok=True)
os.chdir(top)
KEEP_SIZE, PUNCH = 1, 2
ACL = struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *e) for e in (
    (1, 6, 0xffffffff), (2, 4, 1234), (4, 4, 0xffffffff), (16, 6, 0xffffffff), (32, 0, 0xffffffff)))
def allocate(f, mode, at, n):
    if libc.fallocate(f, mode, ctypes.c_long(at), ctypes.c_long(n)):
        raise OSError(ctypes.get_errno(), 'fallocate')
def give_name(f, name):
    if libc.linkat(-100, b'/proc/self/fd/%d' % f, -100, name.encode(), 0x400):
        raise OSError(ctypes.get_errno(), 'linkat')
def text(n):
    return (b'round %d\n' % n) * 2000
def one(n):
    d = 'd%d' % n
    os.mkdir(d)
    f = os.open(d + '/f', os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
    os.write(f, text(n))
    fcntl.lockf(f, fcntl.LOCK_EX)
    fcntl.flock(f, fcntl.LOCK_EX)
    allocate(f, 0, 0, 65536)
    os.pwrite(f, b'x' * 4096, 40960)
    allocate(f, KEEP_SIZE | PUNCH, 40960, 4096)
    assert os.fstat(f).st_size == 65536 and os.pread(f, 4096, 40960) == bytes(4096), 'punched'
    with mmap.mmap(f, 65536) as m:
        m[60000:60006] = b'mapped'
        assert m[:5] == b'round'
    os.setxattr(d + '/f', 'user.round', b'%d' % n)
    os.setxattr(d + '/f', 'system.posix_acl_access', ACL)
    os.rename(d + '/f', d + '/g')
    os.link(d + '/g', d + '/h')
    os.symlink('g', d + '/s')
    os.chmod(d + '/g', 0o640)
    os.utime(d + '/g', (n, 1000 + n))
    u = os.open(d + '/u', os.O_RDWR | os.O_CREAT)
    os.write(u, b'before')
    os.unlink(d + '/u')
    os.write(u, b' and after')
    assert os.pread(u, 100, 0) == b'before and after' and os.fstat(u).st_nlink == 0, 'unlinked'
    t = os.open(d, os.O_TMPFILE | os.O_RDWR, 0o600)
    os.write(t, text(n))
    give_name(t, d + '/t')
    assert sorted(os.listdir(d)) == ['g', 'h', 's', 't'], os.listdir(d)
    with open(d + '/o', 'w') as o:
        o.write('over')
    os.rename(d + '/o', d + '/t2')
    os.unlink(d + '/t2')
    assert os.statvfs(d).f_bfree > 0
    os.fsync(f)
    for x in f, u, t:
        os.close(x)
def check(n):
    d = 'd%d' % n
    assert sorted(os.listdir(d)) == ['g', 'h', 's', 't'], (n, os.listdir(d))
    want = bytearray(text(n).ljust(65536, b'\0'))
    want[40960:45056] = bytes(4096)
    want[60000:60006] = b'mapped'
    for name in 'ghs':
        with open(d + '/' + name, 'rb') as f:
            assert f.read() == want, (n, name)
    with open(d + '/t', 'rb') as f:
        assert f.read() == text(n), (n, 't')
    s = os.stat(d + '/g')
    assert (s.st_nlink, s.st_mode & 0o7777, s.st_mtime) == (2, 0o640, 1000 + n), (n, s)
    assert os.getxattr(d + '/g', 'user.round') == b'%d' % n
    acl = os.getxattr(d + '/g', 'system.posix_acl_access')
    assert struct.unpack_from('<HHI', acl, 12) == (2, 4, 1234), (n, acl)
n, end = 0, time.time() + seconds
while time.time() < end:
    n += 1
    one(n)
last = n
if not seconds:
    last = len(os.listdir('.'))
for n in range(1, last + 1):
    check(n)
print('rounds', last)
"""


def rounds(host, name, seconds, timeout=300):
    text = out(host.primary(["python3", "-c", ROUNDS, "/mnt/%s/rounds" % name, str(seconds)], timeout=timeout))
    return int(re.fullmatch(r"rounds (\d+)\n", text).group(1))


def test_all_goes_on_over_a_death(host):
    """xfs and btrfs: programs change files while the domain dies. What they made is there afterwards, also for a
    primary that has nothing cached, and for the next domain."""
    domains(host)
    for name in CHANGING:
        with calls_wait(host, 120):
            made = killed_meanwhile(host, name, lambda: rounds(host, name, 15), 5)
            assert made >= 1, made
            before = look(host, name)
            out(host.primary("umount /mnt/%s" % name))
            # Without a mount the primary has no session with it.
            generation = kill(host, name)
            assert wait_for(lambda: states(host)[name]["generation"] > generation, 120, 0.5)
            out(host.primary("mount /mnt/%s" % name))
            assert look(host, name) == before, name
            assert rounds(host, name, 0) == made
        print(name, made, "rounds")
        out(host.primary("rm -r /mnt/%s/rounds && ! ls -A /mnt/%s | grep virtuos" % (name, name)))


# What leads to another subvolume is seen, and no more.
SUBVOLUMES = r"""
import errno, os
os.chdir('/mnt/subvol')
assert sorted(os.listdir('.')) == ['inner', 'moved'], os.listdir('.')
open('f', 'w').close()
def refused(call, *arguments):
    try:
        call(*arguments)
    except OSError as e:
        assert e.errno == errno.EXDEV, (call, arguments, e)
    else:
        assert False, (call, arguments)
for name in 'inner', 'moved':
    refused(os.stat, name)
    refused(os.listdir, name)
    refused(os.rmdir, name)
    refused(os.rename, name, 'x')
    refused(os.rename, 'f', name)
    refused(open, name + '/file')
    refused(os.link, 'f', name + '/g')
os.mkdir('d')
os.rename('f', 'd/g')
assert os.stat('d/g').st_ino > 256 and os.stat('.').st_ino == 256
print(sorted(os.listdir('.')))
"""


def test_a_subvolume(host):
    """One subvolume of a btrfs is served, also by the next domain, and no way leads out of it."""
    domains(host)
    assert out(host.primary(["python3", "-c", SUBVOLUMES])) == "['d', 'inner', 'moved']\n"
    before = out(host.primary("ls -liR /mnt/subvol/d; cd /mnt/subvol; ls -a"))
    generation = kill(host, "subvol")
    wait_until_up(host, "subvol", generation)
    out(host.primary("echo 3 >/proc/sys/vm/drop_caches"))
    assert out(host.primary("ls -liR /mnt/subvol/d; cd /mnt/subvol; ls -a")) == before
    out(host.primary("rm -r /mnt/subvol/d; cd /mnt/subvol; ! ls inner 2>/dev/null"))


def run_programs(host, name):
    domains(host)
    host.copy([build("fs", "fstest")])
    program = "./" + os.path.basename(build("fs", "fstest"))
    return parts(host.primary("mkdir -p /mnt/%s/t && %s -t %d /mnt/%s/t" % (name, program, LIMIT, name), timeout=900))


def test_programs_on_xfs(host):
    return run_programs(host, "xfs")


def test_programs_on_btrfs(host):
    return run_programs(host, "btrfs")
