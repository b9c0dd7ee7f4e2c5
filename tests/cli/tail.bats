#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load helper

setup() {
    airy_setup
    queue=$(fresh queue)
    airy queue declare --plain "$queue" --bind '#' --type classic --quiet
}

teardown() {
    forget "$queue" queues
    airy_teardown
}

bound() { api GET "exchanges/%2F/$AIRY_EXCHANGE/bindings/source" | jq -e --argjson n "$1" 'length >= $n'; }

# listen PATTERN ARG…: a tail in the background, already bound.
listen() {
    spawn tail "$AIRY_BIN" tail "$@"
    tail_pid=$spawned_pid
    wait_until bound 2
}

posts() { seq "$1" | sed 's/.*/{"event_type":"post.published","post_id":&,"author_id":7,"title":"t"}/' | airy publish --quiet; }

@test "tail shows the matching events, and other subscribers still get them" {
    listen 'post.*' --count 3
    posts 2
    airy publish circle.left '{"circle_id":1,"user_id":2}' --quiet
    airy publish post.deleted '{"post_id":9,"author_id":2}' --quiet
    ended "$tail_pid" 10
    assert_equal "$(jq -r .topic tail.out | tr '\n' ' ')" 'post.published post.published post.deleted '
    assert_equal "$(depth "$queue")" 4
}

@test "message lines carry topic, exchange, properties and the body as it came" {
    listen '#' --count 1 --output json
    airy publish vote.created --set vote_id=9223372036854775807 --set user_id=1 --set entity_type=post \
        --set entity_id=3 --set vote_type=up --quiet
    ended "$tail_pid" 10
    grep -q '"vote_id":9223372036854775807' tail.out
    jq -e --arg x "$AIRY_EXCHANGE" '.exchange == $x and .redelivered == false and (.queue | startswith("amq.gen"))
        and (.received_at | endswith("Z")) and .properties.type == "vote.created"' tail.out
}

@test "--output raw prints bodies, pretty a line for people" {
    listen '#' --count 1 --output raw
    amqp-publish -u "$peer_url" -e "$AIRY_EXCHANGE" -r a.b -b 'any bytes'
    ended "$tail_pid" 10
    assert_equal "$(cat tail.out)" 'any bytes'
    listen '#' --count 1 --output pretty
    printf 'clear \033[2J screen' >body
    amqp-publish -u "$peer_url" -e "$AIRY_EXCHANGE" -r a.b <body
    ended "$tail_pid" 10
    assert_contains "$(cat tail.out)" 'a.b'
    refute_contains "$(cat tail.out)" $'\033'
}

@test "--where: all conditions hold" {
    listen '#' --count 2 --where 'post_id>3' --where 'post_id!=5' --where 'topic~^post'
    posts 6
    ended "$tail_pid" 10
    assert_equal "$(jq -c .body.post_id tail.out | tr '\n' ' ')" '4 6 '
}

@test "--idle ends quietly, --expect makes too few an exit 5, as --count does" {
    run_airy tail '#' --idle 200ms
    assert_status 0
    run_airy tail '#' --idle 200ms --expect 1
    assert_status 5
    assert_short_error
    run_airy tail '#' --timeout 300ms --count 2
    assert_status 5
    assert_contains "$stderr" '0 of 2'
    run_airy tail '#' --count 2 --expect 3
    assert_status 2
    assert_contains "$stderr" --expect
}

@test "--expect with --where: messages that do not match are reported" {
    listen '#' --where 'post_id>3' --expect 2 --idle 2s
    posts 4
    status=0
    ended "$tail_pid" 10 || status=$?
    ((status == 5))
    assert_contains "$(<tail.err)" '1 of 2 messages came that match --where, and 3 that do not'
}

@test "Ctrl-C is 130, SIGTERM 143, and the queue is gone" {
    for pair in INT:130 TERM:143; do
        listen '#'
        kill -"${pair%:*}" "$tail_pid"
        status=0
        ended "$tail_pid" 10 || status=$?
        ((status == ${pair#*:}))
        wait_until eval '! bound 2'
    done
}

# A tail whose output is not read: fd 7 is the other end of its stdout.
listen_unread() {
    mkfifo pipe
    exec 7<>pipe
    spawn tail sh -c 'exec "$0" tail "#" >pipe' "$AIRY_BIN"
    wait_until bound 2
    posts 2000
    wait_until is_full pipe
}

@test "a tail whose output is not read ends at once on a second signal" {
    listen_unread
    kill -TERM "$spawned_pid"
    kill -INT "$spawned_pid"
    status=0
    ended "$spawned_pid" 3 || status=$?
    exec 7>&-
    ((status == 130 || status == 143)) # the kernel decides which of them is second
    assert_contains "$(<tail.err)" 'nobody read stdout'
}

@test "a tail whose output is not read ends some seconds after the first signal: 143" {
    listen_unread
    kill -TERM "$spawned_pid"
    status=0
    ended "$spawned_pid" 9 || status=$?
    exec 7>&-
    ((status == 143))
    assert_contains "$(<tail.err)" 'airy: stopped by SIGTERM while nobody read stdout'
}

@test "a tail that is read again after the signal ends with a whole line: 143" {
    listen_unread
    kill -TERM "$spawned_pid"
    cat <&7 >got &
    status=0
    ended "$spawned_pid" 9 || status=$?
    exec 7>&-
    kill $!
    ((status == 143))
    refute_contains "$(<tail.err)" 'nobody read'
    tail -n 1 got | jq -e .topic
}

@test "tail into head ends quietly" {
    spawn pipe bash -c '"$0" tail "#" | head -n 1' "$AIRY_BIN"
    wait_until bound 2
    posts 3
    wait_until eval '(($(wc -l <pipe.out) == 1))'
    posts 3
    ended "$spawned_pid" 10
    assert_equal "$(cat pipe.err)" ''
}

@test "an illegal pattern or condition: exit 2" {
    run_airy tail 'a.*b'
    assert_status 2
    assert_short_error
    run_airy tail '#' --where nothing
    assert_status 2
    assert_contains "$stderr" nothing
    run_airy tail
    assert_status 2
    run_airy tail '#' --idle 5
    assert_status 2
    assert_contains "$stderr" idle
}

@test "tail into publish reproduces every message" {
    listen '#' --count 2 --output json
    post='{"event_id":"7b0c1de2-9c1f-4c57-8f0e-3c3c2f5d1a10","event_type":"circle.left","timestamp":"2026-01-02T03:04:05Z","circle_id":1,"user_id":2}'
    airy publish circle.left "$post" --header who=me --quiet
    amqp-publish -u "$peer_url" -e "$AIRY_EXCHANGE" -r x.y -b 'no json' -H n:1 -p
    ended "$tail_pid" 10
    cp tail.out first
    listen '#' --count 2 --output json
    airy publish --lines message <first --quiet
    ended "$tail_pid" 10
    strip='del(.received_at, .queue)'
    assert_equal "$(jq -cS "$strip" tail.out)" "$(jq -cS "$strip" first)"
}

own_queue() {
    api GET "exchanges/%2F/$AIRY_EXCHANGE/bindings/source" |
        jq -er '[.[].destination | select(startswith("amq.gen"))][0]'
}

@test "--max-reconnects 0: the broker ends the connection: exit 3" {
    listen '#' --max-reconnects 0
    wait_until own_queue
    close_owner_of "$(own_queue)"
    status=0
    ended "$tail_pid" 10 || status=$?
    ((status == 3))
    assert_contains "$(cat tail.err)" 'airy:'
}

@test "--max-reconnects 0: the broker dies: exit 3, with the next step" {
    spawn proxy python3 -c '
import socket, sys, threading
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
def pump(a, b):
    while data := a.recv(65536): b.sendall(data)
while True:
    ours, _ = listener.accept()
    theirs = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    for pair in ((ours, theirs), (theirs, ours)): threading.Thread(target=pump, args=pair).start()
' "$AIRY_TEST_AMQP_PORT"
    local proxy_pid=$spawned_pid
    wait_until test -s proxy.out
    listen '#' --max-reconnects 0 --url "amqp://guest:guest@127.0.0.1:$(<proxy.out)/"
    kill -KILL "$proxy_pid"
    status=0
    ended "$tail_pid" 10 || status=$?
    ((status == 3))
    assert_contains "$(<tail.err)" 'lost the connection'
    assert_contains "$(<tail.err)" 'hint: is RabbitMQ still running there? airy --url'
}

@test "the broker ends the connection: tail listens again, on a queue of its own" {
    listen '#' --count 1 --output json
    wait_until own_queue
    local before
    before=$(own_queue)
    close_owner_of "$before"
    wait_until grep -q 'connected again' tail.err
    assert_contains "$(cat tail.err)" 'not connected'
    airy publish circle.left --set circle_id=1 --set user_id=2 --quiet
    status=0
    ended "$tail_pid" 10 || status=$?
    ((status == 0))
    [[ $(jq -r .queue tail.out) != "$before" ]]
}

owner_of() { api GET "queues/%2F/$1" | jq -er .owner_pid_details.name; }
# close_owner_of QUEUE: closes the connection that holds this exclusive queue.
close_owner_of() {
    wait_until owner_of "$1"
    close_connection "$(owner_of "$1")"
}
