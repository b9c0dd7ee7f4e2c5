#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load helper

teardown() {
    if [[ -n ${server_pid-} ]]; then kill "$server_pid" 2>/dev/null || true; fi
    airy_teardown
}

# A TLS server that shows one certificate: serve_tls NAME; its port is in $server_port.
serve_tls() {
    local try
    for try in 1 2 3; do
        server_port=$((20000 + RANDOM % 10000))
        openssl s_server -quiet -accept "127.0.0.1:$server_port" -cert "$AIRY_TEST_CERTS/$1.pem" \
            -key "$AIRY_TEST_CERTS/$1.key" </dev/null >server.log 2>&1 3>&- &
        server_pid=$!
        if wait_until 5 listens "$server_port"; then return; fi
        kill "$server_pid" 2>/dev/null || true
    done
    echo "s_server did not start ($try tries)" >&2
    return 1
}
listens() { ss -ltn "sport = :$1" | grep -q LISTEN; }

@test "ping: the broker is there" {
    run_airy ping
    assert_status 0
    assert_contains "$output" RabbitMQ
    assert_equal "$stderr" ''
    refute_contains "$output" guest:guest
}

@test "ping --output json is one object" {
    run_airy ping --output json
    assert_status 0
    jq -e '.connect_ms > 0 and (.url | contains("***"))' <<<"$output"
}

@test "ping --quiet prints nothing" {
    run_airy ping --quiet
    assert_status 0
    assert_equal "$output$stderr" ''
}

@test "ping --verbose reports its steps on stderr, without the password" {
    run_airy ping --verbose
    assert_status 0
    assert_contains "$output" RabbitMQ
    assert_contains "$stderr" 'info: connecting url=amqp://guest:***@'
    assert_contains "$stderr" 'info: connected url='
    assert_contains "$stderr" 'server="RabbitMQ '
    refute_contains "$stderr" guest:guest
    run_airy ping -v --log-format json
    jq -se 'map(.message) == ["connecting", "connected"] and .[1].tls == false' <<<"$stderr"
}

@test "the broker is down: exit 3, the password masked" {
    run_airy ping --url amqp://someone:sesame@127.0.0.1:1/
    assert_status 3
    assert_short_error
    assert_equal "$output" ''
    assert_contains "$stderr" 'someone:***@127.0.0.1:1'
    assert_contains "$stderr" 'connection refused'
    refute_contains "$stderr" sesame
}

@test "a host that does not resolve: exit 3" {
    run_airy ping --url amqp://guest:guest@nowhere.invalid/
    assert_status 3
    assert_short_error
    assert_contains "$stderr" nowhere.invalid
}

@test "a wrong password: exit 3, and it is not shown" {
    run_airy ping --url "amqp://guest:sesame@127.0.0.1:$AIRY_TEST_AMQP_PORT/"
    assert_status 3
    assert_short_error
    refute_contains "$stderr" sesame
}

@test "a wrong virtual host: exit 3, and it is named" {
    run_airy ping --url "amqp://guest:guest@127.0.0.1:$AIRY_TEST_AMQP_PORT/nowhere"
    assert_status 3
    assert_short_error
    assert_contains "$stderr" nowhere
}

@test "a server that never answers: exit 3 within the time" {
    spawn silent python3 -c '
import socket, time
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
time.sleep(60)'
    wait_until test -s silent.out
    run_airy ping --connect-timeout 500ms --url "amqp://guest:guest@127.0.0.1:$(<silent.out)/"
    assert_status 3
    assert_short_error
}

@test "a server that is no broker: exit 3" {
    port=${AIRY_TEST_MANAGEMENT_URL##*:}
    run_airy ping --connect-timeout 3s --url "amqp://guest:guest@127.0.0.1:$port/"
    assert_status 3
    assert_short_error
}

@test "a URL of another scheme is wrong usage" {
    run_airy ping --url http://localhost/
    assert_status 2
    assert_short_error
    assert_contains "$stderr" http
}

@test "a port that is no number is wrong usage, the password masked" {
    run_airy ping --url amqp://someone:sesame@localhost:port/
    assert_status 2
    assert_short_error
    refute_contains "$stderr" sesame
}

@test "the environment's order: AIRY_URL, AMQP_URL, MQ_*" {
    export MQ_HOST=127.0.0.1 MQ_PORT=$AIRY_TEST_AMQP_PORT
    unset AIRY_URL
    run_airy ping
    assert_status 0
    export AMQP_URL=amqp://guest:guest@127.0.0.1:1/
    run_airy ping
    assert_status 3
    export AIRY_URL=$AIRY_TEST_URL
    run_airy ping
    assert_status 0
    run_airy ping --url "$AMQP_URL"
    assert_status 3
}

@test "--password-file keeps the password out of argv" {
    echo guest >password
    run_airy ping --url "amqp://guest@127.0.0.1:$AIRY_TEST_AMQP_PORT/" --password-file password
    assert_status 0
    echo sesame >password
    run_airy ping --url "amqp://guest@127.0.0.1:$AIRY_TEST_AMQP_PORT/" --password-file password
    assert_status 3
    refute_contains "$stderr" sesame
}

@test "TLS: trusted by --cacert, with and without a client certificate" {
    run_airy ping --url "$AIRY_TEST_AMQPS_URL" --cacert "$AIRY_TEST_CERTS/ca.pem"
    assert_status 0
    run_airy ping --url "$AIRY_TEST_AMQPS_URL" --cacert "$AIRY_TEST_CERTS/ca.pem" \
        --cert "$AIRY_TEST_CERTS/client.pem" --key "$AIRY_TEST_CERTS/client.key"
    assert_status 0
    AIRY_CACERT=$AIRY_TEST_CERTS/ca.pem run_airy ping --url "$AIRY_TEST_AMQPS_URL"
    assert_status 0
}

@test "TLS: an authority that is not trusted: exit 3, the hint names --cacert" {
    run_airy ping --url "$AIRY_TEST_AMQPS_URL"
    assert_status 3
    assert_short_error
    assert_contains "$stderr" --cacert
    run_airy ping --url "$AIRY_TEST_AMQPS_URL" --cacert "$AIRY_TEST_CERTS/stranger-ca.pem"
    assert_status 3
    assert_short_error
    run_airy ping --url "$AIRY_TEST_AMQPS_URL" --insecure
    assert_status 0
}

@test "TLS: an expired certificate: exit 3, and the message says so" {
    serve_tls expired
    run_airy ping --url "amqps://guest:guest@localhost:$server_port/" --cacert "$AIRY_TEST_CERTS/ca.pem"
    assert_status 3
    assert_short_error
    assert_contains "$stderr" expired
}

@test "TLS: a certificate of another host: exit 3, and the message says so" {
    serve_tls wrong-host
    run_airy ping --url "amqps://guest:guest@localhost:$server_port/" --cacert "$AIRY_TEST_CERTS/ca.pem"
    assert_status 3
    assert_short_error
    assert_contains "$stderr" host
}

@test "TLS to a plain port: exit 3" {
    run_airy ping --connect-timeout 5s --cacert "$AIRY_TEST_CERTS/ca.pem" \
        --url "amqps://guest:guest@localhost:$AIRY_TEST_AMQP_PORT/"
    assert_status 3
    assert_short_error
}

@test "plain to a TLS port: exit 3" {
    run_airy ping --connect-timeout 5s --url "amqp://guest:guest@localhost:$AIRY_TEST_AMQPS_PORT/"
    assert_status 3
    assert_short_error
}

@test "a missing CA file is named" {
    run_airy ping --url "$AIRY_TEST_AMQPS_URL" --cacert ./missing.pem
    ((status == 2 || status == 3))
    assert_short_error
    assert_contains "$stderr" missing.pem
}

@test "the certificate's IP addresses count where the URL has one" {
    run_airy ping --url "amqps://guest:guest@127.0.0.1:$AIRY_TEST_AMQPS_PORT/" --cacert "$AIRY_TEST_CERTS/ca.pem"
    assert_status 0
}

@test "MQ_PASSWORD and its file complete a URL without a password, and leave one with it alone" {
    at=127.0.0.1:$AIRY_TEST_AMQP_PORT/
    printf 'guest\r\n' >right
    echo wrong >wrong
    MQ_PASSWORD=guest run_airy ping --url "amqp://guest@$at"
    assert_status 0
    MQ_PASSWORD_FILE=right run_airy ping --url "amqp://guest@$at"
    assert_status 0
    MQ_PASSWORD_FILE=wrong MQ_PASSWORD=wrong run_airy ping --url "amqp://guest:guest@$at"
    assert_status 0
    run_airy ping --url "amqp://guest:guest@$at" --password-file wrong
    assert_status 3
}
