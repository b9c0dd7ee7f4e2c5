#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# Airy's own services: their messages have no message id, and their Go code reads some JSON otherwise
# than its text says.

load ../cli/helper

# A message line as Airy's services publish, with this event_id and body member: airy_line ID [MEMBER]
airy_line() {
    printf '{"topic":"post.deleted","properties":{"content_type":"application/json","delivery_mode":2,"timestamp":1795435200},"headers":{},"body":{"event_id":"%s","event_type":"post.deleted","timestamp":"2026-11-23T12:00:00Z","post_id":1,"author_id":2%s}}\n' "$1" "${2-}"
}
first=6f1f0d0a-7c1b-4a57-8d0c-0d5c9a3d9f10
second=6f1f0d0a-7c1b-4a57-8d0c-0d5c9a3d9f11

@test "the body's event_id stands in for a message id: output of publish, environment, log, --dedup" {
    queue=$(fresh airy)
    airy consume post.deleted --queue "$queue" --until-empty --print
    { airy_line $first; airy_line $first ',"again":1'; airy_line $second; } >lines
    run_airy publish --lines message - <lines
    assert_status 0
    assert_equal "$output" "$first"$'\n'"$first"$'\n'"$second"

    run_airy consume post.deleted --queue "$queue" --dedup 1h --pool-size 1 --until-empty --log-events \
        --on-error discard -- sh -c 'echo "$AIRY_MESSAGE_ID $AIRY_EVENT_ID"; [ "$AIRY_MESSAGE_ID" = '$first' ]'
    assert_equal "$output" "$first $first"$'\n'"$second $second"
    assert_contains "$stderr" "message given up topic=post.deleted message_id=$second"
    assert_contains "$stderr" "event_id=$first attempt=1"
    assert_contains "$stderr" 'settlement=duplicate'
    refute_contains "$stderr" 'no message_id and no event_id'
}

@test "--dedup says once that messages have no id at all, and handles each" {
    queue=$(fresh airy)
    airy consume post.deleted --queue "$queue" --until-empty --print
    for _ in 1 2 3; do echo '{"topic":"post.deleted","properties":{},"headers":{},"body":{"x":1}}'; done |
        airy publish --lines message - >printed
    assert_equal "$(sort -u printed)" -
    run_airy consume post.deleted --queue "$queue" --dedup 1h --until-empty -- sh -c 'echo handled'
    assert_status 0
    assert_equal "${#lines[@]}" 3
    assert_equal "$(grep -c 'no message_id and no event_id' <<<"$stderr")" 1
    airy publish --lines message - <<<'{"topic":"post.deleted","properties":{},"headers":{},"body":{"x":1}}' >/dev/null
    run_airy consume post.deleted --queue "$queue" --until-empty -- true
    refute_contains "$stderr" 'no message_id and no event_id'
}

@test "a name that Go reads as a known field is refused, exit 8, by name" {
    for body in '{"post_id":1,"Post_ID":99,"author_id":2}' '{"post_id":1,"poſt_id":99,"author_id":2}' \
        '{"post_id":1,"author_id":2,"AUTHOR_ID":3}' '{"POST_id":1,"author_id":2}' \
        '{"post_id":1,"author_id":2,"Event_Id":"x"}' '{"post_id":1,"author_id":2,"po\u017ft_id":9}'; do
        run_airy publish post.updated "$body"
        assert_status 8
        assert_short_error
        assert_contains "$stderr" "by Airy's services: write it as"
    done
    run_airy publish post.published '{"post_id":1,"author_id":2,"title":"t","Title":5}'
    assert_status 8
    assert_contains "$stderr" "field 'Title' is read as title"
    run_airy publish post.updated --set post_id=1 --set author_id=2 --set Post_Id=3
    assert_status 8
    run_airy event validate <<<'{"event_type":"post.updated","post_id":1,"author_id":2,"Title":5}'
    assert_status 0
}

@test "a timestamp with an escape is refused, exit 8" {
    run_airy publish post.updated '{"timestamp":"2026-01-01T00\u003a00:00Z","post_id":1,"author_id":2}'
    assert_status 8
    assert_contains "$stderr" 'timestamp must be an RFC 3339 time such as 2026-01-31T12:00:00Z, without escapes'
    run_airy event validate <<<'{"event_type":"post\u002eupdated","timestamp":"2026-01-01T00:00:00Z","post\u005fid":1,"author_id":2}'
    assert_status 0
}

@test "event ls tells which types Airy's services publish today" {
    run_airy event ls --output json
    assert_status 0
    assert_equal "$(jq -r 'select(.published) | .event_type' <<<"$output" | sort | xargs)" \
        'comment.created comment.deleted post.deleted post.published post.updated vote.created vote.deleted vote.updated'
    assert_equal "$(airy event ls | awk '$2 == "yes" {print $1}' | wc -l)" 8
    run_airy event show user.registered
    assert_contains "$output" 'do not publish it today'
    run_airy event show vote.created
    assert_contains "$output" 'publish it today'
}
