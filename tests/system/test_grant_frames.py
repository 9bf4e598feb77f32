# SPDX-License-Identifier: GPL-2.0-only
"""primary_max_grant_frames: the primary has as many frames, or a clear line says why not."""
import json
import re

from test_recovery import out

TIMEOUT = 600

CONFIGURE = r"""
set -e
virtuos down
sed -i /^primary_max_grant_frames/d /etc/virtuos/virtuos.cfg
echo 'primary_max_grant_frames = %d' >> /etc/virtuos/virtuos.cfg
"""


def frames_of(host):
    """What libxl asked Xen for. That Xen obeys is seen where it refuses."""
    config = json.loads(out(host.dom0("xl list -l primary")))[0]["config"]
    return config["b_info"]["max_grant_frames"]


def bounded(host):
    """Up to Xen 4.17 no domain has more than Xen's command line says."""
    major, minor = re.search(r"xen_version +: (\d+)\.(\d+)", out(host.dom0("xl info"))).groups()
    return (int(major), int(minor)) < (4, 18)


def test_frames_are_as_configured(host):
    out(host.dom0(CONFIGURE % 48))
    out(host.dom0("virtuos up", timeout=300))
    assert frames_of(host) == 48
    out(host.dom0(CONFIGURE % 128))
    check = host.dom0("virtuos check")
    up = host.dom0("virtuos up", timeout=300)
    if not bounded(host):
        assert up.status == 0, up
        assert frames_of(host) == 128
        return
    assert check.status != 0 and b"this Xen gives at most 64" in check.stdout, check
    assert up.status != 0, up
    log = out(host.dom0("journalctl -q -o cat --since=-60s SYSLOG_IDENTIFIER=virtuosd")).encode()
    assert b"was booted for 64 grant frames, primary_max_grant_frames is 128" in up.stderr + log, up
    left = out(host.dom0("xl list")).split("\n", 1)[1]
    assert "primary" not in left, left
