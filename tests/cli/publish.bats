#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load helper

setup() {
    airy_setup
    queue=$(fresh queue)
    airy queue declare "$queue" --bind '#' --type classic --quiet
}

teardown() {
    forget "$queue" queues
    airy_teardown
}

post() { airy publish post.published --set post_id="$1" --set author_id=7 --set title=Hello "${@:2}"; }

# The bodies that wait in the queue, in order.
bodies() { timeout 20 amqp-consume -u "$peer_url" -q "$queue" -c "$(depth "$queue")" cat; }

uuid='[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'

@test "one event from --set: its id is printed and it is in the queue" {
    run_airy publish post.published --set post_id=42 --set author_id=7 --set title='Hello, world'
    assert_status 0
    [[ $output =~ ^$uuid$ ]]
    assert_equal "$stderr" ''
    id=$output
    run amqp-get -u "$peer_url" -q "$queue"
    jq -e --arg id "$id" '.event_id == $id and .event_type == "post.published" and .post_id == 42
        and .author_id == 7 and .title == "Hello, world" and (.timestamp | endswith("Z"))' <<<"$output"
}

@test "the properties are those that Airy sets, and airy's own" {
    post 1
    line=$(airy consume '#' --queue "$queue" --no-declare --print --count 1)
    jq -e '.properties.content_type == "application/json" and .properties.delivery_mode == 2
        and .properties.type == "post.published" and .properties.app_id == "airy-tools"
        and .properties.message_id == .body.event_id and .properties.timestamp > 1700000000
        and .topic == "post.published" and .headers == {}' <<<"$line"
}

@test "--output json says what happened" {
    run_airy publish circle.joined '{"circle_id":1,"user_id":2}' --output json
    assert_status 0
    jq -e '.topic == "circle.joined" and .confirmed and .routed and (.event_id | length == 36)' <<<"$output"
}

@test "--quiet prints nothing, and publishes" {
    run_airy publish circle.joined '{"circle_id":1,"user_id":2}' --quiet
    assert_status 0
    assert_equal "$output$stderr" ''
    assert_equal "$(depth "$queue")" 1
}

@test "ids of 64 bits stay exact, those beyond are refused" {
    post 9223372036854775807
    post -9223372036854775808
    assert_equal "$(bodies | jq -c .post_id | wc -l)" 2
    for id in 9223372036854775808 -9223372036854775809 1.0 1e3 '"5"' ''; do
        run_airy publish post.published "{\"post_id\":${id:-null},\"author_id\":7,\"title\":\"x\"}"
        assert_status 8
        assert_short_error
        assert_contains "$stderr" post_id
        assert_equal "$output" ''
    done
}

@test "a body that is complete passes byte for byte, as Airy writes it" {
    body='{"event_id":"7b0c1de2-9c1f-4c57-8f0e-3c3c2f5d1a10","event_type":"comment.created","timestamp":"2026-01-02T03:04:05.123456789+08:00","comment_id":9007199254740993,"post_id":2,"author_id":3,"content":"\u003cb\u003e \u0026 \"x\" \u2028","extra":[1.50,1e2]}'
    run_airy publish comment.created "$body"
    assert_status 0
    assert_equal "$output" 7b0c1de2-9c1f-4c57-8f0e-3c3c2f5d1a10
    assert_equal "$(bodies)" "$body"
}

@test "a missing field, an ill-typed one and null are named" {
    run_airy publish post.published '{"post_id":1,"title":"x"}'
    assert_status 8
    assert_short_error
    assert_contains "$stderr" author_id
    run_airy publish post.published --set post_id= --set author_id=2 --set title=x
    assert_status 8
    assert_contains "$stderr" 'not nothing'
    run_airy publish post.voted '{"post_id":1,"author_id":2,"voter_id":3,"vote_type":"sideways"}'
    assert_status 8
    assert_contains "$stderr" sideways
    run_airy publish post.published '{"post_id":1,"author_id":2,"circle_id":null,"title":"x"}'
    assert_status 8
    assert_contains "$stderr" circle_id
    run_airy publish post.published 'not json'
    assert_status 8
    assert_short_error
    run_airy publish post.published $'{"post_id":1,"author_id":2,"title":"\xff"}'
    assert_status 8
    assert_short_error
    assert_equal "$(depth "$queue")" 0
}

@test "an unknown topic is an error with the nearest name, unless --custom" {
    run_airy publish post.publishd '{}'
    assert_status 8
    assert_contains "$stderr" "did you mean 'post.published'"
    run_airy publish my.own.topic --custom '{"a":1}'
    assert_status 0
    assert_equal "$(bodies | jq -c .a)" 1
}

@test "nobody is bound: exit 4, and --no-mandatory takes it" {
    airy queue delete "$queue" --yes --quiet
    run_airy publish post.deleted '{"post_id":1,"author_id":2}'
    assert_status 4
    assert_short_error
    assert_equal "$output" ''
    assert_contains "$stderr" 'no queue is bound'
    run_airy publish post.deleted '{"post_id":1,"author_id":2}' --no-mandatory
    assert_status 0
}

@test "--no-confirm: what no queue takes is counted at the end: exit 4, and --no-mandatory takes it" {
    airy queue delete "$queue" --yes --quiet
    run_airy publish post.deleted '{"post_id":1,"author_id":2}' --no-confirm
    assert_status 4
    [[ $output =~ ^$uuid$ ]] # it was sent
    assert_short_error
    assert_contains "$stderr" '1 of 1 events sent were not delivered: no queue is bound'
    run_airy publish post.deleted '{"post_id":1,"author_id":2}' --no-confirm --no-mandatory
    assert_status 0
    assert_equal "$stderr" ''
    airy queue declare "$queue" --bind 'post.*' --type classic --quiet
    { events 300; for i in 1 2 3; do echo '{"event_type":"circle.left","circle_id":1,"user_id":2}'; done; } >in
    run_airy publish --no-confirm <in
    assert_status 4
    assert_equal "${#lines[@]}" 303
    assert_contains "$stderr" '3 of 303 events sent were not delivered: no queue is bound'
    run_airy publish --no-confirm --keep-going --output json <in
    assert_status 4
    assert_contains "$stderr" 'published 300 events'
    assert_contains "$stderr" '; 3 not delivered'
    jq -se 'all(.confirmed == false and .routed == null)' <<<"$output"
    events 300 >in
    run_airy publish --no-confirm <in
    assert_status 0
    assert_equal "$(depth "$queue")" 900
}

@test "--metrics-file: a FIFO, a link and a mode stay what they are" {
    mkfifo fifo
    timeout 20 cat fifo >got &
    exec 7>fifo # a reader for all of the run
    post 1 --metrics-file fifo
    exec 7>&-
    wait $!
    [[ -p fifo ]]
    grep -q '^airy_publish_confirm_seconds_count{.*} 1$' got
    echo old >file
    chmod 600 file
    ln -s file link
    post 1 --metrics-file link
    [[ -L link ]]
    assert_equal "$(stat -c %a file)" 600
    grep -q '^airy_publish_confirm_seconds_count{.*} 1$' file
    run_airy publish circle.left '{"circle_id":1,"user_id":2}' --metrics-file fifo
    assert_status 2
    assert_short_error
    assert_contains "$stderr" "cannot write to 'fifo': nobody reads from it"
}

@test "an exchange that is not there: exit 7" {
    run_airy publish circle.left '{"circle_id":1,"user_id":2}' --exchange "$(fresh nowhere)"
    assert_status 7
    assert_short_error
}

@test "the default exchange of another type: exit 7" {
    api PUT "exchanges/%2F/airy.events" -d '{"type":"fanout","durable":true}' -H 'content-type: application/json' || skip "airy.events is there already"
    run env -u AIRY_EXCHANGE "$AIRY_BIN" publish circle.left '{"circle_id":1,"user_id":2}'
    forget airy.events exchanges
    ((status == 7))
}

@test "a full queue that refuses: exit 4" {
    full=$(fresh full)
    airy queue declare "$full" --bind '#' --type classic --arg x-max-length=0 --arg x-overflow=reject-publish --quiet
    run_airy publish circle.left '{"circle_id":1,"user_id":2}'
    forget "$full" queues
    assert_status 4
    assert_contains "$stderr" refused
}

@test "a stream: every id in order, a summary, all in the queue in order" {
    events 500 >in
    run_airy publish <in
    assert_status 0
    assert_equal "${#lines[@]}" 500
    assert_contains "$stderr" 'published 500 events'
    bodies >out
    assert_equal "$(jq -c .post_id out | tr '\n' ' ')" "$(seq 500 | tr '\n' ' ')"
    assert_equal "$(jq -r .event_id out)" "$output"
}

@test "a stream's ids come out while stdin is still open" {
    mkfifo in
    spawn publish sh -c 'exec "$0" publish <in' "$AIRY_BIN"
    exec 7>in
    events 1 >&7
    wait_until grep -qE "$uuid" publish.out
    exec 7>&-
    ended "$spawned_pid" 10
}

@test "a bad line stops the stream, and says how far it was" {
    { events 3; echo '{"event_type":"post.published"}'; events 2; } >in
    run_airy publish <in
    assert_status 8
    assert_equal "${#lines[@]}" 3
    assert_short_error
    assert_contains "$stderr" 'line 4'
    assert_contains "$stderr" '3 were confirmed'
    assert_equal "$(depth "$queue")" 3
}

@test "--keep-going passes over bad lines, keeps them, and exits 8" {
    { events 3; echo oops; echo; events 2; } >in
    run_airy publish --keep-going --rejects bad <in
    assert_status 8
    assert_equal "${#lines[@]}" 5
    printf 'oops\n\n' | cmp - bad
    assert_contains "$stderr" 'line 4'
    assert_contains "$stderr" 'line 5'
    assert_contains "$stderr" '2 invalid'
    assert_equal "$(depth "$queue")" 5
}

@test "an unroutable event in a stream: exit 4 with its line" {
    airy queue delete "$queue" --yes --quiet
    airy queue declare "$queue" --bind 'post.*' --type classic --quiet
    { events 2; echo '{"event_type":"circle.left","circle_id":1,"user_id":2}'; } >in
    run_airy publish <in
    assert_status 4
    assert_equal "${#lines[@]}" 2
    assert_contains "$stderr" 'line 3'
    run_airy publish --keep-going --rejects bad <in
    assert_status 4
    assert_contains "$(cat bad)" circle.left
}

@test "-0: records with line breaks in them" {
    printf '{"event_type":"circle.left",\n"circle_id":1,"user_id":2}\0{"event_type":"circle.left","circle_id":2,"user_id":2}\0' >in
    run_airy publish -0 <in
    assert_status 0
    assert_equal "$(depth "$queue")" 2
}

@test "--lines raw: bytes as they are" {
    printf 'a\0b\xff\n\n' >in
    run_airy publish raw.topic --custom --lines raw <in
    assert_status 0
    assert_equal "$(depth "$queue")" 2
    amqp-get -u "$peer_url" -q "$queue" >out
    assert_equal "$(od -An -tx1 out)" ' 61 00 62 ff'
}

@test "a body with zero bytes and newlines comes back exactly through message lines" {
    printf 'a\0b\nc' >in
    amqp-publish -u "$peer_url" -e "$AIRY_EXCHANGE" -r raw.topic -H k:v -C text/odd <in
    airy consume '#' --queue "$queue" --no-declare --print --count 1 >line
    run_airy publish --lines message <line
    assert_status 0
    airy consume '#' --queue "$queue" --no-declare --print --count 1 >again
    amqp-publish -u "$peer_url" -e "$AIRY_EXCHANGE" -r raw.topic <in
    amqp-get -u "$peer_url" -q "$queue" >out
    cmp in out
    assert_equal "$(jq -cS 'del(.received_at)' again)" "$(jq -cS 'del(.received_at)' line)"
}

@test "headers and properties arrive as given" {
    post 1 --header a=b --header c=d=e --priority 3 --expiration 90s --correlation-id cid --reply-to rq --transient
    line=$(airy consume '#' --queue "$queue" --no-declare --print --count 1)
    jq -e '.headers == {"a":"b","c":"d=e"} and .properties.priority == 3 and .properties.expiration == "90000"
        and .properties.correlation_id == "cid" and .properties.reply_to == "rq" and .properties.delivery_mode == 1' <<<"$line"
}

@test "an empty stdin publishes nothing and says so" {
    run_airy publish post.published </dev/null
    assert_status 2
    : >empty
    run_airy publish <empty
    assert_status 0
    assert_contains "$stderr" 'nothing published'
}

@test "stdin is left alone when the event is an operand" {
    printf '1\n2\n3\n' | while read -r id; do post "$id" --quiet; done
    assert_equal "$(depth "$queue")" 3
}

@test "--verbose tells of the connection, the exchange and the confirm" {
    run_airy publish circle.left '{"circle_id":1,"user_id":2}' --verbose --log-format json
    assert_status 0
    jq -se --arg x "$AIRY_EXCHANGE" --arg id "$output" '
        map(.message) == ["connecting", "connected", "publisher confirms are on", "publishing", "confirmed"]
        and .[2].exchange == $x and .[3].event_id == $id and .[3].topic == "circle.left" and .[4].ms > 0' <<<"$stderr"
    run_airy queue declare "$queue" --bind '#' --type classic --verbose
    assert_status 0
    assert_contains "$stderr" 'info: declared an exchange'
    assert_contains "$stderr" "info: declared a queue queue=$queue type=classic"
    assert_contains "$stderr" "info: bound a queue queue=$queue exchange=$AIRY_EXCHANGE pattern=#"
}

@test "options for a stream are wrong usage beside an event that is an operand" {
    for options in --keep-going '--keep-going --rejects bad' '--lines raw' --null; do
        # shellcheck disable=SC2086 # words
        run_airy publish circle.left '{"circle_id":1,"user_id":2}' $options
        assert_status 2
        assert_short_error
        assert_contains "$stderr" "${options%% *}"
    done
    run_airy publish circle.left --set circle_id=1 --set user_id=2 --no-confirm --confirm-timeout 5s
    assert_status 2
    assert_contains "$stderr" --confirm-timeout
    assert_equal "$(depth "$queue")" 0
}

@test "wrong usage is exit 2" {
    run_airy publish '{"a":1}'
    assert_status 2
    run_airy publish post.published '{}' --set a=b
    assert_status 2
    run_airy publish post.published --set novalue
    assert_status 2
    assert_contains "$stderr" novalue
    run_airy publish --set a=b
    assert_status 2
    run_airy publish post.published --priority 900 '{}'
    assert_status 2
    run_airy publish post.published --expiration soon '{}'
    assert_status 2
    assert_contains "$stderr" soon
    assert_contains "$stderr" expiration
}

@test "a line of 200 MB is refused with its number, and memory stays bounded" {
    { events 1; head -c 200000000 /dev/zero | tr '\0' x; echo; } >in
    AIRY_RUN_SECONDS=120 run_airy publish <in
    assert_status 8
    assert_short_error
    assert_contains "$stderr" 'line 2'
    assert_contains "$stderr" '1 were confirmed'
}

@test "stdout closed: an error, not a silent 0" {
    events 50 >in
    run bash -c '"$0" publish <in >&-' "$AIRY_BIN"
    ((status == 1))
    airy queue purge "$queue" --yes --quiet
    events 20000 >many
    run --separate-stderr bash -c 'set -o pipefail; "$0" publish <many | head -n 1 >/dev/null' "$AIRY_BIN"
    ((status == 1))
    told='stopped after ([0-9]+) confirmed events; up to ([0-9]+) more were sent'
    [[ $stderr =~ $told ]]
    confirmed=${BASH_REMATCH[1]} more=${BASH_REMATCH[2]} ready=$(depth "$queue")
    ((confirmed <= ready && ready <= confirmed + more))
}

@test "Ctrl-C ends a stream after what was sent is confirmed: 130" {
    mkfifo in
    spawn publish sh -c 'exec "$0" publish <in' "$AIRY_BIN"
    exec 7>in
    events 10 >&7
    wait_until eval '(($(wc -l <publish.out) == 10))'
    kill -INT "$spawned_pid"
    status=0
    ended "$spawned_pid" 10 || status=$?
    exec 7>&-
    ((status == 130))
    assert_equal "$(depth "$queue")" 10
}

@test "a stream whose ids nobody reads ends at once on a second signal, with the count" {
    events 9000 >in
    mkfifo pipe
    exec 7<>pipe
    spawn publish sh -c 'exec "$0" publish <in >pipe' "$AIRY_BIN"
    wait_until is_full pipe
    kill -TERM "$spawned_pid"
    kill -INT "$spawned_pid"
    status=0
    ended "$spawned_pid" 3 || status=$?
    exec 7>&-
    ((status == 130 || status == 143))
    grep -E 'stopped by SIG[A-Z]+; [0-9]+ were confirmed, [0-9]+ are uncertain' publish.err
    (($(wc -l <publish.err) == 3))
}

@test "--lines message: a property that no broker takes is that line's error, and the others go" {
    printf '%s\n' '{"topic":"post.deleted","body":{"a":1}}' '{"topic":"post.deleted","body":{"a":2},"properties":{"delivery_mode":9}}' \
        '{"topic":"post.deleted","body":{"a":3},"properties":{"expiration":"soon"}}' '{"topic":"post.deleted","body":{"a":4}}' >lines
    run --separate-stderr bash -c '"$0" publish --lines message --custom --keep-going --rejects rejects <lines' "$AIRY_BIN"
    assert_status 8
    assert_contains "$stderr" 'line 2'
    assert_contains "$stderr" 'line 3'
    assert_equal "$(depth "$queue")" 2
    assert_equal "$(wc -l <rejects)" 2
}

@test "--lines message: a name that is none of a line's is that line's error, and the others go" {
    printf '%s\n' '{"topic":"post.deleted","body":{"a":1}}' \
        '{"topic":"post.deleted","body":{"a":2},"properties":{"mesage_id":"x"}}' \
        '{"topic":"post.deleted","body":{"a":3},"header":{"k":"v"}}' '{"topic":"post.deleted","body":{"a":4}}' >in
    run_airy publish --lines message --keep-going <in
    assert_status 8
    assert_contains "$stderr" "line 2: not a message line at byte 55: there is no property 'mesage_id', did you mean 'message_id'?"
    assert_contains "$stderr" "line 3: "
    assert_contains "$stderr" "there is no member 'header'"
    assert_equal "$(depth "$queue")" 2
    run_airy publish --lines message <in
    assert_status 8
    assert_short_error
    assert_contains "$stderr" 'line 2'
}

@test "a rejects file that cannot be written ends the stream, with what was confirmed told" {
    printf '%s\n' '{"event_type":"a.b","a":1}' bad '{"event_type":"a.b","a":2}' >lines
    run --separate-stderr bash -c '"$0" publish --custom --keep-going --rejects /dev/full <lines' "$AIRY_BIN"
    assert_status 1
    assert_contains "$stderr" 'stopped after 1 confirmed'
    assert_equal "${#lines[@]}" 1
    assert_equal "$(depth "$queue")" 1
}
