# SPDX-License-Identifier: GPL-2.0-only
"""Debian trees to install packages in, and packages of other versions made of ours."""
import contextlib
import glob
import os
import shutil
import subprocess
import tempfile

import image
from image import BUILD, CACHE, TOP, Lock, companions, digest

# What virtuos needs of Debian, so that installing it needs no archive but ours.
NEEDS = {"bookworm": ["systemd-sysv", "xen-utils-4.17", "e2fsprogs", "kmod"], "trixie": ["systemd-sysv"]}
# What apt, dpkg and the programs that they start write for themselves.
THEIRS = ("var/lib/apt/", "var/lib/dpkg/", "var/cache/", "var/log/", "tmp/", "root/", "srv/", "etc/apt/")
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}


def our_packages():
    """What `make deb` left, but the symbols."""
    (deb,) = glob.glob(os.path.join(BUILD, "virtuos_*.deb"))
    return companions(deb) + glob.glob(os.path.join(BUILD, "virtuos-doc_*.deb"))


def base(suite):
    """The archive of a small Debian with what virtuos needs; made when it is not cached."""
    place = os.path.join(CACHE, "images", "base-package-%s-%s" % (suite, digest(*NEEDS[suite])))
    tar = os.path.join(place, "root.tar")
    with Lock("base-package-" + suite):
        if not os.path.exists(tar):
            image.say("bootstrapping Debian %s" % suite)
            with tempfile.TemporaryDirectory(dir=os.path.join(CACHE, "images")) as tmp:
                new = os.path.join(tmp, "new")
                os.mkdir(new)
                image.run(["mmdebstrap", "--quiet", "--variant=apt", "--include=" + ",".join(NEEDS[suite]),
                           suite, os.path.join(new, "root.tar")])
                os.rename(new, place)
        os.utime(place)
    return tar


class Tree:
    """A root file system; commands run in it by chroot."""

    def __init__(self, root):
        self.root = root

    def path(self, *names):
        return os.path.join(self.root, *(n.lstrip("/") for n in names))

    def run(self, *argv, ok=True):
        r = subprocess.run(["chroot", self.root, *argv], env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert not ok or r.returncode == 0, "%s: %s" % (" ".join(argv), r.stdout[-3000:])
        return r

    def apt(self, *argv, ok=True):
        """apt, with our repository and no other."""
        return self.run("apt-get", "-y", "-oDir::Etc::sourceparts=/srv/sources", "-oDir::Etc::sourcelist=/dev/null",
                        "-oAPT::Sandbox::User=root", *argv, ok=ok)

    def versions(self):
        """The versions of our packages that dpkg knows, by name; "": removed, not purged."""
        text = self.run("dpkg-query", "-W", "-f", "${Package} ${Version}\n", "virtuos*", ok=False).stdout
        return dict((line + " ").split(" ")[:2] for line in text.splitlines() if line.startswith("virtuos"))

    def files(self):
        """All that is there, but what package tools keep for themselves: kind and mode, or a link's target."""
        found = {}
        for place, folders, names in os.walk(self.root):
            for name in folders + names:
                full = os.path.join(place, name)
                rel = os.path.relpath(full, self.root)
                if not (rel + "/").startswith(THEIRS):
                    found[rel] = os.readlink(full) if os.path.islink(full) else oct(os.lstat(full).st_mode)
        return found

    def use(self, repo):
        """Have apt know a repository, which is copied into the tree."""
        shutil.rmtree(self.path("srv/repo"), ignore_errors=True)
        shutil.copytree(repo, self.path("srv/repo"))
        os.makedirs(self.path("srv/sources"), exist_ok=True)
        os.makedirs(self.path("etc/apt/keyrings"), exist_ok=True)
        shutil.copy(os.path.join(repo, "virtuos-archive-keyring.gpg"), self.path("etc/apt/keyrings"))
        with open(os.path.join(repo, "virtuos.sources")) as f:
            text = f.read().replace("file:" + repo, "file:/srv/repo")
        with open(self.path("srv/sources/virtuos.sources"), "w") as f:
            f.write(text)


@contextlib.contextmanager
def tree(suite):
    tar = base(suite)
    with tempfile.TemporaryDirectory(prefix="virtuos-tree-") as where:
        image.run(["tar", "-C", where, "-xpf", tar, "--numeric-owner"])
        os.chmod(where, 0o755)
        yield Tree(where)


def make_repo(to, packages, keys):
    """A repository of these packages, signed with the key that is kept, or made, in a directory."""
    env = {k: v for k, v in os.environ.items() if k not in ("GPG_KEY", "GNUPGHOME")}
    r = subprocess.run([os.path.join(TOP, "scripts/repo.sh"), to, *packages], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, env={**env, "XDG_DATA_HOME": keys})
    assert r.returncode == 0, r.stdout


def packed(folder, control, out):
    with open(os.path.join(folder, "DEBIAN/control"), "w") as f:
        f.write(control)
    image.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "-b", folder, out])
    return out


def other_version(deb, version, to):
    """The same package with another version, for what needs it as well."""
    name, now = os.path.basename(deb).split("_")[:2]
    with tempfile.TemporaryDirectory() as where:
        image.run(["dpkg-deb", "-R", deb, os.path.join(where, "tree")])
        where = os.path.join(where, "tree")
        with open(os.path.join(where, "DEBIAN/control")) as f:
            control = f.read()
        control = control.replace("Version: %s\n" % now, "Version: %s\n" % version)
        control = control.replace("(= %s)" % now, "(= %s)" % version)
        return packed(where, control, os.path.join(to, "%s_%s_%s" % (name, version, deb.rsplit("_", 1)[1])))


def version_0_1(to):
    """What version 0.1.0 was: everything in one package, and the agent with another name."""
    with tempfile.TemporaryDirectory() as where:
        for deb in companions(our_packages()[0]):
            image.run(["dpkg-deb", "-x", deb, where])
        os.mkdir(os.path.join(where, "DEBIAN"))
        lib = os.path.join(where, "usr/lib/virtuos")
        os.rename(os.path.join(lib, "virtuos-agent"), os.path.join(lib, "agent"))
        with open(os.path.join(where, "DEBIAN/conffiles"), "w") as f:
            f.write("/etc/virtuos/virtuos.cfg\n")
        return packed(where, "Package: virtuos\nVersion: 0.1.0\nArchitecture: amd64\nMaintainer: nobody <n@example.org>\n"
                      "Depends: xen-utils-4.17, kmod, e2fsprogs\nDescription: the first\n",
                      os.path.join(to, "virtuos_0.1.0_amd64.deb"))
