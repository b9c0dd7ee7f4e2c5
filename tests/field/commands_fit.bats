#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# What one command makes, prints or advises is what another takes.

load ../cli/helper

setup() {
    airy_setup
    queue=$(fresh fit)
}

teardown() {
    airy_teardown
    local name
    for name in $(api GET 'queues/%2F?columns=name' | jq -r '.[].name' | grep -F "$test_id"); do
        forget "$name" queues
    done
}

posts() { events "$1" | airy publish --quiet -; }
reject() { airy consume '#' --queue "$queue" "$@" --until-empty -- sh -c 'echo bad >&2; exit 65' 2>/dev/null || (($? == 6)); }
# Handlers run at once, so the order of their dead letters is any.
ids() { jq -c .body.post_id | sort -n | xargs; }
raw_ids() { jq -c .post_id | sort -n | xargs; }
bindings_of() { airy queue show "$1" --output json | jq -c '[.bindings[].pattern]'; }

# each TEST: on RabbitMQ and on the embedded broker, which has no exchange of the environment yet.
each() {
    "$@"
    AIRY_URL=sqlite:$PWD/fit.db "$@"
}

declared_queue_is_consumed() {
    airy queue declare "$queue" --bind 'post.*' "$@"
    posts 3
    run_airy consume 'post.*' --queue "$queue" "$@" --until-empty -- cat
    assert_status 0
    assert_equal "${#lines[@]}" 3
    run_airy queue declare "$queue" --bind 'post.*' "$@" # and the other way round
    assert_status 0
    run_airy queue ls "$queue.dlq"
    assert_status 0
    airy queue delete "$queue" --with-dlq --yes --quiet
}

@test "queue declare makes the work queue that consume declares" {
    each declared_queue_is_consumed
    each declared_queue_is_consumed --type classic
}

@test "queue declare --plain makes the queue alone, and a stream is always plain" {
    airy queue declare "$queue" --plain
    run_airy queue ls "$queue.dlq"
    assert_status 7
    airy queue declare "$queue.stream" --type stream
    run_airy queue ls "$queue.stream.dlq"
    assert_status 7
    run_airy queue show "$queue" --output json
    jq -e '.arguments == {"x-queue-type": "quorum"} and .bindings == [] and .companions == []' <<<"$output"
}

@test "queue declare: a limit of its own joins those of a work queue; the work queue's own are not for --arg" {
    airy queue declare "$queue" --arg x-max-length=5 --quiet
    run_airy queue ls "$queue"
    assert_contains "${lines[0]}" limit
    run_airy queue ls "$queue" --output json
    jq -e '.max_length == 5 and .name == .queue' <<<"$output"
    run_airy queue declare "$queue.x" --arg x-delivery-limit=3
    assert_status 2
    assert_short_error
    assert_contains "$stderr" x-delivery-limit
    assert_contains "$stderr" --plain
    run_airy queue declare "$queue.x" --plain --arg x-max-length=1 --arg x-max-length=2
    assert_status 2
    assert_contains "$stderr" "--arg gives 'x-max-length' twice"
    run_airy queue declare "$queue.x" --arg x-delivery-limit=20 # the same value
    assert_status 0
}

as_is() {
    airy queue declare "$queue" --plain --quiet
    run_airy consume 'post.*' --queue "$queue" --until-empty -- true
    assert_status 7
    assert_short_error
    assert_contains "$stderr" 'no limit for a message that kills its consumer'
    assert_contains "$stderr" --as-is
    run_airy consume 'post.*' --queue "$queue" --as-is --until-empty -- true
    assert_status 0
    assert_contains "$stderr" 'takes a queue as it is'
    posts 2
    run_airy consume 'post.*' --queue "$queue" --as-is --until-empty --max-attempts 1 -- false
    assert_status 6
    run_airy dlq show "$queue"
    assert_equal "$(ids <<<"$output")" '1 2'
    airy queue delete "$queue" --with-dlq --yes --quiet
}

@test "consume --as-is binds a queue with other properties, and keeps its dead letters" { each as_is; }

@test "consume --as-is: also where the dead-letter queue has other properties" {
    airy queue declare "$queue" --plain --quiet
    airy queue declare "$queue.dlq" --plain --type classic --quiet
    airy consume '#' --queue "$queue" --as-is --until-empty -- true 2>/dev/null
    posts 1
    run_airy consume '#' --queue "$queue" --as-is --until-empty --max-attempts 1 -- false
    assert_status 6
    assert_equal "$(depth "$queue.dlq")" 1
}

@test "consume --as-is declares a queue that is not there, and is wrong usage beside --no-declare and --ephemeral" {
    run_airy consume '#' --queue "$queue" --as-is --until-empty -- true
    assert_status 0
    refute_contains "$stderr" 'as it is'
    for other in --no-declare --ephemeral; do
        run_airy consume '#' --queue "$queue" --as-is "$other" --print
        assert_status 2
        assert_contains "$stderr" --as-is
    done
}

bind_and_unbind() {
    airy queue declare "$queue" --plain --quiet
    run_airy queue bind "$queue" 'post.*' '#.voted'
    assert_status 0
    assert_equal "$(bindings_of "$queue")" '["#.voted","post.*"]'
    posts 2
    assert_equal "$(depth "$queue")" 2
    run_airy queue unbind "$queue" 'post.*' --output json
    assert_status 0
    jq -e '.unbound and .queue == .name' <<<"$output"
    assert_equal "$(bindings_of "$queue")" '["#.voted"]'
    run_airy queue unbind "$queue" 'post.*'
    assert_status 7
    assert_short_error
    run_airy queue bind "$queue.none" 'post.*'
    assert_status 7
    run_airy queue bind "$queue" 'a.*b'
    assert_status 2
    airy queue delete "$queue" --yes --quiet
}

@test "queue bind and unbind" { each bind_and_unbind; }

@test "queue bind: an exchange of another type, and one that is not there yet" {
    api PUT "exchanges/%2F/$AIRY_EXCHANGE" -H 'content-type: application/json' -d '{"type":"fanout","durable":true}'
    airy queue declare "$queue" --plain --quiet
    run_airy queue bind "$queue" '#'
    assert_status 0
    run_airy queue bind "$queue" '#' --exchange "$AIRY_EXCHANGE.new"
    assert_status 0
    forget "$AIRY_EXCHANGE.new" exchanges
}

@test "queue show: properties, bindings, dead letters and retries" {
    airy queue declare "$queue" --bind 'post.*' --arg x-max-length=50 --quiet
    posts 2
    spawn consumer "$AIRY_BIN" consume 'post.*' --queue "$queue" --as-is --retry-delay 10m --retry-max-delay 10m -- \
        sh -c 'if grep -q "post_id\":1,"; then exit 65; else exit 1; fi'
    wait_until shows_companions
    run_airy queue show "$queue"
    assert_contains "$output" 'of 50 messages'
    assert_contains "$output" "post.* of $AIRY_EXCHANGE"
    assert_contains "$output" "1 in $queue.dlq"
    assert_contains "$output" "1 in $queue.retry.600000"
    run_airy queue show "$queue.none"
    assert_status 7
    assert_short_error
}
shows_companions() {
    airy queue show "$queue" --output json | jq -e '[.companions[].ready] == [1, 1]'
}

shown_letters_are_published() {
    airy queue declare "$queue" --bind 'post.*' --quiet
    posts 2
    reject
    airy dlq show "$queue" 2>/dev/null >lines
    assert_equal "$(jq -r .topic lines | sort -u)" post.published
    assert_equal "$(jq -r .exchange lines | sort -u)" "$AIRY_EXCHANGE"
    run_airy publish --lines message <lines
    assert_status 0
    # New messages, with all attempts again: the second attempt still finds the real topic.
    run_airy consume 'post.*' --queue "$queue" --until-empty --max-attempts 2 --retry-delay 100ms --count 2 -- \
        sh -c 'echo "$AIRY_TOPIC $AIRY_ATTEMPT"; test "$AIRY_ATTEMPT" = 2'
    assert_status 0
    assert_equal "$(sort <<<"$output" | uniq -c | xargs)" '2 post.published 1 2 post.published 2'
    airy queue delete "$queue" --with-dlq --yes --quiet
}

# Messages of another exchange, and one that another client sent straight to the queue.
shown_letters_are_published_where_they_were() {
    local exchange=$AIRY_EXCHANGE.other
    airy queue declare --plain "$queue.made" --bind none --quiet # makes the default exchange
    airy queue delete "$queue.made" --yes --quiet
    airy queue declare "$queue" --bind 'post.*' --exchange "$exchange" --quiet
    events 1 >events
    airy publish --exchange "$exchange" --quiet <events
    jq -c --arg queue "$queue" '{topic: $queue, exchange: "", body: .}' events | airy publish --lines message --quiet
    assert_equal "$(depth "$queue")" 2
    run_airy consume 'post.*' --exchange "$exchange" --queue "$queue" --until-empty -- sh -c 'exit 65'
    assert_status 6
    airy dlq show "$queue" 2>/dev/null >lines
    assert_equal "$(jq -r .exchange lines | sort | xargs)" "$exchange"
    run_airy publish --lines message <lines
    assert_status 0
    assert_equal "$(depth "$queue")" 2
    # The command's own word comes first.
    run_airy publish --lines message --exchange "$exchange.none" <lines
    assert_status 7
    airy queue delete "$queue" --with-dlq --yes --quiet
}

@test "dlq show | publish --lines message: to the exchange, or the queue, that they were sent to" {
    each shown_letters_are_published_where_they_were
}

@test "dlq show | publish --lines message: to the topic that they had, as new messages" { each shown_letters_are_published; }

by_both_names() {
    airy queue declare "$queue" --bind 'post.*' --quiet
    posts 2
    reject
    for name in "$queue" "$queue.dlq"; do
        run_airy dlq show "$name"
        assert_equal "$(ids <<<"$output")" '1 2'
        run_airy dlq ls "$name" --output json
        jq -e --arg q "$queue" '.queue == $q and .name == $q and .messages == 2' <<<"$output"
    done
    run_airy dlq requeue "$queue.dlq" --count 1 --yes
    assert_status 0
    assert_equal "$(depth "$queue")" 1
    run_airy dlq purge "$queue.dlq" --yes
    assert_contains "$output" "purged 1 dead letter of $queue"
    airy queue delete "$queue" --with-dlq --yes --quiet
}

@test "dlq takes the names that queue ls prints" { each by_both_names; }

@test "dlq --dlq: dead letters in a queue of another name" {
    airy queue declare "$queue.dead" --plain --quiet
    airy queue declare "$queue" --plain --type classic --bind '#' --arg x-dead-letter-exchange= \
        --arg "x-dead-letter-routing-key=$queue.dead" --quiet
    posts 3
    reject --no-declare --on-error dead-letter
    # airy writes its own; the broker's are in the other queue.
    airy queue move "$queue.dlq" "$queue.dead" --yes --quiet
    run_airy dlq show --dlq "$queue.dead"
    assert_equal "$(ids <<<"$output")" '1 2 3'
    run_airy dlq ls --dlq "$queue.dead" --output json
    jq -se --arg d "$queue.dead" 'all(.dead_letter_queue == $d) and (map(.messages) | add) == 3' <<<"$output"
    run_airy dlq requeue --dlq "$queue.dead" --yes
    assert_status 2
    run_airy dlq requeue "$queue" --dlq "$queue.dead" --count 2 --yes
    assert_status 0
    assert_equal "$(depth "$queue")" 2
    run_airy dlq purge --dlq "$queue.dead" --yes
    assert_status 0
    assert_equal "$(depth "$queue.dead")" 0
    run_airy dlq show
    assert_status 2
    assert_short_error
}

delete_together() {
    airy queue declare "$queue" --bind '#' --quiet
    airy queue declare "$queue.retry.notes" --plain --quiet # not one of its own
    posts 1
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --retry-delay 10m --retry-max-delay 10m -- false
    wait_until airy queue ls "$queue.retry.600000"
    kill -TERM "$spawned_pid"
    ended "$spawned_pid" 20 || (($? == 143))
    run_airy queue delete "$queue" --with-dlq --dry-run
    assert_status 0
    assert_equal "${#lines[@]}" 3
    run_airy queue delete "$queue" --with-dlq </dev/null
    assert_status 2
    assert_contains "$stderr" "$queue.retry.600000"
    run_airy queue delete "$queue" --with-dlq --yes
    assert_status 0
    run_airy queue ls --match "$queue*" --output json
    assert_equal "$(jq -r .queue <<<"$output")" "$queue.retry.notes"
    airy queue delete "$queue.retry.notes" --yes --quiet
}

@test "queue delete --with-dlq lists and takes the queues of its dead letters and retries along" { each delete_together; }

many() {
    for name in a b c; do airy queue declare "$queue.$name" --plain --bind '#' --quiet; done
    posts 2
    run_airy queue purge "$queue.a" "$queue.none" "$queue.b" --yes
    assert_status 7
    assert_contains "$output" "purged: $queue.b, 2 messages"
    run_airy queue purge --match "$queue.[bc]" --yes --output json
    assert_equal "$(jq -r .messages <<<"$output" | xargs)" '0 2'
    run_airy queue delete --match "$queue.*" </dev/null
    assert_status 2
    assert_contains "$stderr" "$queue.c"
    run_airy queue delete --match "$queue.*" --yes
    assert_status 0
    assert_equal "${#lines[@]}" 3
    run_airy queue delete --match "$queue.*" --yes
    assert_status 7
    run_airy queue delete "$queue.a" --match '*' --yes
    assert_status 2
}

@test "queue purge and delete: several, and --match" { each many; }

@test "queue delete --match leaves the queues of other connections alone" {
    airy queue declare "$queue" --bind user.left --quiet # makes the exchange
    spawn tail "$AIRY_BIN" tail '#'
    wait_until airy publish --quiet post.deleted --set post_id=1 --set author_id=2
    run_airy queue delete --match 'amq.gen*' --yes
    assert_status 7
    assert_contains "$stderr" 'no queue matches'
}

@test "--output raw and pretty of queue peek, dlq show and consume --print" {
    airy queue declare "$queue" --bind '#' --quiet
    posts 2
    run_airy queue peek "$queue" -o raw
    assert_equal "$(raw_ids <<<"$output")" '1 2'
    run_airy queue peek "$queue" -o pretty
    assert_contains "${lines[0]}" 'post.published'
    script -qec "$AIRY_BIN queue peek $queue" typescript >/dev/null
    refute_contains "$(<typescript)" '"topic"'
    run_airy queue -o json peek "$queue"
    assert_equal "$(ids <<<"$output")" '1 2'
    reject
    run_airy dlq show "$queue" -o pretty
    assert_contains "$output" 'rejected at '
    assert_contains "$output" ': bad'
    run_airy dlq show "$queue" -o raw
    assert_equal "$(raw_ids <<<"$output")" '1 2'
    airy dlq requeue "$queue" --yes --quiet
    run_airy consume '#' --queue "$queue" --until-empty --print -o raw
    assert_status 0
    assert_equal "$(raw_ids <<<"$output")" '1 2'
    run_airy consume '#' --queue "$queue" --until-empty -o raw -- true
    assert_status 2
    assert_contains "$stderr" --output
}

@test "two consumers of one queue: --all means both, as the hint says" {
    for _ in 1 2; do spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" -- cat; done
    wait_until two_run
    run_airy pool pause "$queue"
    assert_status 2
    assert_contains "$stderr" --all
    run_airy pool pause "$queue" --all --wait --for 10s
    assert_status 0
    assert_equal "${#lines[@]}" 2
    run_airy pool show "$queue" --all --output json
    jq -se 'map(.state) == ["paused", "paused"]' <<<"$output"
    run_airy pool ls "$queue" --output json
    assert_equal "${#lines[@]}" 2
    run_airy pool ls --match "$queue*" --output json
    assert_equal "${#lines[@]}" 2
    run_airy pool ls --match 'other*' --output json
    assert_equal "$output" ''
    run_airy pool ls nobody
    assert_status 7
    run_airy pool drain "$queue" --all --wait --for 20s
    assert_status 0
}
@test "pool drain --all --wait --for: one that ended is told beside one that did not" {
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --prefetch 1 --pool-size 1 -- sleep 60
    slow=$spawned_pid
    wait_until airy pool show "$queue"
    posts 1
    wait_until runs_one
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" -- cat
    wait_until two_run
    run_airy pool drain "$queue" --all --wait --for 1s
    assert_status 5
    assert_equal "${#lines[@]}" 1
    assert_contains "$output" "($spawned_pid): stopped"
    assert_contains "$stderr" "($slow) has not got there within 1s"
    kill -TERM "$slow"
}
runs_one() { airy pool show "$queue" --output json | jq -e '.running == 1'; }

@test "check pool of a name that two have: the hint fits check" {
    for _ in 1 2; do spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" -- cat; done
    wait_until two_run
    run_airy check pool "$queue"
    assert_contains "$output$stderr" 'consumers are named'
    refute_contains "$output$stderr" --all
}
two_run() { (($(airy pool ls "$queue" --output json | wc -l) == 2)); }

@test "wait QUEUE, and its former spelling" {
    airy queue declare "$queue" --quiet
    for way in "$queue $queue.dlq" "--queue $queue --queue $queue.dlq --timeout 5s"; do
        # shellcheck disable=SC2086 # words
        run_airy wait $way
        assert_status 0
    done
    # A busy broker may need longer to answer.
    for time in 1s 5s 30s; do
        run_airy wait "$queue.none" --for $time
        assert_status 5
        if [[ $stderr == *'timed out'* ]]; then continue; fi
        break
    done
    assert_contains "$stderr" "airy queue declare $queue.none"
}

@test "--match of dlq ls and event ls" {
    airy queue declare "$queue" --bind '#' --quiet
    posts 1
    reject
    run_airy dlq ls --match "$queue" --output json
    jq -e --arg q "$queue" '.queue == $q' <<<"$output"
    run_airy dlq ls --match 'no-such-*' --output json
    assert_equal "$output" ''
    run_airy event ls --match 'vote.*' --output json
    assert_equal "$(jq -r .event_type <<<"$output" | xargs)" 'vote.created vote.updated vote.deleted'
}

@test "a delay that is too short is refused, not lengthened" {
    run_airy consume '#' --queue "$queue" --retry-delay 5s --retry-max-delay 1s -- cat
    assert_status 2
    assert_contains "$stderr" '--retry-max-delay 1s is shorter than --retry-delay 5s'
    # What AMQP cannot carry is refused, not rounded.
    run_airy ping --heartbeat 1500ms
    assert_status 2
    assert_contains "$stderr" "--heartbeat: '1500ms' is no number of whole seconds"
    run_airy publish post.deleted --set post_id=1 --set author_id=2 --expiration 1us
    assert_status 2
    assert_contains "$stderr" 'whole milliseconds'
    for option in --retry-delay --retry-max-delay; do
        run_airy consume '#' --queue "$queue" "$option" 10ms -- true
        assert_status 2
        assert_short_error
        assert_contains "$stderr" "$option: 10ms is too short"
    done
}
