#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load helper
load publish

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

@test "no queue is bound: exit 4, and --no-mandatory accepts that" {
    airy queue delete "$queue" --yes --quiet
    run_airy publish post.deleted '{"post_id":1,"author_id":2}'
    assert_status 4
    assert_short_error
    assert_equal "$output" ''
    assert_contains "$stderr" 'no queue is bound'
    run_airy publish post.deleted '{"post_id":1,"author_id":2}' --no-mandatory
    assert_status 0
}

@test "--no-confirm: unroutable events are counted at the end: exit 4, and --no-mandatory accepts them" {
    airy queue delete "$queue" --yes --quiet
    run_airy publish post.deleted '{"post_id":1,"author_id":2}' --no-confirm
    assert_status 4
    [[ $output =~ ^$uuid$ ]] # it was sent
    assert_short_error
    assert_contains "$stderr" '1 of 1 events sent were not delivered: no queue is bound'
    run_airy publish post.deleted '{"post_id":1,"author_id":2}' --no-confirm --no-mandatory
    assert_status 0
    assert_equal "$stderr" ''
    airy queue declare --plain "$queue" --bind 'post.*' --type classic --quiet
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

@test "--no-confirm: what the broker closes the channel for at the end is no success" {
    airy queue declare --plain "$queue" --bind 'post.*' --type classic --quiet
    local bad='{"topic":"post.published","properties":{"user_id":"somebody"},"body":{"event_type":"post.published","post_id":1,"author_id":2,"title":"t"}}'
    { sed 's/,"properties":{[^}]*}//' <<<"$bad"; echo "$bad"; } >in
    for options in '' --no-mandatory --keep-going; do
        # shellcheck disable=SC2086
        run_airy publish --lines message --no-confirm $options - <in
        assert_status 4
        assert_short_error
        assert_contains "$stderr" user_id
        assert_contains "$stderr" 'any of the 2 that were sent may be lost'
        refute_contains "$stderr" 'published 2'
    done
    run_airy publish --lines message --no-confirm - < <(tail -n 1 in)
    assert_status 4
    assert_contains "$stderr" user_id
}

@test "a missing exchange: exit 7" {
    run_airy publish circle.left '{"circle_id":1,"user_id":2}' --exchange "$(fresh nowhere)"
    assert_status 7
    assert_short_error
}

@test "the default exchange of another type: exit 7" {
    # In a virtual host of its own: other tests may use the default exchange.
    api PUT "vhosts/$queue"
    api PUT "permissions/$queue/guest" -d '{"configure":".*","write":".*","read":".*"}' -H 'content-type: application/json'
    api PUT "exchanges/$queue/airy.events" -d '{"type":"fanout","durable":true}' -H 'content-type: application/json'
    run env -u AIRY_EXCHANGE "$AIRY_BIN" publish circle.left '{"circle_id":1,"user_id":2}' --url "$AIRY_URL$queue"
    api DELETE "vhosts/$queue"
    assert_status 7
}

@test "a full queue that refuses: exit 4" {
    full=$(fresh full)
    airy queue declare --plain "$full" --bind '#' --type classic --arg x-max-length=0 --arg x-overflow=reject-publish --quiet
    run_airy publish circle.left '{"circle_id":1,"user_id":2}'
    forget "$full" queues
    assert_status 4
    assert_contains "$stderr" refused
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
