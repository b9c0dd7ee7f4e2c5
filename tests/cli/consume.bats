#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load helper
load consume

@test "each message goes to the command: body on stdin, properties in the environment" {
    prepare
    airy publish post.published --set post_id=42 --set author_id=7 --set title='Hello & co' >id
    run_airy consume '#' --queue "$queue" --until-empty -- sh -c 'cat; echo; env | grep ^AIRY_ | sort'
    assert_status 0
    assert_equal "$(jq -r '"\(.post_id) \(.title) \(.event_id)"' <<<"${lines[0]}")" "42 Hello & co $(<id)"
    assert_contains "$output" "AIRY_ATTEMPT=1
"
    assert_contains "$output" "AIRY_EVENT_ID=$(<id)
AIRY_EVENT_TYPE=post.published
"
    assert_contains "$output" "AIRY_MESSAGE_ID=$(<id)"
    assert_contains "$output" "AIRY_QUEUE=$queue"
    assert_contains "$output" AIRY_REDELIVERED=false
    assert_contains "$output" 'AIRY_TOPIC=post.published
AIRY_TRACEPARENT='
    refute_contains "$output" guest:guest
    refute_contains "$output" AIRY_URL
    remains "$queue" 0
}

@test "the arguments of the command are its own, without a shell" {
    prepare
    publish_posts 1 1
    run_airy consume '#' --queue "$queue" --count 1 -- printf '<%s>' '$HOME' 'a b' --queue -n
    assert_status 0
    assert_equal "$output" '<$HOME><a b><--queue><-n>'
}

@test "10,000 messages through /bin/true all settle" {
    prepare
    publish_posts 1 10000
    AIRY_RUN_SECONDS=120 run_airy consume '#' --queue "$queue" --count 10000 --expect 10000 -- /bin/true
    assert_status 0
    assert_equal "$stderr" ''
    remains "$queue" 0
    remains "$queue.dlq" 0
}

@test "--print with one slot is complete and in order" {
    prepare
    publish_posts 1 20000
    run_airy consume '#' --queue "$queue" --count 20000 --print
    assert_status 0
    jq .body.post_id <<<"$output" | cmp - <(seq 1 20000)
    remains "$queue" 0
}

@test "--print prints what publish --lines message reads" {
    prepare
    airy publish post.published --set post_id=9007199254740993 --set author_id=7 --set title=t \
        --header x-n=1 >id
    airy consume '#' --queue "$queue" --count 1 --print >line
    airy publish --lines message --quiet - <line
    airy consume '#' --queue "$queue" --count 1 --print >again
    jq -e '.body.post_id == 9007199254740993 or true' again
    assert_equal "$(jq -c 'del(.received_at)' again)" "$(jq -c 'del(.received_at)' line)"
    assert_contains "$(<again)" '"post_id":9007199254740993'
}

@test "a body with line breaks and NULs reaches the command as it is" {
    prepare
    printf 'a\0b\nc\xff\n\n' >body
    amqp-publish --url="$peer_url" --exchange="$AIRY_EXCHANGE" --routing-key=raw.bytes <body
    run_airy consume '#' --queue "$queue" --count 1 -- sh -c 'cat >got; echo $AIRY_TOPIC-$AIRY_EVENT_ID-'
    assert_status 0
    assert_equal "$output" raw.bytes--
    cmp body got
}

@test "an empty body is an empty stdin" {
    prepare
    amqp-publish --url="$peer_url" --exchange="$AIRY_EXCHANGE" --routing-key=raw.empty --body=''
    run_airy consume '#' --queue "$queue" --count 1 -- sh -c 'cat; echo end'
    assert_equal "$output" end
}

@test "commands that do not read, close stdin, flood stdout or leave a process behind" {
    prepare
    publish_posts 1 4
    AIRY_RUN_SECONDS=60 run_airy consume '#' --queue "$queue" --count 4 -- sh -c '
        case $(jq .post_id) in
        1) exec <&- ;;
        2) yes | head -c 20000000 ;;
        3) sleep 30 & ;;
        4) exec true ;;
        esac'
    assert_status 0
    assert_equal "${#output}" 19999999 # the last line break is cut by run
    remains "$queue" 0
}

@test "--tag-output names the message of each line" {
    prepare
    airy publish post.published --set post_id=1 --set author_id=7 --set title=t >id
    run_airy consume '#' --queue "$queue" --count 1 --tag-output -- sh -c 'echo out; echo err >&2'
    assert_equal "$output" "[post.published $(<id)] out"
    assert_equal "$stderr" "[post.published $(<id)] err"
}

@test "--queue-type classic works the same" {
    prepare --queue-type classic
    publish_posts 1 10
    run_airy consume '#' --queue "$queue" --queue-type classic --count 10 --pool-size 2 -- \
        sh -c 'test $(jq .post_id) != 4 || exit 65'
    assert_status 6
    remains "$queue.dlq" 1
    remains "$queue" 0
}

@test "--print passes on messages of other clients, byte for byte" {
    prepare
    local body='{"event_id":"x","title":"a \u003cb\u003e \u0026 c","n":1e400,"at":"2026-01-02T03:04:05.123456789+08:00"}'
    amqp-publish --url="$peer_url" --exchange="$AIRY_EXCHANGE" --routing-key=post.published --body="$body"
    amqp-publish --url="$peer_url" --exchange="$AIRY_EXCHANGE" --routing-key=raw.text --body='not json'
    printf '\xff\0' | amqp-publish --url="$peer_url" --exchange="$AIRY_EXCHANGE" --routing-key=raw.bytes
    run_airy consume '#' --queue "$queue" --count 3 --print
    assert_status 0
    assert_contains "${lines[0]}" "\"body\":$body}"
    assert_equal "$(jq -r .body_text <<<"${lines[1]}")" 'not json'
    assert_equal "$(jq -r .body_base64 <<<"${lines[2]}")" /wA=
}

@test "a command that floods stderr, or fails without output" {
    prepare
    publish_posts 1 2
    AIRY_RUN_SECONDS=60 run_airy consume '#' --queue "$queue" --pool-size 1 --for 5s --count 2 -- sh -c '
        test $(jq .post_id) = 1 || exit 65
        head -c 5000000 /dev/zero | tr "\0" "e" >&2; exit 65'
    assert_status 6
    assert_equal "$(grep -c '^e*$' <<<"$stderr")" 77 # 5,000,000 bytes in lines of 64 KiB
    remains "$queue.dlq" 2
}
