# SPDX-License-Identifier: GPL-2.0-only
"""nginx under its clients: ab, wrk and curl; connections kept or not; plain, TLS, IPv6."""
import re

from net_common import put, run

TIMEOUT = 290

CONFIG = """
worker_processes 2;
pid /tmp/ng/pid;
error_log /tmp/ng/error.log warn;
events { worker_connections 512; }
http {
    access_log off;
    ssl_certificate /tmp/ng/cert.pem;
    ssl_certificate_key /tmp/ng/key.pem;
    client_body_temp_path /tmp/ng/body;
    server {
        listen 8080;
        listen [::]:8080;
        listen 8443 ssl http2;
        root /tmp/ng/web;
        sendfile on;
        tcp_nopush on;
    }
    server {
        listen 8081;
        root /tmp/ng/web;
        sendfile off;
        gzip on;
        gzip_types application/octet-stream;
    }
}
"""

START = r"""
mkdir -p /tmp/ng/web
cd /tmp/ng
[ -e cert.pem ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
	-subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem 2>/dev/null
for k in 4 100 1024 10240; do [ -e web/$k ] || head -c ${k}K /dev/urandom >web/$k; done
rm -f error.log
server log nginx -c /tmp/ng/nginx.conf -g 'daemon off;'
until_ok curl -so /dev/null http://127.0.0.1:8080/4
"""
# What nginx itself complains of.
QUIET = """
stop
[ ! -s error.log ] || fail "$(head -5 error.log)"
"""


def load(host, script):
    put(host, "/tmp/ng/nginx.conf", CONFIG)
    return run(host, START + script + QUIET)


def answered(text, runs, requests):
    """Each of so many runs of ab had all its requests answered well."""
    assert [int(n) for n in re.findall(r"Complete requests:\s+(\d+)", text)] == [requests] * runs, text
    assert re.findall(r"Failed requests:\s+(\d+)", text) == ["0"] * runs, text
    assert "Non-2xx" not in text, text


def test_ab_keeps_connections(host):
    text = load(host, "for port in 8080 8081; do ab -q -k -c 8 -n 150 http://127.0.0.1:$port/4; done\n")
    answered(text, 2, 150)
    assert re.findall(r"Keep-Alive requests:\s+(\d+)", text) == ["150"] * 2, text


def test_ab_makes_connections(host):
    text = load(host, "for at in 127.0.0.1 '[::1]'; do ab -q -c 16 -n 100 http://$at:8080/4; done\n")
    answered(text, 2, 100)


def test_ab_of_a_megabyte(host):
    text = load(host, "ab -q -k -c 4 -n 10 http://127.0.0.1:8080/1024\n"
                      "ab -q -c 4 -n 10 http://127.0.0.1:8081/1024\n")
    answered(text, 2, 10)
    assert re.findall(r"HTML transferred:\s+(\d+) bytes", text) == [str(10 << 20)] * 2, text


def test_ab_by_tls(host):
    answered(load(host, "ab -q -k -c 4 -n 40 https://127.0.0.1:8443/100\n"
                        "ab -q -c 4 -n 40 -f TLS1.2 https://127.0.0.1:8443/4\n"), 2, 40)


def test_wrk(host):
    text = load(host, "wrk -t 2 -c 16 -d 3 http://127.0.0.1:8080/4\n"
                      "wrk -t 1 -c 8 -d 3 -H 'Connection: close' http://127.0.0.1:8080/4\n"
                      "wrk -t 1 -c 4 -d 3 https://127.0.0.1:8443/100\n")
    counts = [int(n) for n in re.findall(r"(\d+) requests in", text)]
    assert len(counts) == 3 and min(counts) > 10, text
    assert "Socket errors" not in text and "Non-2xx" not in text, text


FILES = r"""
get() { curl -fsS --cacert cert.pem -o got "$@"; }
for k in 4 100 1024 10240; do
	get http://127.0.0.1:8080/$k; same got web/$k
	get -g "http://[::1]:8080/$k"; same got web/$k
	[ $k = 10240 ] && continue
	get --compressed http://127.0.0.1:8081/$k; same got web/$k
	get --http1.1 https://localhost:8443/$k; same got web/$k
	get --http2 https://localhost:8443/$k; same got web/$k
done
get -r 5000-900000 http://127.0.0.1:8080/1024
dd if=web/1024 of=part bs=1M iflag=skip_bytes,count_bytes,fullblock skip=5000 count=895001 status=none
same got part
get --limit-rate 1M http://127.0.0.1:8080/1024; same got web/1024
"""


def test_files_arrive_whole(host):
    load(host, FILES)


PARALLEL = r"""
mkdir -p all; rm -f all/*
curl -fsS -Z --parallel-max 12 --resolve four:8080:127.0.0.1 --resolve six:8080:[::1] \
	-o 'all/#1.#2' "http://{four,six}:8080/100?[1-12]"
[ $(ls all | wc -l) = 24 ] || fail "$(ls all)"
for f in all/*; do same $f web/100; done
rm -r all
"""


def test_curl_in_parallel_by_both_protocols(host):
    load(host, PARALLEL)


RELOAD = r"""
ab -q -c 4 -n 150 http://127.0.0.1:8080/4 & ab=$!
for i in 1 2 3; do sleep 0.7; nginx -c /tmp/ng/nginx.conf -s reload; done
wait $ab
"""


def test_reload_under_load(host):
    """The new workers inherit the listening sockets; nobody's connection fails."""
    answered(load(host, RELOAD), 1, 150)
