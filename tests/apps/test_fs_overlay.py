# SPDX-License-Identifier: GPL-2.0-only
"""overlayfs over directories of the storage domain and loop mounts of files there; it dies meanwhile."""
from meanwhile import killed_meanwhile, ran

TIMEOUT = 600

# The same changes are made in an overlay and in a plain copy of the lower tree.
CHANGES = r"""
change() {
    i=$1
    echo "upper $i" >> low$i/file; chmod 640 low$i/file; chown 5:6 low$i/gone
    rm low$i/gone; mkdir new$i; echo "new $i" > new$i/file; mv new$i/file low$i/moved
    ln low$i/file low$i/link; ln -s moved low$i/symlink
    setfattr -n user.name -v "value $i" low$i/dir; setfacl -m u:1001:rw low$i/file
    rm -r low$i/dir; mkdir low$i/dir; touch low$i/dir/only
    mv low$i moved$i || { cp -a low$i moved$i && rm -r low$i; }
    truncate -s $((i * 1000)) moved$i/big; echo end >> moved$i/big
    mknod moved$i/fifo p; rm moved$i/link
}
"""

LIST = r"""
list() {
    (cd "$1" && find . -printf '%P %y %m %U %G %l %s\n' | sed 's/ d\(.*\) [0-9]*$/ d\1/' | sort
     find . -type f | sort | xargs sha1sum
     find . ! -type l | sort | xargs getfattr -h -d -m "^user"; find . ! -type l | sort | xargs getfacl -n -p)
}
"""

OVERLAY = r"""
set -e
umount /srv/ov/merged 2>/dev/null || true
rm -rf /srv/ov; mkdir -p /srv/ov/lower /srv/ov/upper /srv/ov/work /srv/ov/merged; cd /srv/ov
for i in $(seq 12); do
    mkdir -p lower/low$i/dir/deep; echo "lower $i" > lower/low$i/file; echo gone > lower/low$i/gone
    seq 3000 > lower/low$i/big; echo deep > lower/low$i/dir/deep/file
done
cp -a lower plain; cp -a lower saved
mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work%s merged
for i in $(seq 12); do
    (cd merged; change $i); (cd plain; change $i)
    [ $i != 3 ] || echo begun
done
list merged > merged.txt; list plain > plain.txt; diff plain.txt merged.txt
umount merged
mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work%s merged
list merged > again.txt; diff plain.txt again.txt
umount merged
diff -r saved lower
echo equal
"""

# Written in a file system in a file, which fsck finds sound afterwards.
LOOP = r"""
set -e
cd /srv; umount /srv/loop 2>/dev/null || true; mkdir -p loop
truncate -s 40M image; mkfs.ext4 -q -F image
mount -o loop image loop
mkdir loop/first; seq 30000 > loop/first/seq
for i in $(seq 30); do
    mkdir loop/d$i; cp loop/first/seq loop/d$i/copy; mv loop/d$i/copy loop/d$i/moved
    [ $((i % 3)) != 0 ] || rm -r loop/d$((i - 1))
    [ $((i % 10)) != 0 ] || sync -f loop
    [ $i != 10 ] || echo begun
done
(cd loop && find . -type f | sort | xargs sha1sum) > sums
umount loop
e2fsck -fn image > fsck.txt 2>&1
mount -o loop,ro image loop
(cd loop && sha1sum -c --quiet ../sums)
[ $(wc -l < sums) = 21 ]
umount loop
[ -z "$(losetup -j /srv/image)" ]
echo sound
"""

PACKED = r"""
set -e
cd /srv; mkdir -p packed
rm -f image.sq image.er
mksquashfs /usr/share/perl5 image.sq -quiet -no-progress -comp zstd > /dev/null
mkfs.erofs -zlz4 image.er /usr/share/perl5 > /dev/null
for image in image.sq image.er; do
    mount -o loop,ro $image packed
    [ $image != image.sq ] || echo begun
    for i in 1 2 3 4; do echo 3 > /proc/sys/vm/drop_caches; diff -r /usr/share/perl5 packed; done
    umount packed
done
echo equal
"""


def overlay(host, options):
    text = killed_meanwhile(host, CHANGES + LIST + OVERLAY % (options, options))
    assert text.split()[-1] == "equal", text


def test_overlay(host):
    overlay(host, "")


def test_overlay_with_redirections(host):
    overlay(host, ",redirect_dir=on,index=on,metacopy=on")


def test_loop(host):
    assert killed_meanwhile(host, LOOP).split()[-1] == "sound"
    assert ran(host, "cat /srv/fsck.txt | grep -c -i error || true").strip() == "0"


def test_packed(host):
    assert killed_meanwhile(host, PACKED).split()[-1] == "equal"
