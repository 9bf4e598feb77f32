# SPDX-License-Identifier: GPL-2.0-only
"""CPython's own tests of sockets, waiting and network protocols (libpython3.11-testsuite)."""
import re

from outcome import FAILED, PASSED, Part

TIMEOUT = 1500

# What fails on an ordinary system as well, or where a slow processor is the cause:
UNRELATED = (
    # The signal may come while Python makes the 16 MiB to be sent, which then are sent without end.
    "test_sendall_interrupted*",
)
# One test opens all descriptors there may be, on an ordinary system half a million. The timeout
# has all of CPython's own limits grow: to 150 s where they are 30 s.
SCRIPT = """
ulimit -n 2048
cd /tmp
for t in %s; do
	python3 -m test --timeout 6000 -W %s $t >$t.log 2>&1 </dev/null
	echo "module $t $?"
	tail -c 8000 $t.log
done
"""


def part(name, status, text):
    """A module's result; that none of its tests was run is no success."""
    good = status == "0" and "Tests result: SUCCESS" in text
    return Part(name, PASSED if good else FAILED, text)


def python_tests(host, *names):
    ignored = " ".join("-i '%s'" % t for t in UNRELATED)
    r = host.primary(SCRIPT % (" ".join(names), ignored), timeout=TIMEOUT - 20)
    found = re.findall(r"^module (\w+) (\d+)\n(.*?)(?=^module |\Z)", r.stdout.decode(errors="replace"), re.S | re.M)
    assert [f[0] for f in found] == list(names), r
    return [part(*f) for f in found]


def test_waiting(host):
    return python_tests(host, "test_select", "test_selectors", "test_poll", "test_epoll", "test_eintr")


def test_sockets(host):
    return python_tests(host, "test_socket", "test_socketserver", "test_asyncore", "test_asynchat")


def test_asyncio(host):
    return python_tests(host, "test_asyncio")


def test_tls(host):
    return python_tests(host, "test_ssl")


def test_http(host):
    return python_tests(host, "test_httplib", "test_urllib2_localnet", "test_httpservers", "test_xmlrpc",
                        "test_wsgiref", "test_docxmlrpc")


def test_mail_and_files(host):
    return python_tests(host, "test_ftplib", "test_smtplib", "test_poplib", "test_imaplib", "test_nntplib",
                        "test_telnetlib", "test_smtpd")


def test_processes_that_use_sockets(host):
    return python_tests(host, "test_logging", "test_multiprocessing_main_handling")
