#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
"""web_service.py PORT_FILE REQUESTS [PORT [CERTIFICATES]]: an HTTP server for the tests of `consume --http`.

With a folder of tests/support/make-certs it speaks TLS. Writes its port into PORT_FILE, and each request as a line of JSON into REQUESTS. The path decides about
the answer: /ok, /csv (200 and "a,b" as text/csv), /reply (200 and {"got":BODY}, or 2,000 bytes for "long"), /status/N, /busy/N (429 once for each event, with Retry-After N), /date (503 once for
each event, with a date two seconds from now), /echo (400 with the request's headers), /without/N (422 where a post_id
can be divided by N), /later/N (503 for the first N requests), /stuck/N (no answer to post N), /silent, /half
(half a head), /huge (1 GB), /reset, /slow (204 after a second), /away (a redirect to another origin), /moved (one
to /ok)."""

import email.utils
import http.server
import json
import socket
import ssl
import struct
import sys
import threading
import time

lock = threading.Lock()
seen = set()


def posts_in(body):
    """The post_ids of a batch of CloudEvents."""
    return [event["data"]["post_id"] for event in json.loads(body)]


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def once(self, *answer, **headers):
        with lock:
            new = self.headers["ce-id"] not in seen
            seen.add(self.headers["ce-id"])
        if new:
            self.answer(*answer, **headers)
        else:
            self.answer(204)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = {
            "at": time.time(),
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": body.decode("utf-8", "replace"),
        }
        with lock:
            with open(sys.argv[2], "a") as requests:
                requests.write(json.dumps(request) + "\n")
        word, _, rest = self.path.split("?")[0].strip("/").partition("/")
        if word == "reply":
            long = body == b'"long"'
            self.answer(200, b"x" * 2000 if long else b'{"got":%s}' % body)
        elif word == "csv":
            self.answer(200, b"a,b", Content_Type="text/csv")
        elif word == "status":
            self.answer(int(rest), b"the service says no")
        elif word == "without":
            bad = any(post % int(rest) == 0 for post in posts_in(body))
            self.answer(422 if bad else 204, b"" if not bad else b"bad post")
        elif word == "later":
            with open(sys.argv[2]) as requests:
                early = sum(1 for _ in requests) <= int(rest)
            self.answer(503 if early else 204)
        elif word == "stuck" and int(rest) in posts_in(body):
            threading.Event().wait()
        elif word == "busy":
            self.once(429, Retry_After=rest)
        elif word == "date":
            self.once(503, Retry_After=email.utils.formatdate(int(time.time()) + 2, usegmt=True))
        elif word == "echo":
            self.answer(400, str(self.headers).encode())
        elif word == "silent":
            threading.Event().wait()
        elif word == "half":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")
            threading.Event().wait()
        elif word == "huge":
            self.send_response(200)
            self.send_header("Content-Length", str(1 << 30))
            self.end_headers()
            try:
                for _ in range(1024):
                    self.wfile.write(bytes(1 << 20))
            except OSError:
                pass
            self.close_connection = True
        elif word == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
        elif word == "slow":
            time.sleep(1)
            self.answer(204)
        elif word == "away":
            self.answer(307, Location="http://localhost:1/")
        elif word == "moved":
            self.answer(308, Location="/ok")
        else:
            self.answer(204)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", int(sys.argv[3]) if len(sys.argv) > 3 else 0), Service)
if len(sys.argv) > 4:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{sys.argv[4]}/server.pem", f"{sys.argv[4]}/server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(sys.argv[1], "w") as file:
    file.write(f"{server.server_port}\n")
server.serve_forever()
