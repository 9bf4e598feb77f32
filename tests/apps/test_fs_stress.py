# SPDX-License-Identifier: GPL-2.0-only
"""stress-ng's stressors of file systems, one after the other, with the storage domain killed meanwhile."""
from meanwhile import killed_meanwhile

TIMEOUT = 900

# They would fill their time with what they lay down first.
SIZES = ("--chdir-dirs 64 --dentries 256 --dir-dirs 64 --dirdeep-inodes 200 --dirmany-bytes 1M "
         "--fallocate-bytes 8M --hdd-bytes 2M --iomix-bytes 2M --copy-file-bytes 128M --fiemap-bytes 2M "
         "--readahead-bytes 2M --sync-file-bytes 2M --open-max 500 --seek-size 2M --mmap-bytes 4M "
         "--msync-bytes 2M --sendfile-size 1M --aio-requests 4")

# The class but for what has no files, and for verity, which ext4 has not here either.
NAMES = "chdir dentry dir dirdeep dirmany filename getdent link mknod rename symlink"
ATTRIBUTES = "access chattr chmod chown file-ioctl fstat handle inode-flags touch utime xattr"
DATA = "copy-file fallocate fiemap fpunch fsize hdd io iomix open sync-file"
OTHERS = "dnotify fanotify fcntl flock inotify lease locka lockf lockofd procfs"
# Of other classes.
MAPPINGS = "mmap msync readahead seek sendfile splice aio aiol"

STRESS = """
rm -rf /srv/stress; mkdir /srv/stress; cd /srv/stress
(sleep 5; echo begun) &
for s in %s; do
    stress-ng --$s 1 -t 1 --verify --temp-path /srv/stress %s 2>&1
    echo "ended $s with $?"
    [ -z "$(ls -A /srv/stress)" ] || { echo "left by $s:"; ls -AR /srv/stress | head; rm -rf /srv/stress/*; }
done
wait
"""


def stress(host, names):
    text = killed_meanwhile(host, STRESS % (names, SIZES), timeout=400)
    bad = [line for line in text.split("\n")
           if " fail: " in line or " error: " in line or line.startswith("left by ")
           or line.startswith("ended ") and not line.endswith(" with 0")]
    assert not bad, text
    assert text.count("\nended ") == len(names.split()), text


def test_names(host):
    stress(host, NAMES)


def test_attributes(host):
    stress(host, ATTRIBUTES)


def test_data(host):
    stress(host, DATA)


def test_locks_and_watches(host):
    stress(host, OTHERS)


def test_mappings(host):
    stress(host, MAPPINGS)
