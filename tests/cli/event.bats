#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# The event types and the check of events. Needs no broker.

load helper

setup_file() { :; }
teardown_file() { :; }
setup() { cd "$BATS_TEST_TMPDIR" || return 1; }
teardown() { :; }

good='{"event_type":"post.updated","post_id":1,"author_id":2}'

@test "event ls lists the 15 types, as a table and as JSON with the same names" {
    run_airy event ls
    assert_status 0
    assert_equal "${#lines[@]}" 16
    assert_contains "$output" 'post_id, author_id, circle_id?, title'
    table=$(airy event ls | tail -n +2 | cut -d ' ' -f 1)
    assert_equal "$(wc -l <<<"$table")" 15
    assert_equal "$(airy event ls --output json | jq -r .event_type)" "$table"
}

@test "event show gives fields, choices and an example that is valid" {
    run_airy event show post.voted
    assert_status 0
    assert_contains "$output" 'up or down'
    assert_contains "$output" 'airy publish post.voted --set post_id=42'
    for type in $(airy event ls -o json | jq -r .event_type); do
        airy event show "$type" -o json | jq -c .example |
            airy event validate --topic "$type" --quiet
    done
}

@test "event show of an unknown type names the nearest" {
    run_airy event show post.publishd
    assert_status 8
    assert_equal "$output" ''
    assert_short_error
    assert_contains "$stderr" "did you mean 'post.published'?"
}

@test "event validate tells which lines are wrong and exits 8" {
    printf '%s\n' "$good" '' '{"event_type":"post.updated","post_id":1.5,"author_id":2}' x '' >events
    run_airy event validate events
    assert_status 8
    assert_equal "$output" ''
    assert_contains "$stderr" 'airy: line 3: post_id of post.updated must be a 64-bit integer, not 1.5'
    assert_contains "$stderr" 'airy: line 4: the event is not valid JSON'
    assert_contains "$stderr" '1 valid, 2 not'
}

@test "event validate --output json is one object a line" {
    printf '%s\n' "$good" x >events
    run_airy event validate events --output json
    assert_status 8
    assert_equal "$(jq -c '[.line,.valid]' <<<"$output")" $'[1,true]\n[2,false]'
    assert_equal "$(jq -r 'select(.valid|not).error|type' <<<"$output")" string
}

@test "event validate reads stdin when it is a pipe or a file, or with -" {
    run_airy event validate <<<"$good"
    assert_status 0
    run_airy event validate - <<<"$good"
    assert_status 0
    run_airy event validate </dev/null
    assert_status 2
    assert_contains "$stderr" 'no events given'
    run_airy event validate nowhere
    assert_status 2
    assert_contains "$stderr" "cannot read 'nowhere'"
}

@test "event validate takes types of one's own only with --custom" {
    run_airy event validate <<<'{"event_type":"order.shipped"}'
    assert_status 8
    run_airy event validate --custom <<<'{"event_type":"order.shipped"}'
    assert_status 0
}

@test "event validate survives invalid UTF-8, NULs and a last line without an end" {
    printf '{"x":"\xff"}\n{"x":"\0"}\n%s' "$good" >events
    run_airy event validate events
    assert_status 8
    assert_contains "$stderr" 'line 1: the event is not valid JSON: at byte 7, invalid UTF-8'
    assert_contains "$stderr" 'line 2: '
    assert_contains "$stderr" '1 valid, 2 not'
}

@test "event alone is wrong usage" {
    run_airy event
    assert_status 2
    assert_short_error
}
