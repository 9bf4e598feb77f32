# SPDX-License-Identifier: GPL-2.0-only
"""tar and rsync copy trees with all that a file can have, while the storage domain is killed."""
from meanwhile import killed_meanwhile, ran

TIMEOUT = 600

# What may be in a tree besides plain files, then a part of Debian.
TREE = r"""
set -e
rm -rf /srv/tree; mkdir /srv/tree; cd /srv/tree
cp -a /usr/share/zoneinfo /usr/share/perl5 .
mkdir odd odd/default odd/sticky; cd odd
for i in 1 2 3; do echo "$i" > file$i; done
ln file1 link1; ln file1 default/link1; ln -s nowhere dangling; ln -s file2 symlink; ln symlink symlink-hard
mknod block b 7 200; mknod char c 1 3; mkfifo fifo; chmod 640 block; chown 3:4 char fifo
setfacl -m u:1001:rw,g:1002:r,m::rwx file2
setfacl -m d:u:1001:rwx,d:g:1003:rx,d:o::- default; touch default/inherits; mkdir default/too
chmod 1777 sticky; chown 7:8 sticky; install -m 4755 file3 suid; install -m 2711 -g 12 file3 sgid
setfattr -n user.name -v value file3; setfattr -n trusted.name -v value file3
setfattr -n user.long -v "$(head -c 2000 /dev/zero | tr '\0' a)" default
setfattr -n user.empty file1; setfattr -h -n trusted.link -v value symlink
cp /bin/busybox capable; setcap cap_net_raw,cap_net_admin+ep capable
truncate -s 50M holes; echo end >> holes; 
printf middle | dd of=holes bs=1 seek=20000000 conv=notrunc status=none
truncate -s 3M only-hole; : > empty
printf 'new\nline' > "$(printf 'new\nline')"; echo bytes > "$(printf '\377\001 name')"
touch -d '1969-12-31 12:00 UTC' old; touch -d '2100-01-01 00:00:00.123456789 UTC' later
touch -h -d '2001-02-03 04:05:06.7' dangling; touch -d '2001-02-03' sticky default .
getfattr -R -h -d -m - --absolute-names /srv/tree | grep -c =
"""

# All attributes of each file, in one text. Times of change, and sizes of directories, are the copy's own.
DESCRIBE = r"""
import hashlib, os, stat, sys
def lines(top):
    first = {}
    for place, folders, files in sorted(os.walk(os.fsencode(top))):
        for name in [b'.'] * (place == os.fsencode(top)) + sorted(folders + files):
            path = os.path.join(place, name)
            short, s = os.path.relpath(path, os.fsencode(top)), os.lstat(path)
            plain, folder = stat.S_ISREG(s.st_mode), stat.S_ISDIR(s.st_mode)
            content = hashlib.sha1(open(path, 'rb').read()).hexdigest() if plain else ''
            target = os.readlink(path) if stat.S_ISLNK(s.st_mode) else ''
            attributes = [(a, os.getxattr(path, a, follow_symlinks=False))
                          for a in sorted(os.listxattr(path, follow_symlinks=False))]
            yield repr((short, oct(s.st_mode), s.st_uid, s.st_gid, s.st_rdev,
                        s.st_mtime_ns // int(sys.argv[2]),
                        0 if folder else s.st_nlink, 0 if folder else s.st_size,
                        first.setdefault((s.st_dev, s.st_ino), short), content, target, attributes))
print('\n'.join(lines(sys.argv[1])))
"""


def describe(host, top, name, unit=1):
    ran(host, ["sh", "-c", 'python3 -c "$0" "$1" "$2" > "$3"', DESCRIBE, top, str(unit), "/root/" + name])


def same(host, top, unit=1):
    """The copy has all that the tree has, also when nothing of it is cached."""
    ran(host, "sync; echo 3 > /proc/sys/vm/drop_caches")
    describe(host, "/srv/tree", "tree.txt", unit)
    describe(host, top, "copy.txt", unit)
    assert int(ran(host, "wc -l < /root/tree.txt")) > 1000
    result = host.primary("diff /root/tree.txt /root/copy.txt")
    assert result.status == 0, result.stdout.decode()[:5000]
    blocks = ran(host, "stat -c %%b %s/odd/holes %s/odd/only-hole" % (top, top)).split()
    assert int(blocks[0]) < 200 and blocks[1] == "0", blocks


def test_tree(host):
    text = killed_meanwhile(host, "(sleep 1; echo begun) & set -e; %s" % TREE)
    assert int(text.split()[-1]) >= 12, text


def test_tar(host):
    killed_meanwhile(host, "set -e; cd /srv/tree; echo begun; tar --xattrs --xattrs-include='*' --acls "
                           "--sparse -H posix --numeric-owner -cpf /srv/tree.tar .")
    killed_meanwhile(host, "set -e; rm -rf /srv/untarred; mkdir /srv/untarred; cd /srv/untarred; echo begun; "
                           "tar --xattrs --xattrs-include='*' --acls --numeric-owner -xpf /srv/tree.tar")
    same(host, "/srv/untarred")
    assert ran(host, "tar --xattrs --acls -C /srv/untarred -df /srv/tree.tar && echo equal") == "equal\n"


def test_rsync(host):
    killed_meanwhile(host, "rm -rf /srv/rsynced; echo begun; "
                           "rsync -aHAXS --numeric-ids --open-noatime /srv/tree/ /srv/rsynced/")
    same(host, "/srv/rsynced")
    assert ran(host, "rsync -aHAXSni --checksum --delete --numeric-ids /srv/tree/ /srv/rsynced/") == ""


def test_rsync_of_changes(host):
    ran(host, "cd /srv/rsynced && rm -rf zoneinfo/Europe odd/link1 && echo x >> odd/file2 && touch more && "
              "chmod 600 odd/file3 && setfattr -x user.name odd/file3 && setfacl -b odd/file2 && "
              "mkdir odd/new")
    killed_meanwhile(host, "echo begun; "
                           "rsync -aHAXS --checksum --delete --numeric-ids /srv/tree/ /srv/rsynced/")
    same(host, "/srv/rsynced")


def test_cp(host):
    killed_meanwhile(host, "rm -rf /srv/copied; echo begun; cp -a --sparse=always /srv/tree /srv/copied")
    same(host, "/srv/copied")


def test_moved_and_removed(host):
    ran(host, "rm -rf /srv/moved; mv /srv/copied /srv/moved")
    same(host, "/srv/moved")
    killed_meanwhile(host, "echo begun; rm -r /srv/moved /srv/untarred /srv/rsynced /srv/tree.tar")
    assert ran(host, "cd /srv; ls -d moved untarred rsynced tree.tar 2>/dev/null || true") == ""
