#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# The machine's clock is set while airy runs: an hour forward, then an hour back. No wait may
# change; timestamps carry the new time. The tests step airy's own clock, see clock_step.cpp.

load helper

setup() {
    airy_setup
    queue=$(fresh work)
    airy consume '#' --queue "$queue" --until-empty -- true
    printf '%-16s' 0 >clock
    stepped=(env "LD_PRELOAD=$(dirname "$AIRY_BIN")/../tests/clock_step.so" "AIRY_CLOCK_STEP=$PWD/clock" "$AIRY_BIN")
}

teardown() {
    airy_teardown
    local name
    for name in $(api GET 'queues/%2F?columns=name' | jq -r '.[].name' | grep "^$queue"); do
        forget "$name" queues
    done
}

# Moves the clock to so many seconds from the true time.
step() { printf '%-16s' "$1" 1<>clock; }

# For a handler: `at` and milliseconds that no step changes.
# shellcheck disable=SC2016 # expanded by the handler
note='read -r up rest </proc/uptime; echo "$AIRY_MESSAGE_ID $AIRY_ATTEMPT ${up%.*}${up#*.}0" >>tries;'

tries() { (($(wc -l <tries) >= $1)); }
published() { (($(wc -l <publisher.out) >= $1)); }
milliseconds() {
    local up rest
    read -r up rest </proc/uptime
    echo "${up/./}0"
}

# off SECONDS TIME: TIME, in seconds, is that far from the true time, within the test's own delay.
off() {
    local by=$(($2 - EPOCHSECONDS - $1))
    ((by > -60 && by < 60)) || {
        echo "$2 is not $1 s from $EPOCHSECONDS" >&2
        return 1
    }
}

no_wait_followed_the_clock() {
    [[ -f clock.waits ]] # otherwise airy did not use the stepped clock
    assert_equal "$(<clock.waits)" ''
}

@test "a clock that is set: delays of retries, timeouts and heartbeats do not change" {
    mkfifo gate
    spawn consumer "${stepped[@]}" consume '#' --queue "$queue" --url "$AIRY_URL?heartbeat=1" --pool-size 12 \
        --retry-delay 1s --timeout 20s -- sh -c "
        test \$AIRY_TOPIC != post.deleted || exec cat gate
        test \$AIRY_TOPIC != circle.joined || exit 65
        $note test \$AIRY_ATTEMPT = 3"
    airy publish post.deleted --set post_id=1 --set author_id=1 --quiet # runs across all steps
    events 10 | airy publish --quiet
    wait_until tries 10
    step 3600
    airy publish circle.joined --set circle_id=1 --set user_id=1 --quiet
    wait_until consumer_has '.dead_lettered == 1'
    wait_until tries 20
    step -3600
    wait_until consumer_has '.handled == 10'
    airy publish circle.joined --set circle_id=2 --set user_id=2 --quiet
    wait_until consumer_has '.dead_lettered == 2'
    : >gate
    wait_until consumer_has '.handled == 11'
    # The time of all this is some heartbeats, one of which the broker would have missed.
    consumer_has '.reconnects == 0 and .retried == 20 and .in_flight == 0'
    kill -TERM "$spawned_pid"
    status=0
    ended "$spawned_pid" 20 || status=$?
    assert_status 143
    refute_contains "$(<consumer.err)" 'not connected'
    # Not early, and late only by the delay of the machine.
    sort tries | awk '
        $2 > 1 { late = $3 - last - 1000 * ($2 - 1); if (late < -60 || late > 1500) { print "late by", late, "ms:", $0; bad = 1 } }
        { last = $3 } END { exit bad || NR != 30 }'
    drained "$queue.dlq" >letters
    off 3600 "$(date -d "$(jq -r 'select(.body.circle_id == 1).headers["x-airy-failed-at"]' letters)" +%s)"
    off -3600 "$(date -d "$(jq -r 'select(.body.circle_id == 2).headers["x-airy-failed-at"]' letters)" +%s)"
    no_wait_followed_the_clock
}

@test "a clock that is set: --rate, --break-after and --for keep their time" {
    events 8 | airy publish --quiet
    spawn consumer "${stepped[@]}" consume '#' --queue "$queue" --count 8 --rate 4/s --pool-size 8 -- sh -c "$note"
    wait_until tries 1
    step 3600
    wait_until tries 4
    step -3600
    status=0
    ended "$spawned_pid" 10 || status=$?
    assert_status 0
    awk 'NR == 1 { first = $3 } { last = $3 } END { print last - first; exit !(last - first >= 1600 && last - first < 6000) }' tries

    : >tries
    events 8 | airy publish --quiet
    local start
    start=$(milliseconds)
    spawn consumer "${stepped[@]}" consume '#' --queue "$queue" --for 2s --pool-size 1 --break-after 3 \
        --on-error dead-letter -- sh -c "$note exit 1"
    wait_until tries 3
    step 3600
    status=0
    ended "$spawned_pid" 10 || status=$?
    assert_status 6
    (($(milliseconds) - start >= 2000))
    (($(wc -l <tries) <= 4)) # one may have been on its way to a slot; then it pauses for 5 s
    no_wait_followed_the_clock
}

@test "a clock that is set: --dedup and --drain keep their time" {
    airy publish post.published --set post_id=1 --set author_id=7 --set title=t --quiet
    drained "$queue" >line
    spawn consumer "${stepped[@]}" consume '#' --queue "$queue" --dedup 1m --drain 1s -- \
        sh -c 'test $AIRY_TOPIC = post.published || exec sleep 60'
    airy publish --lines message --quiet - <line
    wait_until consumer_has '.handled == 1'
    step 3600
    airy publish --lines message --quiet - <line
    wait_until consumer_has '.duplicates == 1'
    step -3600
    airy publish --lines message --quiet - <line
    wait_until consumer_has '.duplicates == 2 and .handled == 1'
    airy publish post.deleted --set post_id=1 --set author_id=1 --quiet
    wait_until consumer_has '.running == 1'
    local start
    start=$(milliseconds)
    kill -TERM "$spawned_pid"
    wait_until consumer_has '.state == "draining"'
    step 3600
    status=0
    ended "$spawned_pid" 10 || status=$?
    assert_status 143
    (($(milliseconds) - start >= 1000))
    assert_equal "$(depth "$queue")" 1
    no_wait_followed_the_clock
}

@test "a clock that is set: a stream is confirmed, and its events carry the new time" {
    mkfifo lines
    spawn publisher sh -c 'exec "$@" <lines' sh "${stepped[@]}" publish --confirm-timeout 5s
    exec {feed}>lines
    local by number=0
    for by in 0 3600 -3600; do
        step "$by"
        events 1 >&"$feed"
        number=$((number + 1))
        wait_until published "$number"
    done
    exec {feed}>&-
    status=0
    ended "$spawned_pid" 10 || status=$?
    assert_status 0
    drained "$queue" >got
    mapfile -t at < <(jq -r .body.timestamp got)
    mapfile -t property < <(jq -r .properties.timestamp got)
    number=0
    for by in 0 3600 -3600; do
        off "$by" "$(date -d "${at[number]}" +%s)"
        off "$by" "${property[number]}"
        number=$((number + 1))
    done
    no_wait_followed_the_clock
}
