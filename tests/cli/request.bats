#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# airy request, and consume --reply which answers it.

load helper
load consume

# Runs a check on RabbitMQ and on the embedded broker.
each() {
    "$@"
    AIRY_URL=sqlite:$PWD/request.db "$@"
}

# answering [OPTION…]: a consumer with --reply that does what the body says, once its queue is bound.
# Its pid is in $consumer.
answering() {
    spawn answering "$AIRY_BIN" consume price.quote --queue "$queue" --reply "$@" -- sh -c '
        read -r what
        case $what in
        bad) echo "no such article" >&2; exit 65 ;;
        never) sleep 60 ;;
        slow) sleep 1 ;;
        twice) echo first; exit 75 ;;
        long) head -c 2000 /dev/zero | tr "\0" x ;;
        binary) printf "\377\n" ;;
        empty) exit 0 ;;
        esac
        echo "{\"got\":\"$what\"}"'
    consumer=$spawned_pid
    wait_until has_consumer
}

stop_answering() {
    kill -TERM "$consumer"
    ended "$consumer" 20 || (($? == 143))
}

gets_a_reply() {
    answering
    run_airy request nobody.listens 7 --timeout 20s
    assert_status 4
    assert_short_error
    assert_contains "$stderr" 'no queue is bound for it'
    run_airy request price.quote '{"sku":7}'
    assert_status 0
    assert_equal "$stderr" ''
    assert_equal "$output" '{"got":"{"sku":7}"}'
    run_airy request price.quote 7 --output json
    assert_status 0
    assert_equal "$(jq -c '[.body.got, .properties.content_type, .properties.app_id]' <<<"$output")" \
        '["7","application/json","airy-tools"]'
    stop_answering
    run_airy consume '#' --queue "$queue" --no-declare --until-empty --print
    assert_equal "$output" ''
}
@test "a request gets its reply; where nobody is bound, exit 4 at once" { each gets_a_reply; }

fails_truthfully() {
    answering
    run_airy request price.quote bad
    assert_status 6
    assert_short_error
    assert_contains "$stderr" 'no such article'
    assert_equal "$output" ''
    run_airy request price.quote never --timeout 300ms
    assert_status 5
    assert_short_error
    assert_contains "$stderr" 'no reply came within 300ms'
    run_airy request price.quote bad --output json
    assert_status 6
    assert_equal "$(jq -r '.headers."x-airy-error"' <<<"$output")" 'no such article'
    kill -KILL -- "-$consumer"
    remains "$queue.dlq" 2
}
@test "a handler that gives up: exit 6 with its words; no reply in time: exit 5" { each fails_truthfully; }

streams() {
    answering
    printf 'slow\n2\n3\nempty\n' >in
    run_airy request price.quote --ordered <in
    assert_status 0
    assert_equal "$output" '{"got":"slow"}
{"got":"2"}
{"got":"3"}'
    assert_contains "$stderr" '4 of 4 requests had their replies'
    run_airy request price.quote <in
    assert_status 0
    assert_equal "$(tail -n 1 <<<"$output")" '{"got":"slow"}'
    seq 1 300 | airy request price.quote --ordered >out
    jq -r .got out | cmp - <(seq 1 300)
    seq 1 300 | airy request price.quote --window 3 >out
    jq -r .got out | sort -n | cmp - <(seq 1 300)
    stop_answering
}
@test "a stream: many in flight, in order if wanted" { each streams; }

@test "the first request without its reply stops a stream, --keep-going goes on" {
    answering
    printf '1\nbad\n3\n' >in
    run_airy request price.quote --window 1 <in
    assert_status 6
    assert_equal "$output" '{"got":"1"}'
    assert_short_error
    assert_contains "$stderr" 'line 2'
    assert_contains "$stderr" '1 of 2 requests had their replies'
    run_airy request price.quote --ordered --keep-going <in
    assert_status 6
    assert_equal "$output" '{"got":"1"}
{"got":"3"}'
    assert_contains "$stderr" 'line 2: the handler gave the request up: no such article'
    printf 'never\n2\n' >in
    run_airy request price.quote --keep-going --timeout 500ms <in
    assert_status 5
    assert_equal "$output" '{"got":"2"}'
}

@test "a late reply is dropped and counted" {
    answering
    mkfifo in
    spawn request sh -c 'exec "$0" request price.quote --keep-going --timeout 500ms <in' "$AIRY_BIN"
    exec 7>in
    printf 'slow\n2\n' >&7
    wait_until grep -q 'line 1: no reply came within 500ms' request.err
    wait_until consumer_has '.replied == 2'
    echo 3 >&7
    exec 7>&-
    status=0
    ended "$spawned_pid" 20 || status=$?
    assert_equal "$status" 5
    assert_contains "$(<request.err)" '1 late or unknown replies were dropped'
    assert_equal "$(sort request.out)" '{"got":"2"}
{"got":"3"}'
}

@test "several replies to one request" {
    answering
    airy queue declare "$queue.other" --bind price.quote --quiet
    spawn other "$AIRY_BIN" consume price.quote --queue "$queue.other" --reply -- echo other
    wait_until airy pool show "$queue.other"
    run_airy request price.quote 1 --replies 2
    assert_status 0
    assert_equal "$(sort <<<"$output")" 'other
{"got":"1"}'
    run_airy request price.quote 1 --replies 3 --timeout 1s
    assert_status 5
    assert_contains "$stderr" '2 of 3 replies came within 1s'
    airy queue delete "$queue.other" --with-dlq --yes --quiet
}

@test "message lines keep their headers and topic; the reply answers to the message id" {
    prepare
    answering
    line='{"topic":"price.quote","properties":{"message_id":"m-7","correlation_id":"mine","reply_to":"elsewhere"},"headers":{"x":1},"body":7}'
    run_airy request --lines message -o json <<<"$line"
    assert_status 0
    assert_equal "$(jq -r .properties.correlation_id <<<"$output")" m-7
    run_airy request --lines message <<<'{"topic":"price.quote"'
    assert_status 8
    assert_contains "$stderr" 'line 1'
}

@test "wrong usage of request" {
    run_airy request
    assert_status 2
    run_airy request price.quote </dev/null
    assert_status 2
    assert_contains "$stderr" 'no body given'
    run_airy request price.quote 7 --ordered
    assert_status 2
    assert_contains "$stderr" '--ordered'
    run_airy request '{"sku":7}'
    assert_status 2
    run_airy request price.quote 7 --replies 0
    assert_status 2
    prepare
    : >empty
    run_airy request price.quote <empty
    assert_status 0
    assert_contains "$stderr" 'the input was empty'
}

@test "wrong usage of --reply" {
    run_airy consume '#' --queue "$queue" --print --reply
    assert_status 2
    assert_contains "$stderr" '--reply has no effect beside --print'
    run_airy consume '#' --queue "$queue" --reply-max 1MiB -- true
    assert_status 2
    assert_contains "$stderr" '--reply-max has no effect without --reply'
    run_airy consume '#' --queue "$queue" --reply --reply-max 0 -- true
    assert_status 2
    run_airy consume '#' --queue "$queue" --reply --reply-max 1GiB -- true
    assert_status 2
    assert_contains "$stderr" '--reply-max'
}

@test "the reply: its form, its length, its bytes" {
    answering --reply-max 1000 --reply-type text/x-quote
    run_airy request price.quote long
    assert_status 6
    assert_contains "$stderr" 'its reply is longer than 1000 bytes'
    run_airy request price.quote 1 -o json
    assert_equal "$(jq -r .properties.content_type <<<"$output")" text/x-quote
    stop_answering
    remains "$queue.dlq" 1
    airy consume price.quote --queue "$queue" --reply --count 1 -- printf '\377\n' &
    wait_until has_consumer
    airy request price.quote 1 -o json >line
    assert_equal "$(jq -r .body_base64 line)" /wo=
    assert_equal "$(jq -r .properties.content_type line)" application/octet-stream
    wait
}

@test "the answer of a worker, or of a web service, is the reply" {
    spawn service python3 "$BATS_TEST_DIRNAME/web_service.py" port requests
    wait_until test -s port
    local kind
    for kind in worker http; do
        case $kind in
        worker) spawn answering "$AIRY_BIN" consume price.quote --queue "$queue" --reply --reply-max 1000 --worker 1 -- jq -c --unbuffered \
            'if .body == "long" then {id, result: "ok", reply: ("x" * 2000)} else {id, result: "ok", reply: {got: .body}} end' ;;
        http) spawn answering "$AIRY_BIN" consume price.quote --queue "$queue" --reply --reply-max 1000 --http "http://127.0.0.1:$(<port)/reply" ;;
        esac
        consumer=$spawned_pid
        wait_until has_consumer
        run_airy request price.quote '"seven"'
        assert_status 0
        assert_equal "$output" '{"got":"seven"}'
        run_airy request price.quote '"long"'
        assert_status 6
        assert_contains "$stderr" 'its reply is longer than 1000 bytes'
        stop_answering
    done
}

@test "a web service tells the type of the reply; its URL is not told" {
    spawn service python3 "$BATS_TEST_DIRNAME/web_service.py" port requests
    wait_until test -s port
    spawn answering "$AIRY_BIN" consume price.quote --queue "$queue" --reply --http "http://127.0.0.1:$(<port)/csv"
    consumer=$spawned_pid
    wait_until has_consumer
    run_airy request price.quote 7 --output json
    assert_status 0
    assert_equal "$(jq -r .properties.content_type <<<"$output")" text/csv
    stop_answering
    spawn answering "$AIRY_BIN" consume price.quote --queue "$queue" --reply --max-attempts 1 --http "http://127.0.0.1:$(<port)/reset"
    consumer=$spawned_pid
    wait_until has_consumer
    run_airy request price.quote 7
    assert_status 6
    assert_contains "$stderr" 'connection reset by peer'
    refute_contains "$stderr" http
    stop_answering
}

@test "a message without reply_to is handled as ever, and its stdout passes through" {
    prepare
    publish_posts 1 2
    run_airy consume '#' --queue "$queue" --reply --count 2 -- jq .post_id
    assert_status 0
    assert_equal "$(sort <<<"$output")" '1
2'
    remains "$queue" 0
}

@test "a reply for which nobody waits is no error; one to a queue of another client comes there" {
    prepare
    airy queue declare --plain "$queue.answers" --quiet
    airy publish post.published --set post_id=1 --set author_id=7 --set title=t \
        --reply-to "$queue.gone" --correlation-id c-1 --quiet
    airy publish post.published --set post_id=2 --set author_id=7 --set title=t \
        --reply-to "$queue.answers" --correlation-id c-2 --quiet
    run_airy consume '#' --queue "$queue" --reply --count 2 -- jq .post_id
    assert_status 0
    assert_equal "$output" ''
    run_airy consume '#' --queue "$queue.answers" --no-declare --until-empty --print
    assert_equal "$(jq -c '[.body, .properties.correlation_id, .properties.reply_to]' <<<"$output")" '[2,"c-2",null]'
    airy queue delete "$queue.answers" --yes --quiet
}

@test "a reply that its queue refuses is a failed attempt: the message is not acked" {
    prepare
    airy queue declare --plain "$queue.answers" --type classic --arg x-max-length=1 --arg x-overflow=reject-publish --quiet
    for id in 1 2; do
        airy publish post.published --set post_id=$id --set author_id=7 --set title=t --reply-to "$queue.answers" --quiet
    done
    run_airy consume '#' --queue "$queue" --reply --pool-size 1 --max-attempts 1 --count 2 -- jq .post_id
    assert_status 6
    assert_contains "$stderr" 'cannot send its reply: the broker refused it'
    remains "$queue.dlq" 1
    airy queue delete "$queue.answers" --yes --quiet
}

@test "when its connection is lost, a stream asks again what has no reply yet" {
    answering --pool-size 4
    mkfifo in
    spawn request sh -c 'exec "$0" request price.quote --timeout 25s <in' "$AIRY_BIN"
    exec 7>in
    echo 1 >&7
    wait_until grep -q 'got":"1' request.out
    echo slow >&7
    wait_until consumer_has '.running == 1'
    close_connection_of "$spawned_pid"
    wait_until grep -q 'connected again' request.err
    echo 3 >&7
    exec 7>&-
    ended "$spawned_pid" 30
    assert_equal "$(jq -r .got request.out | sort | xargs)" '1 3 slow'
}

@test "a request for which the broker closes the channel: the others get their replies all the same" {
    answering --pool-size 4
    request() { jq -cn --arg body "$1" --argjson more "$2" '{topic: "price.quote", properties: $more, headers: {}, body_text: $body}'; }
    { request slow '{}'; request bad_user '{"user_id":"somebody else"}'; request 3 '{}'; } >in
    run_airy request --lines message --keep-going --timeout 20s <in
    assert_status 4
    assert_equal "$(jq -r .got <<<"$output" | sort | xargs)" '3 slow'
    assert_contains "$stderr" 'line 2: the request was not delivered'
    assert_contains "$stderr" 'user_id'
    assert_contains "$stderr" '2 of 3 requests had their replies'
}

@test "a user who may not send replies: the message goes back, exit 3 with the right that is missing" {
    prepare
    rabbitmqctl=("$rabbit" ctl "$AIRY_TEST_NODE_DIR")
    "${rabbitmqctl[@]}" add_user "$queue" secret
    "${rabbitmqctl[@]}" set_permissions -p / "$queue" '.*' '^(?!amq[.]default).*' '.*'
    airy publish post.published --set post_id=1 --set author_id=7 --set title=t --reply-to nobody --quiet
    run_airy consume '#' --queue "$queue" --reply --url "${AIRY_URL/guest:guest/$queue:secret}" -- echo done
    "${rabbitmqctl[@]}" delete_user "$queue"
    assert_status 3
    assert_contains "$stderr" 'the user needs the right to write to amq.default'
    remains "$queue" 1
}

@test "kill -9 of the consumer before its reply: the request is answered by the next" {
    answering
    spawn request "$AIRY_BIN" request price.quote slow --timeout 25s
    request=$spawned_pid
    wait_until consumer_has '.running == 1'
    kill -KILL -- "-$consumer"
    answering
    ended "$request" 30
    assert_equal "$(<request.out)" '{"got":"slow"}'
}

@test "SIGTERM lets a consumer send its reply, and ends a request at once" {
    answering
    spawn request "$AIRY_BIN" request price.quote slow --timeout 25s
    request=$spawned_pid
    wait_until consumer_has '.running == 1'
    stop_answering
    ended "$request" 10
    assert_equal "$(<request.out)" '{"got":"slow"}'
    prepare
    spawn request "$AIRY_BIN" request price.quote unanswered --timeout 25s
    wait_until holds 1
    kill -TERM "$spawned_pid"
    status=0
    ended "$spawned_pid" 5 || status=$?
    assert_equal "$status" 143
}

@test "the figure of replies" {
    answering
    airy request price.quote 1
    run_airy request price.quote bad
    wait_until consumer_has '.replied == 2 and .handled == 1 and .dead_lettered == 1'
    airy stats --prometheus >text
    grep -q "^airy_replies_total{.*queue=\"$queue\".*} 2$" text
}
