#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# `consume --http`, on RabbitMQ and on the embedded broker.

load helper
load consume

# on_both FUNCTION: once for each kind of broker.
on_both() {
    local url
    service
    for url in "$AIRY_TEST_URL" sqlite:airy.db; do
        export AIRY_URL=$url
        rm -f requests
        prepare
        "$@"
    done
}

posts_are_events() {
    publish_posts 1 20
    run_airy consume '#' --queue "$queue" --until-empty --http "$service/ok?a=b" --http-header 'X-One: 1'
    assert_status 0
    assert_equal "$(requested '.body | fromjson | .post_id' | sort -n | xargs)" "$(seq 1 20 | xargs)"
    assert_equal "$(requested '[.path, .headers["ce-specversion"], .headers["ce-type"], .headers["ce-source"],
        .headers["content-type"], .headers["x-one"], .headers["airy-attempt"]] | join(" ")' | uniq)" \
        "/ok?a=b 1.0 post.published /$AIRY_EXCHANGE application/json 1 1"
    assert_equal "$(requested '.headers["ce-id"] == (.body | fromjson | .event_id)' | uniq)" true
    remains "$queue" 0
}
@test "each message is posted as a CloudEvent" { on_both posts_are_events; }

forms_differ() {
    publish_posts 7 7
    run_airy consume '#' --queue "$queue" --until-empty --http "$service/moved" --http-format structured
    assert_status 0
    publish_posts 8 8
    run_airy consume '#' --queue "$queue" --until-empty --http "$service/ok" --http-format raw
    assert_status 0
    assert_equal "$(requested '[.path, (.body | fromjson | .data.post_id, .post_id)] | map(tostring) | join(" ")')" \
        "/moved 7 null
/ok 7 null
/ok null 8"
    assert_equal "$(requested '.headers["airy-topic"]' | tail -n 1)" post.published
}
@test "the structured and the raw form; a redirect within the origin" { on_both forms_differ; }

answers_decide() {
    publish_posts 1 1
    run_airy consume '#' --queue "$queue" --until-empty --http "$service/status/422"
    assert_status 6
    assert_contains "$stderr" 'HTTP 422: the service says no'
    run_airy dlq show "$queue" --output json
    assert_equal "$(jq -r '.headers | .["x-airy-reason", "x-airy-error"], (.["x-airy-exit"] | tostring)' <<<"$output")" \
        "rejected
HTTP 422: the service says no
422"
    airy dlq purge "$queue" --yes
    publish_posts 1 1
    run_airy consume '#' --queue "$queue" --count 1 --http "$service/status/503" --max-attempts 2 --retry-delay 100ms
    assert_status 6
    assert_equal "$(requested '.headers["airy-attempt"]' | tail -n 2 | xargs)" '1 2'
    run_airy dlq show "$queue" --output json
    assert_equal "$(jq -r '.headers["x-airy-reason"]' <<<"$output")" attempts
    airy dlq purge "$queue" --yes
}
@test "the status of the answer decides, and the dead letter tells it" { on_both answers_decide; }

faults_are_failures() {
    local fault
    for fault in silent half reset away; do
        publish_posts 1 1
        run_airy consume '#' --queue "$queue" --count 1 --http "$service/$fault" --http-timeout 200ms --on-error dead-letter
        assert_status 6
    done
    assert_equal "$(airy dlq show "$queue" --output json | jq -r '.headers["x-airy-error"]')" \
        "$service/silent: no answer within 0.2 s
$service/half: no answer within 0.2 s
$service/reset: connection reset by peer
HTTP 307: not followed to http://localhost:1/"
    airy dlq purge "$queue" --yes
    publish_posts 1 1
    run_airy consume '#' --queue "$queue" --until-empty --http "$service/huge"
    assert_status 0
    remains "$queue" 0
}
@test "a service that is silent, breaks off, resets or sends 1 GB" { on_both faults_are_failures; }

seconds_between() { requested .at | awk 'NR == 1 {first = $1} END {printf "%.1f", $1 - first}'; }
at_least() { awk -v a="$1" -v b="$2" 'BEGIN {exit !(a >= b)}'; }

service_tells_delay() {
    publish_posts 1 1
    run_airy consume '#' --queue "$queue" --count 1 --http "$service/busy/1" --retry-delay 700ms
    assert_status 0
    assert_equal "$(requested .path | wc -l)" 2
    at_least "$(seconds_between)" 1.0
    rm requests
    publish_posts 2 2
    run_airy consume '#' --queue "$queue" --count 1 --http "$service/date" --retry-delay 10m --retry-max-delay 1h
    assert_status 0
    at_least "$(seconds_between)" 0.9
    # No queue for the delay of a stranger.
    assert_equal "$(airy queue ls --match "$queue.retry.*" --output json | jq -r .queue | sed 's/.*retry.//' | sort -n | xargs)" '1400 600000'
}
@test "Retry-After is the delay, in the retry queue that there is" { on_both service_tells_delay; }

waits_for_service() {
    local port
    port=$(<port)
    kill -KILL "$service_pid"
    wait_until gone "$service_pid"
    publish_posts 1 50
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --until-empty --http "$service/ok"
    local consumer=$spawned_pid
    wait_until consumer_has '.state == "tripped" and .failed == 0 and .in_flight > 0'
    wait_until grep -q 'connection refused' consumer.err
    service "$port"
    status=0
    ended "$consumer" 20 || status=$?
    assert_status 0
    assert_equal "$(requested '.headers["airy-attempt"]' | sort | uniq -c | xargs)" '50 1'
    assert_equal "$(grep -c 'not there' consumer.err)" 1
    assert_contains "$(<consumer.err)" 'there again'
}
@test "while nobody listens, messages wait and count no attempt" { on_both waits_for_service; }

@test "a service killed with SIGKILL again and again: every message is handled" {
    service
    prepare
    publish_posts 1 200
    local port
    port=$(<port)
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --until-empty --retry-delay 100ms --http "$service/slow"
    local consumer=$spawned_pid seen
    for seen in 20 80; do
        wait_until lines_in requests "$seen"
        kill -KILL "$service_pid"
        wait_until gone "$service_pid"
        service "$port"
    done
    status=0
    ended "$consumer" 40 || status=$?
    assert_status 0
    assert_equal "$(requested '.body | fromjson | .post_id' | sort -n -u | xargs)" "$(seq 1 200 | xargs)"
    remains "$queue" 0
}

@test "a consumer that waits for its service drains at once, and its messages go back" {
    prepare
    publish_posts 1 3
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --log-format json --log-events --http 'http://topsecret@127.0.0.1:1/?k=topsecret'
    wait_until consumer_has '.state == "tripped"'
    kill -TERM "$spawned_pid"
    status=0
    ended "$spawned_pid" 10 || status=$?
    assert_status 143
    assert_equal "$(grep '^{' consumer.err | jq -r '.reason // empty' | head -n 1)" \
        'http://***@127.0.0.1:1/?k=***: connection refused'
    refute_contains "$(<consumer.err)" topsecret
    remains "$queue" 3
}

@test "SIGTERM lets requests end, and after --drain their messages go back" {
    service
    prepare
    publish_posts 1 2
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --http "$service/slow"
    wait_until lines_in requests 2
    kill -TERM "$spawned_pid"
    status=0
    ended "$spawned_pid" 10 || status=$?
    assert_status 143
    remains "$queue" 0
    rm requests
    publish_posts 1 2
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --http "$service/silent" --drain 300ms
    wait_until lines_in requests 2
    kill -TERM "$spawned_pid"
    status=0
    ended "$spawned_pid" 10 || status=$?
    assert_status 143
    remains "$queue" 2
}

@test "pool cancel ends one request" {
    service
    prepare
    publish_posts 1 2
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --count 2 --http "$service/silent"
    wait_until lines_in requests 2
    local id
    for id in $(requested '.headers["ce-id"]'); do
        airy pool cancel "$queue" "$id" --dead-letter
    done
    status=0
    ended "$spawned_pid" 10 || status=$?
    assert_status 6
    assert_equal "$(airy dlq show "$queue" --output json | jq -r '.headers["x-airy-error"]' | uniq)" 'cancelled by an operator'
}

@test "no secret is shown, wherever it comes from" {
    service
    prepare
    printf 'Bearer topsecret-1\n' >token
    printf '# a comment\n\nX-Key: topsecret-2\n' >headers
    publish_posts 1 1
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --count 1 --verbose --log-events \
        --http "http://ann:topsecret-3@127.0.0.1:$(<port)/echo?key=topsecret-4" \
        --http-header 'Authorization: @token' --http-header-file headers --http-header 'X-Other: topsecret-5' \
        --http-header 'Cookie: sid="topsecret-6"; theme=topsecret-7'
    wait_until lines_in requests 1
    status=0
    ended "$spawned_pid" 10 || status=$?
    assert_status 6
    assert_equal "$(requested '.headers | .authorization, .["x-key"], .["x-other"]' | xargs)" \
        'Bearer topsecret-1 topsecret-2 topsecret-5'
    refute_contains "$(<consumer.err)$(<consumer.out)" topsecret
    refute_contains "$(airy dlq show "$queue" --output json)" topsecret
    assert_contains "$(<consumer.err)" '***'

    publish_posts 1 1
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --http "http://ann:topsecret-3@127.0.0.1:1/?key=topsecret-4" \
        --http-header 'X-Other: topsecret-5' --http-header=X-Third:topsecret-6
    wait_until consumer_has '.state == "tripped"'
    refute_contains "$(tr '\0' ' ' <"/proc/$spawned_pid/cmdline")" topsecret
    assert_contains "$(tr '\0' ' ' <"/proc/$spawned_pid/cmdline")" 'http://***@127.0.0.1:1/?key=*** '
    refute_contains "$(<consumer.err)$(airy pool show "$queue" --output json)" topsecret
    assert_contains "$(airy pool show "$queue" --output json)" 'connection refused'
}

@test "wrong usage names the option and no secret" {
    local wrong
    for wrong in 'topsecret' ': topsecret' 'Host: topsecret' 'Content-Length: topsecret' $'X: topsecret\x01' \
        'A B: topsecret' 'X: @none'; do
        run_airy consume '#' --queue q --http http://localhost/ --http-header "$wrong"
        assert_status 2
        assert_short_error
        refute_contains "$stderr" topsecret
    done
    for wrong in '' localhost ftp://localhost/ http:// http://localhost/#a http://a:topsecret/b@localhost/ \
        http://ann:topsecret@localhost:port/; do
        run_airy consume '#' --queue q --http "$wrong"
        assert_status 2
        assert_short_error
        refute_contains "$stderr" topsecret
    done
    run_airy consume '#' --queue q --http http://localhost/ --print
    assert_status 2
    assert_contains "$stderr" 'exclude each other'
    run_airy consume '#' --queue q --http http://localhost/ --timeout 5s
    assert_status 2
    run_airy consume '#' --queue q --http-timeout 5s -- true
    assert_status 2
    assert_contains "$stderr" 'it belongs to --http URL'
    run_airy consume '#' --queue q --http https://localhost/ --http-cacert none.pem
    assert_status 2
    assert_contains "$stderr" '--http-cacert: cannot use the CA file none.pem: No such file or directory'
    run_airy consume '#' --queue q --http http://localhost/ --http-cacert none.pem
    assert_status 2
    assert_contains "$stderr" 'no effect on an http:// URL'
}

@test "TLS is verified" {
    prepare
    "$BATS_TEST_DIRNAME/../support/make-certs" certs
    service 0 certs
    local url=https://localhost:$(<port)/ok
    publish_posts 1 1
    run_airy consume '#' --queue "$queue" --for 1s --http "$url"
    assert_status 0
    assert_contains "$stderr" 'TLS handshake failed: '
    assert_contains "$stderr" 'not there'
    run_airy consume '#' --queue "$queue" --until-empty --http "$url" --http-cacert certs/ca.pem
    assert_status 0
    assert_equal "$(requested .path)" /ok
}
