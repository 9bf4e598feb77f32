# SPDX-License-Identifier: GPL-2.0-only
"""The outside world of the emulated host: servers and clients on this machine's
loopback, which the emulated network sees as 10.0.2.2.

Used by demo.py and the system tests.
"""
import http.server
import socket
import socketserver
import threading
import time
import urllib.request

from image import SLOW

OUTSIDE = "10.0.2.2"


class Page:
    """A tiny HTTP server with one page (or one per path); url is as the primary sees it."""

    def __init__(self, body=b"a page of the outside world\n", paths=None):
        pages = dict(paths or {})

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                data = pages.get(self.path, body)
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_POST(self):
                data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = "http://%s:%d/" % (OUTSIDE, self.port)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Echo:
    """TCP and UDP echo on one port; address is as the primary sees it."""

    def __init__(self):
        class Stream(socketserver.BaseRequestHandler):
            def handle(self):
                while True:
                    data = self.request.recv(65536)
                    if not data:
                        return
                    self.request.sendall(data)

        class Datagram(socketserver.BaseRequestHandler):
            def handle(self):
                self.request[1].sendto(self.request[0], self.client_address)

        self.tcp = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Stream)
        self.port = self.tcp.server_address[1]
        self.udp = socketserver.UDPServer(("127.0.0.1", self.port), Datagram)
        self.tcp.daemon_threads = True
        self.udp.max_packet_size = 65536
        self.address = "%s:%d" % (OUTSIDE, self.port)
        for server in (self.tcp, self.udp):
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in (self.tcp, self.udp):
            server.shutdown()
            server.server_close()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def fetch(port, path="/", timeout=10):
    """GET from a forwarded port; the body, or OSError."""
    url = "http://127.0.0.1:%d%s" % (port, path)
    with urllib.request.urlopen(url, timeout=timeout) as r:
        return r.read()


def wait_for(what, timeout, step=0.1):
    """Call what() until it returns something true; its value, or None after
    @timeout seconds, or SLOW times as many."""
    end = time.monotonic() + timeout * SLOW
    while True:
        try:
            value = what()
        except OSError:
            value = None
        if value:
            return value
        if time.monotonic() > end:
            return None
        time.sleep(step)
