# SPDX-License-Identifier: GPL-2.0-only
"""Changes of names and attributes that are answered before the disk has them (decision 0118): the
storage domain dies, and each of them is there, once, with its inode number."""
import time

from image import SLOW
from meanwhile import killed_after
from outside import wait_for
from talk import Talk
from test_recovery import kill, out, states, wait_until_up

TIMEOUT = 300

SWITCH = "/sys/module/virtuos_fs/parameters/log_changes"
STATS = "/sys/kernel/debug/virtuosfs/stats"

# Each process changes names in a folder of its own and notes what was answered.
STREAM = r"""
import errno, json, os, random, stat, sys, time
TOP = '/root/stream'
def one(number, end):
    top = '%s/%d' % (TOP, number)
    os.mkdir(top)
    r = random.Random(number)
    names, files, n = {}, [], 0
    def new(kind):
        nonlocal n
        n += 1
        return '%s/%s%d' % (top, kind, n)
    def is_dir(name):
        return stat.S_ISDIR(names[name][1])
    def note(name):
        s = os.lstat(name)
        names[name] = [s.st_ino, s.st_mode, int(s.st_mtime)]
    def some(wanted=lambda name: True):
        fit = [name for name in names if wanted(name)]
        return r.choice(fit) if fit else None
    def create():
        name = new('f')
        f = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o640)
        if r.random() < .1 and len(files) < 40:
            text = name.encode() * 30
            os.write(f, text)
            files.append([f, text, os.fstat(f).st_ino])
        else:
            os.close(f)
        note(name)
    def mkdir():
        name = new('d')
        os.mkdir(name)
        note(name)
    def symlink():
        name = new('s')
        os.symlink('x' * r.choice((5, 200)), name)
        note(name)
    def link():
        old, name = some(lambda x: stat.S_ISREG(names[x][1])), new('l')
        if old:
            os.link(old, name)
            note(name)
    def rename():
        old = some()
        if not old:
            return
        to = some(lambda x: not is_dir(x) and not is_dir(old) and names[x][0] != names[old][0]) \
            if r.random() < .5 else None
        to = to or new('r')
        os.rename(old, to)
        names[to] = names.pop(old)
    def remove():
        name = some()
        if name:
            (os.rmdir if is_dir(name) else os.unlink)(name)
            del names[name]
    def chmod():
        name = some(lambda x: not stat.S_ISLNK(names[x][1]))
        if name:
            os.chmod(name, r.choice((0o600, 0o644, 0o755, 0o4711)))
            mode = os.lstat(name).st_mode
            for x in names:
                if names[x][0] == names[name][0]:
                    names[x][1] = mode
    def attribute():
        name = some(lambda x: not stat.S_ISLNK(names[x][1]))
        if name:
            os.setxattr(name, 'user.name', b'of %d' % names[name][0])
    steps = [create] * 5 + [mkdir, symlink, link, rename, rename, remove, remove, remove, chmod, attribute]
    done = 0
    while time.time() < end:
        if len(names) > 400:
            remove()
        r.choice(steps)()
        done += 1
        if number == 3:
            time.sleep(.02)
    for f, text, ino in files:
        assert os.pread(f, 100000, 0) == text, ('open file', ino)
        assert os.fstat(f).st_ino == ino, ('open file', ino)
        os.pwrite(f, b'after', 0)
        assert os.pread(f, 5, 0) == b'after'
        os.fsync(f)
    return done, names
def check(number, names):
    top = '%s/%d' % (TOP, number)
    there = {top + '/' + x for x in os.listdir(top)}
    assert there == set(names), (number, sorted(there ^ set(names))[:10])
    for name, (ino, mode, mtime) in names.items():
        s = os.lstat(name)
        assert s.st_ino == ino and s.st_mode == mode, (name, s, ino, mode)
        if stat.S_ISDIR(mode):
            assert os.listdir(name) == []
            open(name + '/probe', 'w').close()
            os.unlink(name + '/probe')
def main():
    if sys.argv[1] == 'make':
        os.mkdir(TOP)
        end, pids = time.time() + float(sys.argv[2]), []
        for number in range(4):
            pid = os.fork()
            if not pid:
                done, names = one(number, end)
                with open('/run/stream%d' % number, 'w') as f:
                    json.dump(names, f)
                print('did', done, flush=True)
                os._exit(0)
            pids.append(pid)
        assert not any(os.waitpid(pid, 0)[1] for pid in pids)
    with open('/proc/sys/vm/drop_caches', 'w') as f:
        f.write('2')
    for number in range(4):
        with open('/run/stream%d' % number) as f:
            check(number, json.load(f))
    print('checked')
main()
"""


def stats(host):
    return {k: int(v) for k, v in (line.split() for line in out(host.primary("cat " + STATS)).splitlines())}


def switch(host, on):
    out(host.primary("mount -t debugfs none /sys/kernel/debug 2>/dev/null; echo %d > %s" % (on, SWITCH)))


def replace(host):
    """Another storage domain instead of this one. Return: how many changes it carried out again,
    of all kinds and of those that make and move names."""
    before = stats(host)
    generation = kill(host, "storage")
    wait_until_up(host, "storage", generation)
    after = stats(host)
    assert after["lost"] == before["lost"], (before, after)
    names = sum(after.get("request." + x, 0) - before.get("request." + x, 0) for x in ("mkdir", "mknod", "rename"))
    return after["again"] - before["again"], names


def test_a_stream_survives_kills(host):
    switch(host, True)
    text = killed_after(host, ["python3", "-c", STREAM, "make", "12"], 6, 200)
    assert text.strip().endswith("checked"), text
    after = stats(host)
    print(text.split(), {k: after[k] for k in ("logged", "again", "lost")})
    assert after["logged"] > 100 and not after["lost"], after
    # What the disk itself has.
    out(host.primary("sync"))
    assert replace(host)[1] == 0
    assert out(host.primary(["python3", "-c", STREAM, "check"], timeout=120)).strip() == "checked"


# What makes a change durable makes it durable on the disk: nothing is left to be carried out again.
CHANGE = r"""
import os, sys
where, how = '/root/synced-' + sys.argv[1], sys.argv[1]
os.mkdir(where)
f = os.open(where + '/f', os.O_RDWR | os.O_CREAT, 0o600)
os.rename(where + '/f', where + '/g')
d = os.open(where, os.O_RDONLY)
if how == 'file':
    os.fsync(f)
elif how == 'folder':
    os.fsync(d)
elif how == 'sync':
    os.sync()
print(os.stat(where + '/g').st_ino)
"""


def change(host, how):
    return int(out(host.primary(["python3", "-c", CHANGE, how])))


def made_again(host, how):
    """Return: how many of the three changes a successor has to carry out again."""
    out(host.primary("sync"))
    ino = change(host, how)
    again = replace(host)[1]
    assert int(out(host.primary("stat -c %%i /root/synced-%s/g" % how))) == ino, how
    return again


def test_what_is_synced_is_on_the_disk(host):
    switch(host, True)
    # ext4 commits by itself every five seconds, perhaps in between.
    assert any(made_again(host, "none%d" % i) == 3 for i in range(4))
    for how in ("folder", "sync"):
        assert made_again(host, how) == 0, how


# A number that was free and taken again, and a file that is open without a name.
NUMBERS = r"""
import os, sys
os.makedirs('/root/numbers', exist_ok=True)
os.chdir('/root/numbers')
os.sync()
seen = {}
for i in range(50):
    with open('f', 'w'):
        pass
    seen[os.stat('f').st_ino] = 1
    os.unlink('f')
    os.mkdir('d')
    os.rmdir('d')
f = os.open('kept', os.O_RDWR | os.O_CREAT)
os.write(f, b'kept')
os.unlink('kept')
os.mkdir('d')
with open('d/f', 'w'):
    pass
made = os.stat('d').st_ino, os.stat('d/f').st_ino
print('ready', len(seen), flush=True)
sys.stdin.readline()
with open('/proc/sys/vm/drop_caches', 'w') as c:
    c.write('2')
assert (os.stat('d').st_ino, os.stat('d/f').st_ino) == made
assert os.listdir('.') == ['d'] and os.listdir('d') == ['f']
assert os.pread(f, 10, 0) == b'kept'
with open('d/g', 'w') as g:
    g.write('new')
print('same', flush=True)
"""


def test_numbers_are_the_same_again(host):
    switch(host, True)
    talk = Talk(host, NUMBERS)
    talk.wait(b"ready")
    again = replace(host)[0]
    talk.go()
    talk.end()
    assert b"same" in talk.said, talk.said
    print(talk.said, again)
    assert again > (10 if SLOW == 1 else 0), again      # a slow kernel makes fewer before it dies


# Files are changed once more when they have no names, and then closed: others get their numbers.
LAST = r"""
import os, sys, time
os.makedirs('/root/last', exist_ok=True)
os.chdir('/root/last')
files = [os.open('f%d' % i, os.O_RDWR | os.O_CREAT) for i in range(30)]
had = {os.fstat(f).st_ino for f in files}
os.sync()
for i in range(30):
    os.unlink('f%d' % i)
if sys.argv[1] == 'saved':
    os.sync()
for f in files:
    os.fchmod(f, 0o600)
    os.setxattr(f, 'user.last', b'change')
    os.close(f)
time.sleep(.2)
made = {}
for i in range(30):
    name = '%s%d' % (sys.argv[1], i)
    os.close(os.open(name, os.O_RDWR | os.O_CREAT, 0o640))
    made[name] = os.stat(name).st_ino
assert had & set(made.values()), (had, made)
print('ready', flush=True)
sys.stdin.readline()
with open('/proc/sys/vm/drop_caches', 'w') as c:
    c.write('2')
for name, ino in made.items():
    s = os.stat(name)
    assert (s.st_ino, s.st_mode & 0o777) == (ino, 0o640) and not os.listxattr(name), (name, s, ino)
print('same', flush=True)
"""


def test_last_changes_without_a_name(host):
    switch(host, True)
    for how in "saved", "lost":
        talk = Talk(host, LAST, words=[how])
        talk.wait(b"ready")
        print(how, replace(host))
        talk.go()
        talk.end()
        assert b"same" in talk.said, talk.said


# What was made in one go, and nothing of it on the disk.
BURST = r"""
import os, sys
os.makedirs('/root/burst', exist_ok=True)
os.chdir('/root/burst')
os.sync()
made = {}
for i in range(300):
    os.mkdir('d%d' % i)
    with open('d%d/f' % i, 'w'):
        pass
    os.rename('d%d/f' % i, 'd%d/g' % i)
    for name in ('d%d' % i, 'd%d/g' % i):
        made[name] = os.stat(name).st_ino
print('ready', flush=True)
sys.stdin.readline()
with open('/proc/sys/vm/drop_caches', 'w') as c:
    c.write('2')
assert sorted(os.listdir('.')) == sorted(x for x in made if '/' not in x)
for name, ino in made.items():
    assert os.stat(name).st_ino == ino, name
    assert '/' in name or os.listdir(name) == ['g'], name
print('same', flush=True)
"""


def test_a_domain_dies_while_it_carries_changes_out(host):
    switch(host, True)
    before = stats(host)
    talk = Talk(host, BURST)
    talk.wait(b"ready")
    for again in range(3):
        generation = kill(host, "storage")
        wait_for(lambda: states(host)["storage"]["generation"] > generation, 30, 0.1)
        # The next one is connected, or about to be.
        time.sleep(again)
    wait_until_up(host, "storage", generation)
    talk.go()
    talk.end()
    after = stats(host)
    print({k: after[k] - before[k] for k in ("logged", "again", "lost")})
    assert b"same" in talk.said and after["lost"] == before["lost"], (talk.said, after)


RATE = r"""
import os, sys, time
os.makedirs('/root/rate', exist_ok=True)
def rate(seconds):
    end, n = time.time() + seconds, 0
    while time.time() < end:
        os.close(os.open('/root/rate/x', os.O_RDWR | os.O_CREAT, 0o600))
        os.unlink('/root/rate/x')
        n += 1
    return n / seconds
print('%.0f' % rate(3))
"""


def test_a_name_costs_no_commit(host):
    def rate(on):
        switch(host, on)
        return int(out(host.primary(["python3", "-c", RATE])))
    before, after = rate(False), rate(True)
    print("create, close, unlink: %d/s by commits, %d/s by the log" % (before, after))
    assert after > 2 * before, (before, after)


# Files whose data no disk has when they are closed, nor when their times and modes are set.
SMALL = r"""
import os, time
os.makedirs('/root/small', exist_ok=True)
begun = time.time()
for i in range(200):
    name = '/root/small/%d' % i
    with open(name, 'w') as f:
        f.write(name * 100)
        f.flush()
        os.fchmod(f.fileno(), 0o640)
        os.fchown(f.fileno(), 1000, 1000)
    os.utime(name, (i, i))
print('%.0f' % (200 / (time.time() - begun)))
"""
KEPT = r"""
import os
with open('/proc/sys/vm/drop_caches', 'w') as f:
    f.write('3')
for i in range(200):
    name = '/root/small/%d' % i
    with open(name) as f:
        assert f.read() == name * 100, name
    s = os.stat(name)
    assert (s.st_mode & 0o777, s.st_uid, s.st_mtime) == (0o640, 1000, i), (name, s)
print('kept')
"""


def test_a_close_writes_nothing(host):
    def writes():
        return stats(host).get("request.write", 0)
    switch(host, True)
    out(host.primary("sync"))
    before = writes()
    rate = int(out(host.primary(["python3", "-c", SMALL])))
    written = writes() - before
    print("%d small files/s, %d of 200 written back meanwhile" % (rate, written))
    assert written < 40, written
    # They are in the primary's cache when the domain dies, and afterwards.
    replace(host)
    out(host.primary("sync"))
    assert out(host.primary(["python3", "-c", KEPT])).strip() == "kept"


# Times that wait with their files, and are written back when the domain dies, and before.
TIMES = r"""
import os, sys
os.makedirs('/root/times', exist_ok=True)
os.chdir('/root/times')
for i in range(600):
    with open('f%d' % i, 'w') as f:
        f.write('text %d' % i)
    os.utime('f%d' % i, (1000 + i, 2000 + i))
print('ready', flush=True)
for word in 'dies', 'died':
    sys.stdin.readline()
    os.sync()
    with open('/proc/sys/vm/drop_caches', 'w') as c:
        c.write('2')
    for i in range(600):
        s = os.stat('f%d' % i)
        assert (s.st_atime, s.st_mtime) == (1000 + i, 2000 + i), (word, i, s)
        with open('f%d' % i) as f:
            assert f.read() == 'text %d' % i, (word, i)
        os.utime('f%d' % i, (1000 + i, 2000 + i))
    os.sync()
    print(word, flush=True)
"""


def test_times_survive_a_kill_while_they_are_saved(host):
    switch(host, True)
    out(host.primary("sync"))
    talk = Talk(host, TIMES)
    talk.wait(b"ready")
    talk.go()
    time.sleep(.2)
    replace(host)
    talk.wait(b"dies")
    assert not replace(host)[1]
    talk.go()
    talk.end()
    assert b"died" in talk.said, talk.said
