# SPDX-License-Identifier: GPL-2.0-only
"""systemd-journald keeps its journal on storage: rotated, verified, with the domain killed meanwhile."""
from meanwhile import killed_meanwhile, ran
from outside import wait_for

TIMEOUT = 600

PERSISTENT = """
set -e
mkdir -p /var/log/journal /etc/systemd/journald.conf.d
systemd-tmpfiles --create --prefix /var/log/journal 2>&1
printf '[Journal]\\nStorage=persistent\\nRateLimitBurst=0\\nSystemMaxFileSize=512K\\nSystemMaxUse=64M\\n' \\
    > /etc/systemd/journald.conf.d/test.conf
systemctl restart systemd-journald
journalctl --flush
ls /var/log/journal/$(cat /etc/machine-id)/system.journal
"""

LINES = """
set -e
for part in $(seq 12); do
    seq -f "part $part line %%g" 150 | logger -t %s
    [ $part != 3 ] || echo begun
    [ $(($part %% 4)) != 0 ] || journalctl --rotate
done
journalctl --sync
"""

EXPECTED = sorted("part %d line %d" % (p, n) for p in range(1, 13) for n in range(1, 151))


def verified(host):
    """No file of the journal is found broken; files that were set aside as corrupt there are none."""
    result = host.primary("journalctl --sync; journalctl --rotate; journalctl --verify 2>&1")
    assert result.status == 0 and b"FAIL" not in result.stdout, result.stdout.decode()
    assert ran(host, "find /var/log/journal -name '*~'") == ""


def lines(host, tag):
    return ran(host, "journalctl -q -o cat -t " + tag).rstrip("\n").split("\n")


def test_persistent(host):
    assert "system.journal" in ran(host, PERSISTENT)


def test_lines(host):
    killed_meanwhile(host, LINES % "lines")
    assert sorted(lines(host, "lines")) == EXPECTED
    verified(host)
    assert int(ran(host, "ls /var/log/journal/*/*.journal | wc -l")) >= 4


def test_killed_itself(host):
    killed_meanwhile(host, "(sleep 2; systemctl kill -s KILL systemd-journald; sleep 1; echo begun) & "
                           "set -e; for i in $(seq 40); do echo $i | logger -t self || :; "
                           "sleep 0.2; done; wait")
    assert wait_for(lambda: host.primary("echo last | logger -t self; journalctl --sync; "
                                         "journalctl -q -o cat -t self | grep -q last").status == 0, 60)
    got = lines(host, "self")
    assert "1" in got and "40" in got, got
    result = host.primary("journalctl --rotate; journalctl --verify 2>&1 | grep -v '~ ' | grep FAIL")
    assert result.stdout == b"", result.stdout.decode()


def test_vacuum(host):
    before = int(ran(host, "du -sk /var/log/journal").split()[0])
    killed_meanwhile(host, "for i in 1 2 3 4 5 6; do logger -t vacuum $i; journalctl -q --rotate; "
                           "[ $i != 2 ] || echo begun; done; journalctl --vacuum-size=1M 2>&1")
    files = ran(host, "ls /var/log/journal/*/*@*.journal 2>/dev/null | wc -l")
    after = int(ran(host, "du -sk /var/log/journal").split()[0])
    assert after < before, (before, after, files)
    assert lines(host, "vacuum")[-1] == "6"
    ran(host, "journalctl --verify 2>&1")
