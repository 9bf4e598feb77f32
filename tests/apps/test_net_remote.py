# SPDX-License-Identifier: GPL-2.0-only
"""OpenSSH with keys: commands, scp, forwarding; rsync by its own daemon, trees compared."""
from net_common import run

TIMEOUT = 290

START = r"""
mkdir -p /tmp/sh /run/sshd ~/.ssh; chmod 700 ~/.ssh
cd /tmp/sh
[ -e host ] || ssh-keygen -q -t ed25519 -N '' -f host
[ -e key ] || ssh-keygen -q -t ed25519 -N '' -f key
cp key.pub authorized
cat >conf <<'X'
Port 2222
ListenAddress 127.0.0.1
ListenAddress ::1
HostKey /tmp/sh/host
PidFile none
AuthorizedKeysFile /tmp/sh/authorized
StrictModes no
PasswordAuthentication no
PermitRootLogin prohibit-password
UsePAM yes
Subsystem sftp /usr/lib/openssh/sftp-server
X
cat >client <<'X'
Host *
User root
Port 2222
IdentityFile /tmp/sh/key
IdentitiesOnly yes
UserKnownHostsFile /tmp/sh/known
StrictHostKeyChecking accept-new
LogLevel ERROR
X
rm -f known
server log /usr/sbin/sshd -D -e -f /tmp/sh/conf
S() { ssh -F /tmp/sh/client "$@" </dev/null; }
until_ok S 127.0.0.1 true
[ -e big ] || head -c 16M /dev/urandom >big
"""

COMMANDS = r"""
for i in 1 2 3; do [ "$(S 127.0.0.1 "echo run \$((2 + $i))")" = "run $((2 + i))" ] || fail $i; done
[ "$(S ::1 id -un)" = root ] || fail IPv6
S 127.0.0.1 'exit 7' && fail status || [ $? = 7 ] || fail "status $?"
S 127.0.0.1 'echo to stderr >&2' 2>&1 | grep -qx 'to stderr' || fail stderr
[ -e other ] || ssh-keygen -q -t ed25519 -N '' -f other
sed s,/tmp/sh/key,/tmp/sh/other, client >foreign
ssh -F foreign 127.0.0.1 true </dev/null 2>/dev/null && fail "a foreign key"
head -c 1M big | ssh -F client 127.0.0.1 cat | cmp - <(head -c 1M big) || fail "both directions"
S -tt 127.0.0.1 'stty size; tty' | grep /dev/pts || fail "no terminal"
"""

SCP = r"""
scp -q -F client big 127.0.0.1:/tmp/sh/there; same big there
rm there
scp -q -F client '[::1]:/tmp/sh/big' there; same big there
rm there
cd /tmp/sh
cat >batch <<'X'
put big /tmp/sh/there
get /tmp/sh/there back
rename /tmp/sh/there /tmp/sh/moved
ls -l /tmp/sh/moved
X
sftp -q -b batch -F client 127.0.0.1 | grep $(stat -c %s big) || fail "no size"
same big back; same big moved
rm back moved
"""

FORWARD = r"""
server www busybox httpd -f -p 127.0.0.1:2380 -h /tmp/sh
until_ok curl -fsI http://127.0.0.1:2380/key.pub
www=127.0.0.1:2380
S -M -S ctl -f -N -L 127.0.0.1:2301:$www -R 127.0.0.1:2302:$www -D 127.0.0.1:2303 127.0.0.1
trap 'ssh -S ctl -O exit x 2>/dev/null; stop' EXIT
head -c 1M big >fwd
for p in 2301 2302; do for i in 1 2 3; do curl -fsS http://127.0.0.1:$p/fwd | cmp - fwd || fail $p; done; done
curl -fsS --socks5 127.0.0.1:2303 http://127.0.0.1:2380/fwd | cmp - fwd || fail socks
for i in $(seq 8); do S -S ctl 127.0.0.1 "echo $i" >r$i & all="$all $!"; done
wait $all
cat r? | sort | cmp - <(seq 8) || fail "sessions over one connection"
"""


def test_commands_by_key(host):
    run(host, START + COMMANDS)


def test_scp_and_sftp(host):
    run(host, START + SCP)


def test_forwarding(host):
    run(host, START + FORWARD)


TREE = r"""
rm -rf /tmp/rs; mkdir -p /tmp/rs/src/deep/er /tmp/rs/up /tmp/rs/back
cd /tmp/rs
cp -a /usr/share/perl/5*/unicore/lib src/lib 2>/dev/null || cp -a /usr/lib/python3.11/json src/lib
head -c 3M /dev/urandom >src/random
head -c 2000 /dev/zero >src/deep/small
truncate -s 3M src/sparse; echo end >>src/sparse
ln src/random src/deep/linked
ln -s ../random src/deep/er/symbolic
mkfifo src/fifo
mknod src/null c 1 3
touch -d 2001-02-03T04:05:06.789 src/deep/small
chmod 4711 src/deep/small; chmod 1777 src/deep
chown 1234:4321 src/sparse src/deep/er
setfattr -n user.colour -v blue src/random
setfacl -m u:1234:rwx,d:g:55:r src/deep/er
setcap cap_net_raw+ep src/deep/small
touch "src/a name	with
lines"
# rsync leaves a time alone that differs by less than a second.
find src -mindepth 1 ! -name small -exec touch -h -d 2010-01-02T03:04:05.123456 {} +
touch -d 2010-01-02 src
cat >conf <<'X'
use chroot = yes
uid = root
gid = root
[all]
path = /tmp/rs/up
read only = no
[src]
path = /tmp/rs/src
X
show() { (cd $1; find . -printf '%P %y %m %U:%G %n %s %T@ %l\0' | sort -z | tr '\0' '\n'
	find . -type f -print0 | sort -z | xargs -0 sha256sum
	getfattr -Rdhm - . 2>/dev/null; getfacl -Rp .) >$1.list; }
server log rsync --daemon --no-detach --config=/tmp/rs/conf --port=8730
until_ok rsync --port=8730 127.0.0.1::src
r() { rsync -aHAXS --port=8730 "$@"; }
"""

SYNC = r"""
r src/ 127.0.0.1::all/
show src; show up
# A folder's size is the file system's own.
for d in src up; do sed -i -E '/^[^ ]* d /s/^(.* d [0-7]+ [0-9:]+ [0-9]+) [0-9]+/\1 -/' $d.list; done
same src.list up.list
r 'rsync://[::1]/src/' back/ --whole-file
show back; sed -i -E '/^[^ ]* d /s/^(.* d [0-7]+ [0-9:]+ [0-9]+) [0-9]+/\1 -/' back.list
same src.list back.list
r -ni --checksum src/ 127.0.0.1::all/ >left
[ ! -s left ] || fail "$(cat left)"
"""

DELTA = r"""
r src/ 127.0.0.1::all/
printf changed | dd of=src/random bs=1 seek=2000000 conv=notrunc status=none
rm -r src/lib; echo new >src/new
r -z --delete --stats src/ 127.0.0.1::all/ >stats
lit=$(sed -n 's/^Literal data: \([0-9,]*\).*/\1/p' stats | tr -d ,)
[ $lit -lt 100000 ] || fail "$(cat stats)"
r -ni --delete --checksum src/ 127.0.0.1::all/ >left
[ ! -s left ] || fail "$(cat left)"
[ ! -e up/lib ] && same src/random up/random
for i in 1 2 3 4; do mkdir -p par$i; r 127.0.0.1::src/ par$i/ & all="$all $!"; done
wait $all
for i in 1 2 3 4; do diff -r --no-dereference --exclude fifo --exclude null src par$i || fail "copy $i"; done
"""


def test_rsync_keeps_attributes(host):
    run(host, TREE + SYNC)


def test_rsync_sends_differences(host):
    run(host, TREE + DELTA)
