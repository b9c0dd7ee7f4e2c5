#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load helper
load publish

@test "one event from --set: its id is printed and the event is in the queue" {
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

@test "--output json tells the outcome" {
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

@test "ids of 64 bits stay exact, larger ones are refused" {
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

@test "a complete body passes byte for byte, as Airy writes it" {
    body='{"event_id":"7b0c1de2-9c1f-4c57-8f0e-3c3c2f5d1a10","event_type":"comment.created","timestamp":"2026-01-02T03:04:05.123456789+08:00","comment_id":9007199254740993,"post_id":2,"author_id":3,"content":"\u003cb\u003e \u0026 \"x\" \u2028","extra":[1.50,1e2]}'
    run_airy publish comment.created "$body"
    assert_status 0
    assert_equal "$output" 7b0c1de2-9c1f-4c57-8f0e-3c3c2f5d1a10
    assert_equal "$(bodies)" "$body"
}

@test "--metrics-file: a FIFO, a link and a mode are kept" {
    mkfifo fifo
    timeout 20 cat fifo >got &
    exec 7>fifo # keeps cat reading for the whole run
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

@test "stdin is not read when the event is an operand" {
    printf '1\n2\n3\n' | while read -r id; do post "$id" --quiet; done
    assert_equal "$(depth "$queue")" 3
}

@test "--verbose reports the connection, the exchange and the confirm" {
    run_airy publish circle.left '{"circle_id":1,"user_id":2}' --verbose --log-format json
    assert_status 0
    jq -se --arg x "$AIRY_EXCHANGE" --arg id "$output" '
        map(.message) == ["connecting", "connected", "publisher confirms are on", "publishing", "confirmed"]
        and .[2].exchange == $x and .[3].event_id == $id and .[3].topic == "circle.left" and .[4].ms > 0' <<<"$stderr"
    run_airy queue declare --plain "$queue" --bind '#' --type classic --verbose
    assert_status 0
    assert_contains "$stderr" 'info: declared an exchange'
    assert_contains "$stderr" "info: declared a queue queue=$queue type=classic"
    assert_contains "$stderr" "info: bound a queue queue=$queue exchange=$AIRY_EXCHANGE pattern=#"
}

@test "--lines message: a property that no broker takes is an error of its line, and the others go" {
    printf '%s\n' '{"topic":"post.deleted","body":{"a":1}}' '{"topic":"post.deleted","body":{"a":2},"properties":{"delivery_mode":9}}' \
        '{"topic":"post.deleted","body":{"a":3},"properties":{"expiration":"soon"}}' '{"topic":"post.deleted","body":{"a":4}}' >lines
    run --separate-stderr bash -c '"$0" publish --lines message --custom --keep-going --rejects rejects <lines' "$AIRY_BIN"
    assert_status 8
    assert_contains "$stderr" 'line 2'
    assert_contains "$stderr" 'line 3'
    assert_equal "$(depth "$queue")" 2
    assert_equal "$(wc -l <rejects)" 2
}

@test "--lines message: an unknown member is an error of its line, and the others go" {
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
