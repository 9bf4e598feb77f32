# SPDX-License-Identifier: GPL-2.0-only
"""Disk images of the emulated host: dom0's root disk and the primary's userland.

Made in two layers. The base is a plain Debian from mmdebstrap, kept as a tar
archive under a key over the package list and the set-up scripts. The image
adds the agent, libsyscall-forward.so and virtuos-perf to an unpacked copy and packs it with `mke2fs -d`;
nothing is mounted. A changed agent therefore costs seconds, not another bootstrap. The
virtuos package is not in dom0's image: it is installed in the running dom0
(state.py), as an administrator would.

Invariant: a directory in the cache is complete once it has its final name.
Called by state.py; by hand: image.py dom0|primary [--deb FILE].
"""
import argparse
import fcntl
import glob
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SETTINGS = os.path.join(HERE, "images")
# DEBUG=1, DEBUG=kcsan: kernels that check themselves, see debug/README.md.
DEBUG = os.environ.get("DEBUG") or ""
BUILD = os.environ.get("VIRTUOS_BUILD") or os.path.join(TOP, "build", *["debug-" + DEBUG] * bool(DEBUG))
CACHE = os.environ.get("VIRTUOS_CACHE", os.path.expanduser("~/.cache/virtuos"))
AGENT_UNIT = os.path.join(TOP, "dom0-tools/exec/virtuos-agent.service")
RIG_UNIT = os.path.join(SETTINGS, "rig-agent.service")
UDEV_SETTINGS = os.path.join(SETTINGS, "udev-trigger.conf")
BARE_INIT = os.path.join(SETTINGS, "bare-init")
INPUTS = {"dom0": [RIG_UNIT, UDEV_SETTINGS], "primary": [AGENT_UNIT, BARE_INIT]}
# INIT=bare: the primary runs the agent alone, and no systemd.
BARE = os.environ.get("INIT") == "bare"
BARE_INIT_AT = "/usr/local/sbin/bare-init"
# So many times longer does everything take there, at most.
SLOW = 6 if DEBUG else 1
KNOWN_SUITES = ("bookworm", "trixie")


def suite_of(name):
    """The Debian that an environment variable chooses."""
    suite = os.environ.get(name) or KNOWN_SUITES[0]
    if suite not in KNOWN_SUITES:
        raise SystemExit("%s=%s: %s" % (name, suite, " or ".join(KNOWN_SUITES)))
    return suite


# The Debian of dom0, and with it the Xen: see versions.mk. That of the primary's programs.
HOST = suite_of("HOST")
SUITES = {"dom0": HOST, "primary": suite_of("USERLAND")}
# APPS=1: the primary has more programs, those of tests/apps.
APPS = os.environ.get("APPS") == "1"
SIZE_MIB = {"dom0": 2560, "primary": 6144 if APPS else 3072}
RESERVED_PERCENT = {"dom0": 0, "primary": 1}     # of the blocks, for root alone
KEEP = 2 * int(os.environ.get("VIRTUOS_CACHE_KEEP", 3))
FORMAT = "3"            # raise when the way images are made changes


class ImageError(Exception):
    pass


def say(text):
    print("host: " + text, file=sys.stderr, flush=True)


def run(argv, **kw):
    r = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kw)
    if r.returncode:
        tail = r.stdout.decode(errors="replace")[-3000:]
        raise ImageError("%s failed (%d):\n%s" % (argv[0], r.returncode, tail))
    return r.stdout


def digest(*parts):
    """A short key over strings and the contents of files (given as ('file', path))."""
    h = hashlib.sha256()
    for p in parts:
        if isinstance(p, tuple):
            with open(p[1], "rb") as f:
                p = hashlib.file_digest(f, "sha256").hexdigest() \
                    if hasattr(hashlib, "file_digest") else hashlib.sha256(f.read()).hexdigest()
        h.update(p.encode() + b"\0")
    return h.hexdigest()[:16]


class Lock:
    """Serialises those who would make the same thing, in this and other processes."""

    def __init__(self, name):
        os.makedirs(os.path.join(CACHE, "locks"), exist_ok=True)
        self.path = os.path.join(CACHE, "locks", name)

    def __enter__(self):
        self.file = open(self.path, "w")
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self.file.close()


def prune(pattern, keep):
    found = sorted(glob.glob(os.path.join(CACHE, pattern)), key=os.path.getmtime)
    for old in found[:-keep]:
        shutil.rmtree(old, ignore_errors=True)


def version(name, suite):
    """A value of versions.mk; that of another suite than Debian's own here has its name as a suffix."""
    with open(os.path.join(TOP, "versions.mk")) as f:
        values = dict(line.rstrip("\n").split("=", 1) for line in f if "=" in line and line[0] != "#")
    return values[name if suite == values["DEBIAN_SUITE"] else "%s_%s" % (name, suite)]


def apps_of(role):
    """What names of a role have in addition with APPS=1."""
    return ".apps" if APPS and role == "primary" else ""


def packages(role):
    """The packages of a role, with those that it needs in its suite alone, and for tests/apps."""
    named, lists = [], [role + ".packages", "%s.packages.%s" % (role, SUITES[role])]
    if apps_of(role):
        lists.append(role + ".packages" + apps_of(role))
    for name in lists:
        path = os.path.join(SETTINGS, name)
        with open(path if os.path.exists(path) else os.devnull) as f:
            named += [w for w in (line.split("#")[0].strip() for line in f) if w]
    return [w.replace("@XEN_SERIES@", version("XEN_SERIES", SUITES[role])) for w in named]


def place_of(role):
    """The name in the cache: a role of another suite than Debian's own here has one of its own."""
    name = role + apps_of(role)
    return name if SUITES[role] == "bookworm" else "%s@%s" % (name, SUITES[role])


def setup_hooks(role):
    """The scripts that set a role up; one for its suite alone, or for tests/apps, comes last."""
    names = ["common-setup", role + "-setup", "%s-setup-%s" % (role, SUITES[role])]
    if apps_of(role):
        names.append(role + "-setup" + apps_of(role))
    hooks = [os.path.join(SETTINGS, n) for n in names]
    return hooks[:2] + [h for h in hooks[2:] if os.path.exists(h)]


def of_suite(suites, suite):
    """Of the suites in an entry of this machine's, those of @suite that stand for them."""
    own = version("DEBIAN_SUITE", "bookworm")
    wanted = (own, own + "-updates", own + "-security")
    return [s.replace(own, suite, 1) for s in suites if s in wanted]


def debian_sources(into, suite):
    """The system's own Debian entries, for this suite; no mirror is named here."""
    out = os.path.join(into, "debian.sources")
    stanzas = []
    for path in sorted(glob.glob("/etc/apt/sources.list.d/*.sources")):
        with open(path) as f:
            text = "\n".join(x for x in f.read().split("\n") if not x.startswith("#"))
        for stanza in text.split("\n\n"):
            fields = dict(x.split(":", 1) for x in stanza.split("\n") if ":" in x and x[0] != " ")
            suites = of_suite(fields.get("Suites", "").split(), suite)
            if not suites or "deb" not in fields.get("Types", "").split():
                continue
            if "debian-archive" not in fields.get("Signed-By", "debian-archive"):
                continue
            fields.update(Types=" deb", Suites=" " + " ".join(suites), Components=" main")
            stanzas.append("".join("%s:%s\n" % kv for kv in fields.items()))
    if stanzas:
        with open(out, "w") as f:
            f.write("\n".join(stanzas))
        return out
    out = os.path.join(into, "debian.list")
    lines = []
    for path in ["/etc/apt/sources.list"] + sorted(glob.glob("/etc/apt/sources.list.d/*.list")):
        if os.path.exists(path):
            with open(path) as f:
                lines += [x.replace(" bookworm", " " + suite) for x in f if x.startswith("deb ")
                          and " bookworm" in x and "backports" not in x and " main" in x]
    if not lines:
        raise ImageError("no Debian entry in the apt sources of this machine")
    with open(out, "w") as f:
        f.writelines(lines)
    return out


def base(role):
    """The tar archive of the plain Debian for a role; made when it is not cached."""
    hooks, suite = setup_hooks(role), SUITES[role]
    key = digest(suite, " ".join(packages(role)), *[("file", h) for h in hooks])
    place = os.path.join(CACHE, "images", "base-%s-%s" % (place_of(role), key))
    tar = os.path.join(place, "root.tar")
    if os.path.exists(tar):
        os.utime(place)
        return tar, key
    say("%s: bootstrapping Debian %s (%d packages named), about 1 min" % (role, suite, len(packages(role))))
    begun = time.time()
    os.makedirs(os.path.join(CACHE, "images"), exist_ok=True)
    tmp = tempfile.mkdtemp(prefix="tmp-", dir=os.path.join(CACHE, "images"))
    try:
        run(["mmdebstrap", "--quiet", "--variant=minbase", "--include=" + ",".join(packages(role)),
             "--essential-hook=mkdir -p \"$1/etc/initramfs-tools/conf.d\"; "
             "echo MODULES=list > \"$1/etc/initramfs-tools/conf.d/driver-policy\"",
             *["--customize-hook=" + h for h in hooks],
             suite, os.path.join(tmp, "root.tar"), debian_sources(tmp, suite)])
        os.rename(tmp, place)
    finally:
        shutil.rmtree(tmp, ignore_errors=True)
    prune("images/base-%s-*" % place_of(role), KEEP)
    say("%s: bootstrapped in %d s" % (role, time.time() - begun))
    return tar, key


def companions(deb):
    """The packages that a dom0 installs: @deb, that of virtuos, and those beside it that it needs."""
    place, name = os.path.split(deb)
    if "+deb" in name:          # tools of another Debian; the others are the same packages
        place, name = os.path.dirname(place), name.split("+deb")[0] + "_amd64.deb"
    return [deb] + [os.path.join(place, name.replace("virtuos_", part + "_", 1))
                    for part in ("virtuos-kernels", "virtuos-guest")]


def find_deb():
    """The virtuos package that `make deb` leaves under build/; None before there is one."""
    if os.environ.get("VIRTUOS_DEB"):
        return os.environ["VIRTUOS_DEB"]
    place = BUILD if HOST == "bookworm" else os.path.join(BUILD, HOST)
    found = glob.glob(os.path.join(place, "virtuos_*.deb"))
    return max(found, key=os.path.getmtime) if found else None


def find_agent(role, deb, unpacked):
    """The vexec agent: for the primary that of virtuos-guest; dom0's needs to speak no vchan."""
    names = [os.path.join(BUILD, "dom0-tools/virtuos-agent")]
    if role == "dom0":
        names.insert(0, os.path.join(BUILD, "dom0-tools/virtuos-agent-device"))
    elif deb:
        names.insert(0, os.path.join(unpacked, "usr/lib/virtuos/virtuos-agent"))
    for path in names:
        if os.path.isfile(path):
            return path
    raise ImageError("no agent: build the package first (make deb)")


# What the primary has of the package besides its agent: where it is built, where it goes.
OF_PACKAGE = {
    "libsyscall-forward.so": ("libsyscall-forward", "usr/lib/virtuos", 0o644),
    "virtuos-perf": ("dom0-tools", "usr/bin", 0o755),
    "kheaders.ko": ("initrd", "usr/lib/virtuos", 0o644),
}


def find_of_package(name, deb, unpacked):
    """A file for the primary: the package's."""
    names = [os.path.join(unpacked, "usr/lib/virtuos", name)] if deb else []
    for path in names + [os.path.join(BUILD, OF_PACKAGE[name][0], name)]:
        if os.path.isfile(path):
            return path
    raise ImageError("no %s: build the package first (make deb)" % name)


def install(src, dst, mode=0o644):
    os.makedirs(os.path.dirname(dst), exist_ok=True)
    shutil.copyfile(src, dst)
    os.chmod(dst, mode)


def enable(root, path, wants="sysinit.target.wants"):
    """Install a unit and have the target want it."""
    unit = os.path.basename(path)
    install(path, os.path.join(root, "etc/systemd/system", unit))
    links = os.path.join(root, "etc/systemd/system", wants)
    os.makedirs(links, exist_ok=True)
    os.symlink("/etc/systemd/system/" + unit, os.path.join(links, unit))


def layer_dom0(root, agent, _):
    """The rig's own hand in dom0; the virtuos package is installed in the running dom0."""
    install(agent, os.path.join(root, "usr/local/lib/rig/virtuos-agent"), 0o755)
    enable(root, RIG_UNIT)
    install(UDEV_SETTINGS, os.path.join(root, "etc/systemd/system/systemd-udev-trigger.service.d/rig.conf"))


def layer_primary(root, agent, files):
    for path in files:
        name = os.path.basename(path)
        install(path, os.path.join(root, OF_PACKAGE[name][1], name), OF_PACKAGE[name][2])
    install(agent, os.path.join(root, "usr/lib/virtuos/virtuos-agent"), 0o755)
    enable(root, AGENT_UNIT)
    install(BARE_INIT, os.path.join(root, BARE_INIT_AT[1:]), 0o755)
    with open(os.path.join(root, "etc/resolv.conf"), "w") as f:
        f.write("nameserver 10.0.2.3\n")


LAYER = {"dom0": layer_dom0, "primary": layer_primary}


def pack(root, role, out):
    """An ext4 image of a directory; sparse, with owners and modes as they stand."""
    with open(out, "wb") as f:
        f.truncate(SIZE_MIB[role] << 20)
    run(["mke2fs", "-q", "-t", "ext4", "-L", role, "-m", str(RESERVED_PERCENT[role]),
         "-E", "lazy_itable_init=1,nodiscard", "-d", root, out])


def image(role, deb=None):
    """A role's image, made if it is not there: its directory and its key."""
    with Lock("image-" + role):
        return make_image(role, deb)


def make_image(role, deb):
    """The directory with a role's finished image (disk.raw; dom0: vmlinuz, initrd too), and its key."""
    tar, base_key = base(role)
    images = os.path.join(CACHE, "images")
    with tempfile.TemporaryDirectory(prefix="tmp-", dir=images) as tmp:
        unpacked = os.path.join(tmp, "deb")
        if deb:
            run(["dpkg-deb", "-x", companions(deb)[-1], unpacked])
        agent = find_agent(role, deb, unpacked)
        files = [find_of_package(n, deb, unpacked) for n in OF_PACKAGE] if role == "primary" else []
        key = digest(base_key, str(SIZE_MIB[role]), FORMAT,
                     *[("file", p) for p in INPUTS[role] + [agent] + files])
        place = os.path.join(images, "%s-%s" % (place_of(role), key))
        if os.path.exists(place):
            os.utime(place)
            return place, key
        begun = time.time()
        say("%s: making the disk image" % role)
        root, new = os.path.join(tmp, "root"), os.path.join(tmp, "new")
        os.mkdir(root)
        os.mkdir(new)
        run(["tar", "-C", root, "-xpf", tar, "--xattrs", "--xattrs-include=*", "--numeric-owner",
             "--exclude=./dev/*"])
        # A fixed id: without one every boot is a "first boot" (and mmdebstrap removes it).
        with open(os.path.join(root, "etc/machine-id"), "w") as f:
            f.write(digest(role) * 2 + "\n")
        LAYER[role](root, agent, files)
        if role == "dom0":
            for name in ("vmlinuz", "initrd.img"):
                shutil.copyfile(max(glob.glob(os.path.join(root, "boot", name + "-*"))),
                                os.path.join(new, name))
        pack(root, role, os.path.join(new, "disk.raw"))
        os.rename(new, place)
    prune("images/%s-*" % place_of(role), KEEP)
    say("%s: image made in %d s" % (role, time.time() - begun))
    return place, key


def main():
    p = argparse.ArgumentParser()
    p.add_argument("role", choices=sorted(LAYER))
    p.add_argument("--deb", default=find_deb())
    a = p.parse_args()
    try:
        print(image(a.role, a.deb)[0])
    except ImageError as e:
        sys.exit("image.py: %s" % e)


if __name__ == "__main__":
    main()
