# SPDX-License-Identifier: GPL-2.0-only
"""dpkg installs and purges twenty packages, with the storage domain killed meanwhile."""
from meanwhile import killed_meanwhile, ran

TIMEOUT = 600

LIST = "find /usr /etc /srv -xdev ! -path '/etc/ld.so.cache' -printf '%p %y %m %U %G %l\n' | sort > "

INSTALL = """
set -e
export DEBIAN_FRONTEND=noninteractive
dpkg --status-fd 1 -i /srv/debs/*.deb 2>&1
"""

# dpkg -V says nothing of a package whose files are what it installed.
VERIFY = """
set -e
names=$(for d in /srv/debs/*.deb; do dpkg-deb -f $d Package; done)
dpkg --audit
dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n' $names | grep -v ' ii $' || true
dpkg -V $names
"""

# mawk is needed by all that is left.
PURGE = """
set -e
export DEBIAN_FRONTEND=noninteractive
names=$(for d in /srv/debs/*.deb; do dpkg-deb -f $d Package; done | grep -v mawk)
dpkg --status-fd 1 --purge $names 2>&1
"""

LEFT = """
names=$(for d in /srv/debs/*.deb; do dpkg-deb -f $d Package; done | grep -v mawk)
dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n' $names 2>/dev/null | grep -v ' un $'
dpkg --audit
find / -xdev \( -name '*.dpkg-new' -o -name '*.dpkg-tmp' \)
diff /root/before /root/after
"""

USE = ("echo '3*4' | bc; echo 'print(6*7)' | lua5.4 -; echo a | m4; "
       "cd /root; zip -q z.zip before; unzip -p z.zip | cmp - before")


def test_install(host):
    ran(host, LIST + "/root/before")
    killed_meanwhile(host, INSTALL, "m4: unpacked")
    assert ran(host, VERIFY) == "", "what dpkg -V or --audit says"
    assert ran(host, USE).split() == ["12", "42", "a"]


def test_purge(host):
    killed_meanwhile(host, PURGE, "m4: half-installed")
    ran(host, LIST + "/root/after")
    assert host.primary(LEFT).stdout == b"", "what was left"


def test_install_again(host):
    killed_meanwhile(host, INSTALL, "Setting up file")
    assert ran(host, VERIFY) == "", "what dpkg -V or --audit says"
