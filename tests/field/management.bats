#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load ../cli/helper

setup() {
    airy_setup
    queue=$(fresh work)
}

teardown() {
    forget "$queue" queues
    airy_teardown
}

# serve STATUS BODY: an HTTP server that gives this answer to every request; its URL is in $other.
serve() {
    rm -f other.out # of a former call
    spawn other python3 -c '
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = sys.argv[2].encode()
        self.send_response(int(sys.argv[1]))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
print(server.server_port, flush=True)
server.serve_forever()' "$1" "$2"
    wait_until test -s other.out
    other=http://127.0.0.1:$(<other.out)
}

@test "another server, or a path prefix that is not given: no management API, and the figures of passive declares" {
    airy queue declare --plain "$queue" --bind '#'
    serve 404 '<html>not here</html>'
    run_airy queue ls "$queue" --output json --management-url "$other"
    assert_status 0
    jq -e '.ready == 0 and .source == "amqp"' <<<"$output"
    assert_contains "$stderr" "no management API at $other: it answered 404"
    assert_contains "$stderr" 'passive declare'
    run_airy stats queues "$queue" --output json --management-url "$other"
    assert_status 0
    assert_contains "$stderr" 'it answered 404'
    run_airy queue ls --management-url "$other"
    assert_status 3
    assert_short_error
    assert_contains "$stderr" PREFIX
    run_airy check broker --management-url "$other"
    assert_status 0
    assert_contains "$output" 'it answered 404'
}

@test "a server that answers 200 to everything is no management API" {
    serve 200 '<html>welcome</html>'
    run_airy queue ls --management-url "$other"
    assert_status 3
    assert_short_error
    assert_contains "$stderr" "no management API at $other"
}

@test "a virtual host that is not there is told from a management API that is not there" {
    run_airy queue ls --url "amqp://guest:guest@127.0.0.1:$AIRY_TEST_AMQP_PORT/nowhere"
    assert_status 7
    assert_contains "$stderr" "$AIRY_TEST_MANAGEMENT_URL has no virtual host 'nowhere'"
}

@test "the management API of another broker, or JSON of another server, is told" {
    airy queue declare --plain "$queue" --bind '#'
    serve 404 '{"error":"Object Not Found","reason":"Not Found"}'
    for command in "queue ls $queue" "stats queues $queue" "queue show $queue"; do
        # shellcheck disable=SC2086 # words
        run_airy $command --management-url "$other"
        assert_status 0
        assert_contains "$stderr" "the management API at $other has no queue '$queue'"
    done
    kill "${spawned[-1]}"
    serve 200 '{}'
    for command in "queue ls $queue" "stats queues $queue" "queue show $queue"; do
        # shellcheck disable=SC2086 # words
        run_airy $command --management-url "$other"
        assert_status 0
        assert_contains "$stderr" "no management API at $other"
    done
    run_airy check queue "$queue" --management-url "$other"
    assert_contains "$output" "no management API at $other"
}

@test "--management-timeout bounds each answer, and the hint names it" {
    airy queue declare --plain "$queue"
    spawn silent python3 -c '
import socket, time
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
time.sleep(60)'
    wait_until test -s silent.out
    run_airy queue ls "$queue" --management-timeout 300ms --management-url "http://127.0.0.1:$(<silent.out)"
    assert_status 0
    assert_contains "$stderr" 'no answer within 0.3 s'
    run_airy queue ls --management-timeout 300ms --management-url "http://127.0.0.1:$(<silent.out)"
    assert_status 3
    assert_short_error
    assert_contains "$stderr" --management-timeout
    refute_contains "$stderr" 'is RabbitMQ running there?'
    run_airy queue ls --management-timeout 0s
    assert_status 2
}

@test "queue ls --match and stats --match let the server filter, and show what matches exactly" {
    airy queue declare --plain "$queue"
    run_airy queue ls --match "work.*[0-9]" --output json
    assert_status 0
    jq -se --arg queue "$queue" 'any(.[]; .queue == $queue) and all(.[]; .queue | startswith("work."))' <<<"$output"
    run_airy stats queues --match "*${queue#work}" --output json
    assert_status 0
    assert_equal "$(jq -r .queue <<<"$output")" "$queue"
    run_airy queue ls --match "${queue}x"
    assert_status 0
    assert_contains "$stderr" 'no queue matches'
}
