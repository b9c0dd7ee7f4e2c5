#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load ../cli/helper
load ../cli/consume

setup() {
    airy_setup
    queue=$(fresh work)
    rabbit_url=$AIRY_URL
    # The tests of files of other kinds use RabbitMQ: a limit of sizes holds for this file as well.
    export AIRY_URL=sqlite:$PWD/airy.db
}

# limited OPTION VALUE ARG...: runs airy under `ulimit OPTION VALUE`.
limited() {
    local option=$1 value=$2
    shift 2
    # shellcheck disable=SC2016
    run --separate-stderr timeout -k 5 30 bash -c 'ulimit "$1" "$2"; shift 2; exec "$@"' - "$option" "$value" "$AIRY_BIN" "$@"
}

@test "no thread can be started: the limit is named, and check is UNKNOWN on stdout" {
    local command words
    airy queue declare --plain "$queue" --bind '#' --quiet
    # No address space holds such a stack.
    limited -s 1000000000000 check flow
    assert_status 3
    assert_contains "$output" 'FLOW UNKNOWN - cannot start a thread'
    for command in 'publish post.deleted {"post_id":1,"author_id":2}' 'tail # --timeout 1s' 'bench pool --tasks 1 --cap 1'; do
        read -ra words <<<"$command"
        limited -s 1000000000000 "${words[@]}"
        assert_status 1
        assert_short_error
        assert_contains "$stderr" 'cannot start a thread'
        assert_contains "$stderr" 'processes and threads'
    done
    limited -s 1000000000000 consume '#' --queue "$queue" --no-declare --until-empty -- true
    assert_status 1
    assert_short_error
    assert_contains "$stderr" 'processes and threads'
}

@test "check: wrong usage too is UNKNOWN with a line on stdout" {
    run_airy check queue
    assert_status 3
    assert_contains "$output" 'CHECK UNKNOWN - '
    assert_short_error
    run_airy check queue q --url nonsense
    assert_status 3
    assert_contains "$output" 'QUEUE UNKNOWN'
    assert_short_error
}

@test "too few open files: the limit is named wherever it is met, and check does not blame the broker" {
    local files command words met=0
    airy queue declare --plain "$queue" --bind '#' --quiet
    for command in "consume # --queue $queue --no-declare --until-empty -- true" 'publish post.deleted {"post_id":1,"author_id":2}' \
        'check flow' 'bench pool --tasks 1 --cap 1'; do
        read -ra words <<<"$command"
        for files in {6..16}; do # each number is met elsewhere
            limited -n "$files" "${words[@]}"
            if ((status == 0 || status == 127)); then continue; fi # 127: the loader met it
            met=$((met + 1))
            refute_contains "$stderr$output" 'Linux 5.4'
            refute_contains "$output" CRITICAL
            assert_contains "$stderr$output" 'Too many open files'
            if [[ $command != check* ]]; then assert_contains "$stderr" 'ulimit -n'; fi
        done
    done
    ((met > 4))
}

@test "a limit of the file's size is told, with what was done until then" {
    local embedded_url=$AIRY_URL
    export AIRY_URL=$rabbit_url
    airy queue declare --plain "$queue" --bind '#' --quiet
    events 3000 >events
    # shellcheck disable=SC2016
    run --separate-stderr bash -c 'ulimit -f 20; exec "$0" publish - <events >ids' "$AIRY_BIN"
    assert_status 1
    assert_short_error
    assert_contains "$stderr" 'File too large'
    assert_contains "$stderr" 'ulimit -f'
    # No id stands for an event that is not there, and the count is that of the confirmed ones.
    local confirmed
    confirmed=$(grep -oE '[0-9]+ events were confirmed' <<<"$stderr" | grep -oE '[0-9]+')
    (($(grep -c . ids) <= confirmed && confirmed <= 3000 && $(depth "$queue") >= confirmed))

    # Nothing that was not written is taken out of the queue.
    local before
    before=$(depth "$queue")
    # shellcheck disable=SC2016
    run --separate-stderr bash -c 'ulimit -f 20; exec "$0" consume "#" --queue "$1" --no-declare --until-empty --print >lines' "$AIRY_BIN" "$queue"
    assert_status 1
    assert_contains "$stderr" 'File too large'
    nothing_lost() { (($(depth "$queue") + $(grep -c '}$' lines) >= before)); }
    wait_until nothing_lost # the broker counts what came back a little later

    # A recording, and the embedded broker's own file.
    # shellcheck disable=SC2016
    run --separate-stderr timeout 20 bash -c 'ulimit -f 1; exec "$0" stats queues "$1" --record record --watch 100ms' "$AIRY_BIN" "$queue"
    assert_status 1
    assert_short_error
    assert_contains "$stderr" "cannot write 'record': File too large"
    export AIRY_URL=$embedded_url
    # shellcheck disable=SC2016
    run --separate-stderr bash -c 'ulimit -f 1; exec "$0" publish - --quiet <events' "$AIRY_BIN"
    assert_status 4
    assert_short_error
    assert_contains "$stderr" 'ulimit -f'
    airy ping
}

@test "a message larger than the limit of a file's size ends the consumer, and stays" {
    export AIRY_URL=$rabbit_url
    airy queue declare --plain "$queue" --bind '#' --quiet
    printf '{"event_type":"post.published","post_id":1,"author_id":7,"title":"%s"}\n' "$(head -c 20000 /dev/zero | tr '\0' x)" | airy publish --quiet -
    # shellcheck disable=SC2016
    run --separate-stderr timeout 20 bash -c 'ulimit -f 4; exec "$0" consume "#" --queue "$1" --no-declare --until-empty -- cat' "$AIRY_BIN" "$queue"
    echo "$status $stderr"
    assert_status 1
    assert_contains "$stderr" 'File too large'
    assert_equal "$(depth "$queue")" 1
    # A handler gets the signal as ever.
    # shellcheck disable=SC2016
    run --separate-stderr timeout 20 bash -c 'ulimit -f 400; exec "$0" consume "#" --queue "$1" --no-declare --on-error discard --until-empty -- sh -c "head -c 900000 /dev/zero >big"' "$AIRY_BIN" "$queue"
    assert_status 6
    assert_contains "$stderr" 'failed for good'
}

@test "a full disk under stdout and under the broker is told in the same words" {
    airy queue declare --plain "$queue" --bind '#' --quiet
    events 100 >events
    # shellcheck disable=SC2016
    run --separate-stderr bash -c '"$0" publish - <events >/dev/full' "$AIRY_BIN"
    assert_status 1
    assert_contains "$stderr" 'No space left on device'
    assert_contains "$stderr" 'events were confirmed'
}
