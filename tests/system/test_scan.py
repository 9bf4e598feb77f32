# SPDX-License-Identifier: GPL-2.0-only
"""virtuos scan, check and report on a host with an IOMMU, a NIC and two disks."""
import json

from test_recovery import out

NIC, DISK = "0000:00:03.0", "0000:01:00.0"


def rows(host):
    """The line of each device."""
    lines = [line.split() for line in out(host.dom0("virtuos scan")).splitlines()]
    return {w[1]: " ".join(w) for w in lines if len(w) > 2 and w[1].startswith("0000:")}


def test_scan_knows_who_uses_what(host):
    found = rows(host)
    ids = {d["role"]: d["id"] for d in json.loads(out(host.dom0("virtuos list --json")))}
    assert "pciback" in found[NIC] and found[NIC].endswith("domain %d has it" % ids["network"]), found
    assert "pciback" in found[DISK] and found[DISK].endswith("domain %d has it" % ids["storage"]), found
    assert [r for r in found.values() if r.endswith("domain 0 uses it: / (vda)")], found


def test_scan_writes_what_check_accepts(host):
    command = "virtuos scan --write /root/scan.cfg"
    out(host.dom0(command))
    text = out(host.dom0("cat /root/scan.cfg"))
    assert "net_vif" in text and "target=/var/lib/virtuos/root.img" in text, text
    out(host.dom0("%s --force %s --force %s" % (command, NIC, DISK)))
    text = out(host.dom0("cat /root/scan.cfg"))
    assert 'net_pci = [ "%s" ]' % NIC in text and 'storage_pci = [ "%s" ]' % DISK in text, text
    assert "net_vif" in out(host.dom0("cat /root/scan.cfg.old"))
    checked = host.dom0("virtuos check /root/scan.cfg")
    assert checked.status == 0, checked.stdout
    assert host.dom0("virtuos scan --force 0000:00:00.0").status == 1


def test_check_sees_another_system(host):
    """The same devices and names, wanted by a second system."""
    out(host.dom0("""sed 's/^primary = .*/primary = "second"/' /etc/virtuos/virtuos.cfg >/root/second.cfg"""))
    checked = host.dom0("virtuos check /root/second.cfg")
    text = checked.stdout.decode()
    assert checked.status == 1
    for line in ("net: a domain of this name runs already", "net: another system that is up has a domain of this name",
                 "net: PCI device 00:03.0 belongs to net, which is up", "net: net, which is up, has the address 10.0.2.15",
                 "storage: PCI device 0000:01:00.0: domain "):
        assert "LACKS   " + line in text, (line, text)
    assert text.count("LACKS") == text.count("remedy: "), text


def test_report_has_it_all(host):
    said = out(host.dom0("cd /root && virtuos report -o r.tar.gz"))
    assert said.startswith("r.tar.gz: "), said
    names = out(host.dom0("tar -tzf /root/r.tar.gz"))
    for part in ("README", "list.json", "xl-dmesg.txt", "primary-dmesg.txt", "etc-virtuos-virtuos.cfg",
                 "var-log-xen-console-guest-net.log"):
        assert "virtuos-report/%s\n" % part in names, (part, names)
    index = out(host.dom0("tar -xzOf /root/r.tar.gz virtuos-report/README"))
    wrong = [line for line in index.splitlines() if ": " in line and "lspci" not in line]
    assert not wrong, wrong
    assert "Linux version" in out(host.dom0("tar -xzOf /root/r.tar.gz virtuos-report/primary-dmesg.txt"))
    assert out(host.dom0("stat -c %a /root/r.tar.gz; ls -d /tmp/virtuos-report.* 2>/dev/null | wc -l")).split() == ["600", "0"]
    again = host.dom0("virtuos report -o /root/r.tar.gz; rm /root/r.tar.gz")
    assert b"File exists" in again.stderr, again.stderr
    assert host.dom0("virtuos report extra").status == 2
