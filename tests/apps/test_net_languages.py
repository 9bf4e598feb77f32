# SPDX-License-Identifier: GPL-2.0-only
"""Node.js with a server and clients of its own; caddy, which Go's own system calls serve."""
import re

from net_common import put, run

TIMEOUT = 290

NODE = r"""
const http = require('http'), net = require('net'), crypto = require('crypto'), http2 = require('http2');
const dns = require('dns');
dns.setDefaultResultOrder('verbatim');
const sum = b => crypto.createHash('md5').update(b).digest('hex');
const fail = m => { console.log('failed: ' + m); process.exit(1); };
process.on('uncaughtException', e => fail(e.stack));

function serve() {
    const server = http.createServer((q, a) => {
        const parts = [];
        q.on('data', p => parts.push(p));
        q.on('end', () => {
            const body = Buffer.concat(parts);
            if (q.url == '/sum') return a.end(sum(body));
            if (q.url == '/echo') return a.end(body);
            a.end('number ' + q.url.slice(1));
        });
    });
    server.keepAliveTimeout = 120000;
    return new Promise(done => server.listen(0, '::', () => done(server)));
}

function ask(options, body) {
    return new Promise((done, no) => {
        const q = http.request(options, a => {
            const parts = [];
            a.on('data', p => parts.push(p));
            a.on('end', () => done(Buffer.concat(parts)));
            a.on('error', no);
        });
        q.on('error', no);
        q.end(body);
    });
}

async function many(port, host, agent, from, to) {
    let next = from;
    async function one() {
        while (next < to) {
            const n = next++;
            const got = String(await ask({ port, host, agent, path: '/' + n }));
            if (got != 'number ' + n) fail(n + ': ' + got);
        }
    }
    await Promise.all(Array.from({ length: 16 }, one));
}

(async () => {
    const server = await serve(), port = server.address().port;
    const kept = new http.Agent({ keepAlive: true, maxSockets: 16 });
    await many(port, '127.0.0.1', kept, 0, 500);
    await many(port, '::1', kept, 500, 700);
    await many(port, '127.0.0.1', new http.Agent({ keepAlive: false }), 700, 1000);
    for (const size of [1, 70000, 2 << 20]) {
        const body = crypto.randomBytes(size);
        const method = 'POST', host = '127.0.0.1';
        const answer = String(await ask({ port, host, method, path: '/sum' }, body));
        if (answer != sum(body)) fail('sum of ' + size);
        const back = await Promise.all([1, 2, 3].map(() => ask({ port, host, method, path: '/echo' }, body)));
        if (!back.every(b => b.equals(body))) fail('echo of ' + size);
    }
    const h2 = http2.createServer((q, a) => a.end('h2 ' + q.url));
    await new Promise(done => h2.listen(0, '127.0.0.1', done));
    const c = http2.connect('http://127.0.0.1:' + h2.address().port);
    const streams = Array.from({ length: 100 }, (_, n) => new Promise(done => {
        let text = '';
        const s = c.request({ ':path': '/' + n });
        s.on('data', d => text += d);
        s.on('end', () => text == 'h2 /' + n ? done() : fail(text));
    }));
    await Promise.all(streams);
    const refused = await new Promise(done => net.connect(1, '127.0.0.1').on('error', e => done(e.code)));
    if (refused != 'ECONNREFUSED') fail(refused);
    const dgram = require('dgram');
    const u = dgram.createSocket('udp4'), v = dgram.createSocket('udp4');
    await new Promise(done => u.bind(0, '127.0.0.1', done));
    u.on('message', (m, from) => u.send(String(m).toUpperCase(), from.port, from.address));
    for (let n = 0; n < 50; n++) {
        const got = await new Promise(done => {
            v.once('message', m => done(String(m)));
            v.send('say ' + n, u.address().port, '127.0.0.1');
        });
        if (got != 'SAY ' + n) fail(got);
    }
    console.log('all equal');
    process.exit(0);
})();
"""


def test_node_serves_itself(host):
    put(host, "/tmp/nd/all.js", NODE)
    assert run(host, "node /tmp/nd/all.js 2>&1\n").strip() == "all equal"


CADDY = """
{
    admin off
    auto_https off
    storage file_system /tmp/cd/data
}
http://127.0.0.1:8091, http://[::1]:8091 {
    root * /tmp/cd/web
    file_server
}
https://localhost:8493 {
    tls /tmp/cd/cert.pem /tmp/cd/key.pem
    root * /tmp/cd/web
    file_server
}
http://127.0.0.1:8092 {
    reverse_proxy 127.0.0.1:8091 [::1]:8091
}
"""

START = r"""
mkdir -p /tmp/cd/web
cd /tmp/cd
export HOME=/tmp/cd XDG_CONFIG_HOME=/tmp/cd XDG_DATA_HOME=/tmp/cd
[ -e cert.pem ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
	-subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem 2>/dev/null
for k in 4 100 1024 10240; do [ -e web/$k ] || head -c ${k}K /dev/urandom >web/$k; done
"""

FILES = START + r"""
server log caddy file-server --listen :8090 --root /tmp/cd/web
until_ok curl -fso /dev/null http://127.0.0.1:8090/4
for k in 4 100 1024; do
	for at in 127.0.0.1 '[::1]'; do curl -gfsS http://$at:8090/$k | cmp - web/$k || fail "$at $k"; done
done
ab -q -k -c 8 -n 100 http://127.0.0.1:8090/4
ab -q -c 8 -n 40 'http://[::1]:8090/100'
wrk -t 1 -c 8 -d 3 http://127.0.0.1:8090/4
"""

PROXY = START + r"""
server log caddy run --config /tmp/cd/Caddyfile --adapter caddyfile
until_ok curl -fso /dev/null http://127.0.0.1:8092/4
for v in --http1.1 --http2; do
	curl -fsS $v --cacert cert.pem https://localhost:8493/1024 | cmp - web/1024 || fail "TLS $v"
done
curl -fsS -Z --cacert cert.pem -o 'got#1' 'https://localhost:8493/100?[1-8]'
for i in 1 2 3 4 5 6 7 8; do same got$i web/100; done
curl -fsS http://127.0.0.1:8092/10240 | cmp - web/10240 || fail proxy
ab -q -k -c 8 -n 60 http://127.0.0.1:8092/4
ab -q -c 4 -n 24 -f TLS1.2 https://localhost:8493/4
"""


def answered(text, requests):
    assert [int(n) for n in re.findall(r"Complete requests:\s+(\d+)", text)] == requests, text
    assert re.findall(r"Failed requests:\s+(\d+)", text) == ["0"] * len(requests), text
    assert "Non-2xx" not in text, text


def test_caddy_serves_files(host):
    text = run(host, FILES)
    answered(text, [100, 40])
    assert "Socket errors" not in text and int(re.search(r"(\d+) requests in", text)[1]) > 0, text


def test_caddy_as_proxy_and_by_tls(host):
    put(host, "/tmp/cd/Caddyfile", CADDY)
    answered(run(host, PROXY), [60, 24])
