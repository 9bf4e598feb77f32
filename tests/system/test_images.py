# SPDX-License-Identifier: GPL-2.0-only
"""Images of file systems: the primary has no disk, and mounts images by modules that nothing
loads before one is asked for."""
from image import DEBUG
from outcome import Skip
from talk import Talk
from test_recovery import calls_wait, kill, out, wait_until_up

TIMEOUT = 200
MODULES = ("loop", "ext4", "squashfs", "erofs", "isofs", "vfat")

# A tree with what a file system of its own may get wrong through a loop device
TREE = r"""
make_tree() {
	mkdir -p $1/a/b
	seq 100000 >$1/a/numbers
	ln $1/a/numbers $1/a/b/again
	ln -s ../numbers $1/a/b/link
	truncate -s 3M $1/a/hole
	printf end >>$1/a/hole
	for i in $(seq 100); do echo $i >$1/a/b/file$i; done
}
sum_of() { (cd $1 && find . ! -name lost+found ! -size 0 -type f | LC_ALL=C sort | xargs sha256sum); }
mkdir -p /root/images
cd /root/images
"""


def sh(host, script, timeout=100):
    if DEBUG:
        raise Skip("the debug kernel is built without modules")
    return out(host.primary("set -e\n" + TREE + script, timeout=timeout))


def test_nothing_is_loaded_before_it_is_asked_for(host):
    loaded = sh(host, "cat /proc/modules; ls /dev/loop-control")
    assert not [m for m in MODULES if "\n%s " % m in "\n" + loaded], loaded
    assert "/dev/loop-control" in loaded
    assert "virtuos_fs" in loaded


def test_a_loop_device_holds_a_file_system(host):
    """Buffered and with O_DIRECT: made, mounted, filled, mounted again, checked."""
    for direct in "off", "on":
        text = sh(host, r"""
        rm -f image; truncate -s 48M image
        dev=$(losetup --direct-io=%s --show -f image)
        mkfs.ext4 -q $dev
        mkdir -p on; mount $dev on
        make_tree on
        umount on; losetup -d $dev
        e2fsck -fn image >/dev/null
        mount -o loop,ro image on
        mkdir -p like; rm -rf like/*; make_tree like
        [ "$(sum_of on)" = "$(sum_of like)" ] && [ -n "$(sum_of on)" ] && echo same
        umount on; losetup -a
        """ % direct)
        assert text == "same\n", text


def test_partitions_of_an_image(host):
    text = sh(host, r"""
    rm -f disk; truncate -s 20M disk
    printf 'label: gpt\nsize=8M\nsize=8M\n' | sfdisk -q disk
    dev=$(losetup -P --show -f disk)
    mkfs.ext4 -q ${dev}p2; mkdir -p on; mount ${dev}p2 on; echo there >on/file
    umount on; losetup -d $dev; rm disk
    e=$(losetup -a); echo "left: $e"
    """)
    assert text == "left: \n", text


def test_images_without_a_change(host):
    """squashfs below an overlay, as packages in images are; erofs with a loop device and without."""
    text = sh(host, r"""
    rm -rf like *.img; mkdir -p on over up work like; make_tree like
    mksquashfs like squash.img -no-progress >/dev/null
    mkfs.erofs -zlz4 erofs.img like >/dev/null
    mount -o loop squash.img on
    [ "$(sum_of on)" = "$(sum_of like)" ] && echo squashfs
    mount -t overlay -o lowerdir=on,upperdir=up,workdir=work overlay over
    echo more >>over/a/numbers; rm over/a/b/file7
    tail -n 1 over/a/numbers; ls over/a/b | grep -c file; tail -n 1 on/a/numbers
    umount over; umount on
    mount -o loop erofs.img on
    [ "$(sum_of on)" = "$(sum_of like)" ] && echo erofs
    umount on
    mount -t erofs erofs.img on
    [ "$(sum_of on)" = "$(sum_of like)" ] && echo erofs of a file
    umount on
    """)
    assert text.split("\n") == ["squashfs", "more", "99", "100000", "erofs", "erofs of a file", ""], text


def test_swap_is_refused(host):
    text = sh(host, "head -c 1M /dev/zero >swap; chmod 600 swap; mkswap -q swap; swapon swap 2>&1 || true; rm swap")
    assert "Function not implemented" in text, text


FILL = r"""
import os, sys
n = 0
print('ready', flush=True)
while n < 1000 and not (n > 200 and os.path.exists('/run/enough')):
    with open('/root/images/on/f%d' % n, 'w') as f:
        f.write('%d\n' % n * 1000)
        if n % 20 == 0:
            f.flush()
            os.fsync(f.fileno())
    n += 1
print('made %d' % n, flush=True)
"""


def test_a_mounted_image_survives_a_kill(host):
    """The storage domain dies while a program fills a file system whose image lies on it."""
    sh(host, "rm -f image /run/enough; truncate -s 64M image; mkfs.ext4 -q image; mkdir -p on; mount -o loop image on")
    talk = Talk(host, FILL)
    talk.wait(b"ready")
    with calls_wait(host, 120):
        generation = kill(host, "storage")
        wait_until_up(host, "storage", generation)
        out(host.primary("touch /run/enough"))
        talk.end()
        made = int(talk.said.split(b"made ")[1].split()[0])
        text = sh(host, r"""
        umount on; e2fsck -fn image >/dev/null; mount -o loop,ro image on
        python3 -c "
import os
for f in os.listdir('on'):
    if f != 'lost+found' and open('on/' + f).read() != (f[1:] + chr(10)) * 1000:
        print('bad', f)"
        ls on | grep -c ^f; umount on; losetup -a; dmesg | grep -E 'EXT4-fs error|I/O error' || true
        """)
    assert text == "%d\n" % made, (text, made)
