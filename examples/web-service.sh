#!/bin/sh
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# A web service as the handler: it gets each event as a CloudEvent, and its answer decides about it.
# Needs `airy` on the PATH, Python 3, and a broker: AIRY_URL, or RabbitMQ on localhost.
set -eu

queue=example.web.$$
AIRY_EXCHANGE=example.exchange.$$
export AIRY_EXCHANGE
scratch=$(mktemp -d)
service=
trap 'if [ -n "$service" ]; then kill "$service"; fi
    rm -rf "$scratch"
    airy queue delete "$queue" --with-dlq --yes --quiet' EXIT
printf 'Bearer not-so-secret' >"$scratch/token"

# It takes each event but the second, which it will never take.
cat >"$scratch/service.py" <<'PY'
import http.server, json, sys

class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept

    def do_POST(self):
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] != "Bearer not-so-secret":
            status, answer = 401, b"who are you?"
        elif event["post_id"] == 2:
            status, answer = 422, b"no such author"
        else:
            status, answer = 204, b""
        print(self.headers["ce-type"], event["post_id"], status, flush=True)
        self.send_response(status)
        if answer:
            self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
open(sys.argv[1], "w").write(str(server.server_port))
server.serve_forever()
PY
python3 "$scratch/service.py" "$scratch/port" &
service=$!
until [ -s "$scratch/port" ]; do sleep 0.1; done

airy queue declare "$queue" --bind 'post.*' --quiet
for id in 1 2 3; do
    airy publish post.published --set post_id=$id --set author_id=7 --set title="Post $id"
done

status=0
airy consume 'post.*' --queue "$queue" --count 3 \
    --http "http://127.0.0.1:$(cat "$scratch/port")/events" \
    --http-header "Authorization: @$scratch/token" || status=$?
echo "consume ended with $status"
airy dlq show "$queue" --output json | grep -o '"x-airy-error":"[^"]*"'
