#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
"""handler_ledger.py AIRY RABBIT: numbered events through `airy consume` with workers, with batches and with
a web service, on RabbitMQ and on the embedded broker, while SIGKILL comes at random to workers, the service
and the consumer. At the end each published event was handled. Each of the six takes a tenth of
AIRY_TEST_LEDGER_SECONDS. RABBIT is tests/support/rabbit. Prints TAP, with the lost and doubled events."""

import http.server
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

RATE = 200  # events a second
WORKERS, WINDOW, BATCH, REQUESTS = 2, 20, 5, 40
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
SILENT = {**QUIET, "stderr": subprocess.DEVNULL}

WORKER = """
import json, os, sys
seen = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
for line in sys.stdin:
    request = json.loads(line)
    messages = request.get("batch", [request])
    os.write(seen, "".join(str(each["body"]["post_id"]) + chr(10) for each in messages).encode())
    sys.stdout.write(json.dumps({"id": request["id"], "result": "ok"}) + chr(10))
    sys.stdout.flush()
"""


class Service(http.server.BaseHTTPRequestHandler):
    """The web service: notes the event of each request before it answers."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        os.write(self.server.seen, f"{event['post_id']}\n".encode())
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def serve(port, seen):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Service)
    server.daemon_threads = True
    server.seen = os.open(seen, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    server.serve_forever()


class Process:
    """A process that is started again whenever it was killed."""

    all = []

    def __init__(self, command, **options):
        self.command, self.options, self.kills = command, options, 0
        self.start()
        Process.all.append(self)

    def start(self):
        self.running = subprocess.Popen(self.command, **{**QUIET, **self.options})

    def kill(self):
        self.running.kill()
        self.running.wait()
        self.kills += 1
        self.start()

    def stop(self, number):
        self.running.send_signal(number)
        return self.running.wait(60)


def children_of(pid):
    """Each thread has children of its own."""
    found = []
    for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += children.read_text().split()
        except OSError:
            pass  # the thread has ended
    return found


def kill_a_child(consumer):
    children = children_of(consumer.running.pid)
    if not children:
        return 0
    try:
        os.kill(int(random.choice(children)), signal.SIGKILL)
    except ProcessLookupError:
        return 0
    return 1


def free_port():
    with http.server.socketserver.TCPServer(("127.0.0.1", 0), None) as server:
        return server.server_address[1]


def run(airy, kind, url, folder, seconds):
    """Returns how many events were published, lost and handled twice, the kills, the dead letters, and the
    most events that one kill may double."""
    seen, queue = f"{folder}/seen", f"ledger.{kind}"
    environment = {**os.environ, "AIRY_URL": url, "AIRY_EXCHANGE": "airy.ledger"}
    declare = [airy, "queue", "declare", queue, "--bind", "post.*", "--quiet"]
    subprocess.run(declare, env=environment, check=True, timeout=60)
    consume = [airy, "consume", "post.*", "--queue", queue, "--max-attempts", "1000", "--retry-delay", "100ms"]
    service = None
    if kind == "http":
        port = free_port()
        service = Process([sys.executable, __file__, "serve", str(port), seen], **SILENT)
        handler = ["--http", f"http://127.0.0.1:{port}/", "--pool-size", str(REQUESTS)]
        taken = REQUESTS + 1000  # and what is taken ahead
    else:
        batch = ["--batch", str(BATCH), "--batch-wait", "20ms"] if kind == "batches" else []
        handler = ["--worker", str(WORKERS), "--window", str(WINDOW), *batch, "--"]
        handler += [sys.executable, "-c", WORKER, seen]
        taken = WORKERS * WINDOW * (BATCH if batch else 1)
    with open(f"{folder}/consumer.log", "ab") as log:
        consumer = Process([*consume, *handler], env=environment, stderr=log)
        publishing = Process([airy, "publish", "--quiet", "-"], env=environment, stdin=subprocess.PIPE, text=True)
        publisher = publishing.running
        published, worker_kills = 0, 0
        end = time.monotonic() + seconds
        next_kill = time.monotonic() + 1
        while time.monotonic() < end:
            for _ in range(RATE // 20):
                published += 1
                event = {"event_type": "post.published", "post_id": published, "author_id": 7, "title": "t"}
                publisher.stdin.write(json.dumps(event) + "\n")
            publisher.stdin.flush()
            if time.monotonic() >= next_kill:
                victim = random.random()
                if service and victim < 0.5:
                    service.kill()
                elif not service and victim < 0.8:
                    worker_kills += kill_a_child(consumer)
                else:
                    consumer.kill()
                next_kill = time.monotonic() + random.uniform(0.2, 2)
            time.sleep(0.05)  # the pace of the publisher
        publisher.stdin.close()
        assert publisher.wait(60) == 0, "publish did not confirm all"
        consumer.stop(signal.SIGTERM)
        last = [*consume, "--until-empty", *handler]
        status = subprocess.run(last, env=environment, stderr=log, timeout=300, **QUIET).returncode
        assert status == 0, f"the last consumer ended with status {status}"
    if service:
        service.stop(signal.SIGKILL)
    counts = subprocess.run(
        [airy, "queue", "ls", queue, f"{queue}.dlq", "--output", "json"],
        env=environment, capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip
    dead = sum(json.loads(line)["ready"] for line in counts.splitlines() if f"{queue}.dlq" in line)
    handled = [int(line) for line in pathlib.Path(seen).read_text().split()]
    lost = published - len(set(handled)) - dead
    twice = len(handled) - len(set(handled))
    kills = consumer.kills + worker_kills + (service.kills if service else 0)
    return published, lost, twice, kills, dead, taken


def main(airy, rabbit_script, seconds):
    folder = tempfile.mkdtemp(prefix="airy-ledger.")
    node = f"{folder}/rabbit"
    subprocess.run([rabbit_script, "start", node, "--owner", str(os.getpid())], check=True, stdout=subprocess.DEVNULL)
    rabbit = next(
        line.split("=", 1)[1]
        for line in pathlib.Path(f"{node}/env").read_text().splitlines()
        if line.startswith("export AIRY_URL=")
    )
    good = True
    cases = [(kind, broker) for broker in ("RabbitMQ", "embedded") for kind in ("workers", "batches", "http")]
    print(f"1..{len(cases)}", flush=True)
    try:
        for number, (kind, broker) in enumerate(cases, 1):
            place = f"{folder}/{broker}.{kind}"
            os.mkdir(place)
            url = rabbit if broker == "RabbitMQ" else f"sqlite:{place}/airy.db"
            words = ""
            try:
                published, lost, twice, kills, dead, taken = run(airy, kind, url, place, seconds)
                words = f"{published} published, {lost} lost, {twice} twice, {dead} dead letters, {kills} kills"
                right = lost == 0 and dead == 0 and 0 < kills and twice <= kills * taken
            except (AssertionError, subprocess.SubprocessError, OSError) as error:
                right, words = False, str(error)
            print(f"{'ok' if right else 'not ok'} {number} {kind} on {broker}: {words}", flush=True)
            if not right:
                tail = pathlib.Path(f"{place}/consumer.log").read_text(errors="replace").splitlines()[-20:]
                print("\n".join(f"# {line}" for line in tail), flush=True)
            good = good and right
    finally:
        for process in Process.all:
            process.running.kill()
        subprocess.run([rabbit_script, "stop", node, "--now"], check=False)
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if good else 1


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]), sys.argv[3])
    sys.exit(main(sys.argv[1], sys.argv[2], float(os.environ.get("AIRY_TEST_LEDGER_SECONDS", "60")) / 10))
