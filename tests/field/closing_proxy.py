#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
"""A proxy before a broker that ends each connection on which a client sends the bytes POISON.

closing_proxy.py HOST PORT close|drop: prints its port. `close` tells the client so by
connection.close 541, as RabbitMQ does for a message that it cannot read; `drop` only closes the
socket. The broker gets all that came before.
"""

import socket
import struct
import sys
import threading

POISON = b"POISON"


def connection_close():
    text = b"INTERNAL_ERROR"
    payload = struct.pack(">HHHB", 10, 50, 541, len(text)) + text + struct.pack(">HH", 0, 0)
    return struct.pack(">BHI", 1, 0, len(payload)) + payload + b"\xce"


def pass_on(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(client, broker, tells):
    threading.Thread(target=pass_on, args=(broker, client), daemon=True).start()
    before = b""
    try:
        while data := client.recv(65536):
            found = (before + data).find(POISON)
            if found >= 0:
                broker.sendall(data[: max(0, found - len(before))])
                if tells:
                    client.sendall(connection_close())
                print("ended", flush=True)
                break
            broker.sendall(data)
            before = (before + data)[-len(POISON) + 1 :]
    except OSError:
        pass
    for end in (client, broker):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def main():
    host, port, how = sys.argv[1:]
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        broker = socket.create_connection((host, int(port)))
        threading.Thread(target=serve, args=(client, broker, how == "close"), daemon=True).start()


main()
