# SPDX-License-Identifier: GPL-2.0-only
"""Installing from a repository, upgrading and purging, in trees of Debian 12 and 13."""
import os
import tempfile

from tree import make_repo, other_version, our_packages, tree, version_0_1

MACHINE = False
TIMEOUT = 1800
CONFIGURATION = "etc/virtuos/virtuos.cfg"
WANTED = "etc/systemd/system/sysinit.target.wants/virtuos-agent.service"


def names(packages):
    return sorted(os.path.basename(p).split("_")[0] for p in packages)


def check_installed(t):
    """All is there, and starts by itself where it should."""
    for path in ("usr/sbin/virtuos", "usr/sbin/virtuosd", "usr/lib/virtuos/primary/vmlinuz",
                 "usr/lib/virtuos/network/initrd.img", "usr/lib/virtuos/virtuos-agent", "usr/bin/virtuos-perf",
                 "lib/systemd/system/virtuos.service", "usr/share/man/man8/virtuos.8.gz"):
        assert os.path.isfile(t.path(path)), path
    assert "virtuos" in t.run("virtuos", "--version").stdout
    assert os.path.islink(t.path(WANTED))
    assert not os.path.lexists(t.path("etc/systemd/system/multi-user.target.wants/virtuos.service"))
    assert t.run("dpkg", "--audit").stdout == ""


def check_purge(t, before):
    os.makedirs(t.path("var/log/virtuos"), exist_ok=True)
    with open(t.path(CONFIGURATION + ".old"), "w") as f:
        f.write("# as virtuos scan --write leaves it\n")
    t.apt("purge", *names(our_packages()))
    assert t.versions() == {}, t.versions()
    after = t.files()
    assert after == before, sorted(set(after.items()) ^ set(before.items()))
    assert not os.path.exists(t.path("var/log/virtuos"))


def upgrade_from(t, old, where):
    """Install old packages from a repository, change the configuration, upgrade, purge."""
    before = t.files()
    for name, packages in (("old", old), ("new", our_packages())):
        make_repo(os.path.join(where, name), packages, where)
    t.use(os.path.join(where, "old"))
    t.apt("update")
    t.apt("install", *names(old))
    with open(t.path(CONFIGURATION), "a") as f:
        f.write("# the administrator's\n")
    t.use(os.path.join(where, "new"))
    t.apt("update")
    t.apt("upgrade", "--with-new-pkgs")
    t.apt("install", *names(our_packages()))
    assert len(set(t.versions().values())) == 1, t.versions()
    check_installed(t)
    with open(t.path(CONFIGURATION)) as f:
        assert f.read().endswith("# the administrator's\n")
    check_purge(t, before)


def test_upgrade_from_a_lower_version_and_purge():
    with tree("bookworm") as t, tempfile.TemporaryDirectory() as where:
        upgrade_from(t, [other_version(p, "0.2.0~before", where) for p in our_packages()], where)


def test_upgrade_from_the_one_package_of_0_1():
    with tree("bookworm") as t, tempfile.TemporaryDirectory() as where:
        upgrade_from(t, [version_0_1(where)], where)


def test_a_repository_with_another_signature_is_refused():
    with tree("bookworm") as t, tempfile.TemporaryDirectory() as where:
        repo = os.path.join(where, "repo")
        make_repo(repo, our_packages(), os.path.join(where, "one"))
        t.use(repo)
        key = t.path("etc/apt/keyrings/virtuos-archive-keyring.gpg")
        with open(key, "rb") as f:
            first = f.read()
        make_repo(repo, our_packages(), os.path.join(where, "other"))
        t.use(repo)
        with open(key, "wb") as f:
            f.write(first)
        r = t.apt("update", "-oAPT::Update::Error-Mode=any", ok=False)
        assert r.returncode and "signatures couldn't be verified" in r.stdout, r.stdout
        assert t.apt("install", "virtuos", ok=False).returncode


def test_what_a_primary_of_debian_13_needs_installs_there():
    guest = [p for p in our_packages() if "virtuos-guest_" in p or "virtuos-kernels_" in p]
    with tree("trixie") as t, tempfile.TemporaryDirectory() as where:
        before = t.files()
        make_repo(os.path.join(where, "repo"), guest, where)
        t.use(os.path.join(where, "repo"))
        t.apt("update")
        t.apt("install", *names(guest))
        assert os.path.islink(t.path(WANTED))
        assert "virtuos-perf" in t.run("virtuos-perf", "--version").stdout
        t.apt("purge", *names(guest))
        after = t.files()
        assert after == before, sorted(set(after.items()) ^ set(before.items()))
