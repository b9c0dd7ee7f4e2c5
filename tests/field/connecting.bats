#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load ../cli/helper

setup() {
    airy_setup
    user=$(fresh user)
    queue=$(fresh work)
}

teardown() {
    api DELETE "users/$user" || true
    forget "$queue" queues
    forget "$queue.dlq" queues
    airy_teardown
}

# make_user: a user who may do all; the broker's URL with that login is in $user_url.
make_user() {
    api PUT "users/$user" -d '{"password":"w","tags":""}'
    api PUT "permissions/%2F/$user" -d '{"configure":".*","write":".*","read":".*"}'
    user_url=amqp://$user:w@127.0.0.1:$AIRY_TEST_AMQP_PORT/
}

# allow N: the user's connections.
allow() { api PUT "user-limits/$user/max-connections" -H 'Content-Type: application/json' -d "{\"value\":$1}"; }

# in_namespace [--net] SCRIPT ARG...: a shell with a mount namespace of its own, and a network if
# asked for, as root in them.
in_namespace() {
    local net=()
    if [[ $1 == --net ]]; then
        net=(--net)
        shift
    fi
    timeout -k 5 30 unshare --map-root-user --mount "${net[@]}" bash -euc "$1" bash "${@:2}"
}

# The name `twins` has two addresses. The first one answers no connection, at $twins_port; the second
# passes them on to this port, where one is given.
serve_twins() {
    rm -f twins.out # of a former call
    printf '%s twins\n' 127.0.0.1 127.0.0.2 >hosts
    spawn twins python3 -c '
import select, socket, sys, threading, time
listener = socket.create_server(("127.0.0.1", 0), backlog=0)
port = listener.getsockname()[1]
if len(sys.argv) > 1:
    other = socket.create_server(("127.0.0.2", port))
    def copy(source, to):
        while data := source.recv(65536): to.sendall(data)
        to.shutdown(socket.SHUT_WR)
    def serve():
        while True:
            client, _ = other.accept()
            broker = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
            for pair in ((client, broker), (broker, client)):
                threading.Thread(target=copy, args=pair, daemon=True).start()
    threading.Thread(target=serve, daemon=True).start()
waiting = []
while True:
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(listener.getsockname())
    waiting.append(client)
    if not select.select([], [client], [], 0.1)[1]: break
print(port, flush=True)
time.sleep(60)' "$@"
    wait_until test -s twins.out
    twins_port=$(<twins.out)
}

# Runs airy where twins has these addresses.
with_twins() { in_namespace 'mount --bind hosts /etc/hosts; exec "$@"' "$AIRY_BIN" "$@"; }

@test "the first of a name's addresses does not answer: the next one is taken, with TLS too" {
    serve_twins "$AIRY_TEST_AMQP_PORT"
    run --separate-stderr with_twins ping --connect-timeout 2s --output json \
        --url "amqp://guest:guest@twins:$twins_port/"
    assert_status 0
    jq -e '.connect_ms > 500' <<<"$output"
    serve_twins "$AIRY_TEST_AMQPS_PORT"
    run --separate-stderr with_twins ping --connect-timeout 4s --insecure \
        --url "amqps://guest:guest@twins:$twins_port/"
    assert_status 0
    # The management API.
    serve_twins "${AIRY_TEST_MANAGEMENT_URL##*:}"
    run --separate-stderr with_twins queue ls --management-timeout 10s --management-url "http://twins:$twins_port"
    assert_status 0
}

@test "no address answers: the words tell each address and the time" {
    serve_twins
    run --separate-stderr with_twins ping --connect-timeout 300ms --url "amqps://guest:guest@twins:$twins_port/"
    assert_status 3
    assert_short_error
    assert_contains "$stderr" '127.0.0.1 no answer within 0.3 s; 127.0.0.2 connection refused'
    refute_contains "$stderr" 'TLS port'
}

# A name server that takes every question and answers none.
silent_names='
ip link set lo up
rm -f names.out
python3 -c "
import socket, time
names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
names.bind((\"127.0.0.1\", 53))
print(\"silent\", flush=True)
time.sleep(60)" >names.out &
until [[ -s names.out ]]; do sleep 0.02; done
echo "nameserver 127.0.0.1" >resolv.conf
mount --bind resolv.conf /etc/resolv.conf
'

@test "a name server that does not answer: --connect-timeout holds" {
    SECONDS=0
    run --separate-stderr in_namespace --net "$silent_names"'
        status=0; "$@" || status=$?; kill %1; exit $status' \
        "$AIRY_BIN" ping --connect-timeout 500ms --url amqp://guest:guest@broker.test/
    assert_status 3
    assert_short_error
    assert_contains "$stderr" "resolving 'broker.test' took too long"
    ((SECONDS < 5))
}

@test "a name server that does not answer: SIGTERM ends consume and wait at once" {
    local broker='--url amqp://guest:guest@broker.test/'
    for command in "consume # --queue q --print $broker" "wait --timeout 30s $broker" \
        "consume # --queue q --metrics-listen metrics.test:0 --print --url sqlite:airy.db"; do
        SECONDS=0
        run --separate-stderr in_namespace --net "$silent_names"'
            "$@" & airy=$!
            until [[ $(ls /proc/$airy/task | wc -l) -gt 2 ]]; do sleep 0.02; done
            kill -TERM $airy; status=0; wait $airy || status=$?; kill %1; exit $status' \
            "$AIRY_BIN" $command
        assert_status 143
        ((SECONDS < 5))
    done
}

@test "a limit of connections: the broker's own words, and wait goes on until there is room" {
    make_user
    allow 0
    run_airy ping --url "$user_url"
    assert_status 3
    assert_short_error
    assert_contains "$stderr" 'connection limit (0) is reached'
    refute_contains "$stderr" 'no virtual host'
    spawn wait "$AIRY_BIN" wait --timeout 20s --url "$user_url"
    run_airy wait --timeout 300ms --url "$user_url"
    assert_status 5
    assert_contains "$stderr" 'limit (0) is reached'
    allow 5
    ended "$spawned_pid" 10
}

@test "a limit of connections is passing for a running consumer, tail and publisher" {
    make_user
    mkfifo input
    spawn consume "$AIRY_BIN" consume --verbose post.deleted --queue "$queue" --print --count 1 --url "$user_url"
    consumer=$spawned_pid
    wait_until has_bindings "$queue" 1
    spawn tail "$AIRY_BIN" tail '#' --count 1 --url "$user_url"
    tail=$spawned_pid
    spawn publish bash -c 'exec "$0" publish --lines json - --url "$1" <input' "$AIRY_BIN" "$user_url"
    publisher=$spawned_pid
    exec 7>input
    connected() { [[ $(api GET connections | jq --arg user "$user" '[.[] | select(.user == $user)] | length') -ge 3 ]]; }
    wait_until connected
    allow 0
    for name in $(api GET connections | jq -r --arg user "$user" '.[] | select(.user == $user).name | @uri'); do
        api DELETE "connections/$name"
    done
    wait_until grep -q 'limit (0) is reached' consume.err
    wait_until grep -q 'not connected' tail.err
    api DELETE "user-limits/$user/max-connections"
    wait_until grep -q 'connected again' consume.err
    wait_until grep -q 'connected again' tail.err
    echo '{"event_type":"post.deleted","post_id":1,"author_id":2}' >&7
    exec 7>&-
    ended "$publisher" 20
    ended "$consumer" 20
    ended "$tail" 20
}

@test "a virtual host's limit has its own words" {
    make_user
    vhost=$(fresh vhost)
    api PUT "vhosts/$vhost"
    api PUT "permissions/$vhost/$user" -d '{"configure":".*","write":".*","read":".*"}'
    api PUT "vhost-limits/$vhost/max-connections" -H 'Content-Type: application/json' -d '{"value":0}'
    run_airy ping --url "amqp://$user:w@127.0.0.1:$AIRY_TEST_AMQP_PORT/$vhost"
    assert_status 3
    assert_contains "$stderr" 'limit (0) is reached'
    # No right there, on the other hand, does not pass.
    api DELETE "vhost-limits/$vhost/max-connections"
    api DELETE "permissions/$vhost/$user"
    run_airy wait --timeout 20s --url "amqp://$user:w@127.0.0.1:$AIRY_TEST_AMQP_PORT/$vhost"
    assert_status 3
    assert_contains "$stderr" "access to vhost '$vhost' refused"
    api DELETE "vhosts/$vhost"
}

@test "a broker that takes no user name and password: what it offers and what was tried" {
    spawn broker python3 -c '
import socket, struct
def text(value): return struct.pack(">I", len(value)) + value
start = struct.pack(">HHBB", 10, 10, 0, 9) + text(b"") + text(b"EXTERNAL AMQPLAIN") + text(b"en_US")
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
clients = []
while True:
    client, _ = listener.accept()
    client.recv(8)
    client.sendall(struct.pack(">BHI", 1, 0, len(start)) + start + b"\xce")
    clients.append(client)'
    wait_until test -s broker.out
    run_airy ping --url "amqp://guest:guest@127.0.0.1:$(<broker.out)/"
    assert_status 3
    assert_short_error
    assert_contains "$stderr" 'EXTERNAL AMQPLAIN'
    assert_contains "$stderr" PLAIN
    refute_contains "$stderr" 'is it an AMQP port'
}

# A TLS server with these further options: serve_tls OPTION...; its port is in $server_port.
serve_tls() {
    server_port=$((20000 + RANDOM % 10000))
    spawn server openssl s_server -quiet -accept "127.0.0.1:$server_port" -cert "$AIRY_TEST_CERTS/server.pem" \
        -key "$AIRY_TEST_CERTS/server.key" "$@"
    wait_until bash -c "ss -ltn 'sport = :$server_port' | grep -q LISTEN"
}

@test "a server with TLS 1.1 only: the versions are told" {
    serve_tls -tls1_1 -cipher 'ALL:@SECLEVEL=0'
    run_airy ping --url "amqps://guest:guest@localhost:$server_port/" --cacert "$AIRY_TEST_CERTS/ca.pem"
    assert_status 3
    assert_short_error
    assert_contains "$stderr" 'neither TLS 1.2 nor TLS 1.3'
    refute_contains "$stderr" 'is it a TLS port'
}

@test "TLS names the host, not its address, to the server" {
    serve_tls -servername other.test -cert2 "$AIRY_TEST_CERTS/server.pem" -key2 "$AIRY_TEST_CERTS/server.key" \
        -servername_fatal
    run_airy ping --connect-timeout 2s --url "amqps://guest:guest@localhost:$server_port/" \
        --cacert "$AIRY_TEST_CERTS/ca.pem"
    assert_status 3
    assert_contains "$stderr" 'unrecognized name'
}

@test "an encrypted key: nobody is asked, and the passphrase is named" {
    openssl pkey -aes128 -passout pass:w -in "$AIRY_TEST_CERTS/client.key" -out encrypted.key
    openssl pkey -aes128 -traditional -passout pass:w -in "$AIRY_TEST_CERTS/client.key" -out traditional.key
    for key in encrypted.key traditional.key; do
        run_airy ping --url "$AIRY_TEST_AMQPS_URL" --cacert "$AIRY_TEST_CERTS/ca.pem" \
            --cert "$AIRY_TEST_CERTS/client.pem" --key "$key"
        assert_status 2
        assert_short_error
        assert_contains "$stderr" passphrase
        refute_contains "$stderr" Enter
    done
}
