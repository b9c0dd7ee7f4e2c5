#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# The order in which a consumer handles messages, on RabbitMQ and on the embedded broker.

load helper
load consume

# keyed KEYS MESSAGES: post_id counts, author_id is the key.
keyed() {
    seq "$2" | awk -v keys="$1" \
        '{printf "{\"event_type\":\"post.published\",\"post_id\":%d,\"author_id\":%d,\"title\":\"t\"}\n", $1, $1 % keys}' |
        airy publish --quiet -
}

# Writes `began KEY ID`, sleeps, and writes `ended KEY ID`; one write each.
# shellcheck disable=SC2016 # for the handler's shell
note_run='read -r body; id=${body#*\"post_id\":}; id=${id%%,*}; key=${body#*\"author_id\":}; key=${key%%,*}
    echo "began $key $id" >>handled; sleep 0.0$((id % 3)); echo "ended $key $id" >>handled'

# Each key's runs began in order, each after the end of the one before.
in_order_by_key() {
    awk '$1 == "began" && ($2 in runs || $3 <= last[$2]) {print "out of order: " $0; bad = 1}
        $1 == "began" {runs[$2] = 1; last[$2] = $3}
        $1 == "ended" {delete runs[$2]}
        END {exit bad}' handled
}
# The most keys that ran at one time.
most_at_once() { awk '{n += $1 == "began" ? 1 : -1; if (n > most) most = n} END {print most}' handled; }

@test "--serial-by: one key one after another, different keys at once" {
    by_key() {
        prepare
        keyed 10 120
        run_airy consume '#' --queue "$queue" --serial-by author_id --pool-size 6 --count 120 -- sh -c "$note_run"
        assert_status 0
        assert_equal "$(grep -c began handled)" 120
        in_order_by_key
        (($(most_at_once) > 3))
    }
    on_both by_key
}

@test "--serial-by a header, the topic, or a field that is missing" {
    prepare
    for id in 1 2 3; do
        airy publish post.published --set post_id=$id --set author_id=7 --set title=t --header tenant=acme --quiet
    done
    for by in header:tenant topic; do
        rm -f handled
        run_airy consume '#' --queue "$queue" --serial-by "$by" --pool-size 3 --count 3 --on-error discard -- \
            sh -c "$note_run; exit 1"
        assert_status 6
        assert_equal "$(most_at_once)" 1
        publish_posts 1 3
        run_airy consume '#' --queue "$queue" --serial-by "$by" --pool-size 3 --count 3 -- sh -c "$note_run"
        airy publish post.published --set post_id=1 --set author_id=7 --set title=t --header tenant=acme --quiet
        airy publish post.published --set post_id=2 --set author_id=7 --set title=t --header tenant=acme --quiet
        airy publish post.published --set post_id=3 --set author_id=7 --set title=t --header tenant=acme --quiet
    done
    run_airy consume '#' --queue "$queue" --serial-by nobody.has.it --pool-size 3 --until-empty -- true
    assert_status 0
    assert_equal "${#stderr_lines[@]}" 1
    assert_contains "$stderr" 'a message has no key'
}

@test "--serial-retry pass and hold: later messages go by, or wait" {
    retries() {
        prepare
        keyed 1 3
        run_airy consume '#' --queue "$queue" --serial-by author_id --serial-retry hold --retry-delay 200ms \
            --pool-size 3 --count 3 -- sh -c "$note_run; test \$id != 1 || test -e bad || { >bad; exit 1; }"
        assert_status 0
        assert_equal "$(sed -n 's/began 0 //p' handled | paste -sd' ')" '1 1 2 3'
        rm handled bad
        keyed 1 3
        run_airy consume '#' --queue "$queue" --serial-by author_id --retry-delay 200ms \
            --pool-size 3 --count 3 -- sh -c "$note_run; test \$id != 1 || test -e bad || { >bad; exit 1; }"
        assert_status 0
        assert_equal "$(sed -n 's/began 0 //p' handled | paste -sd' ')" '1 2 3 1'
    }
    on_both retries
}

@test "--serial-retry hold: a message that is given up frees its key" {
    gives_up() {
        prepare
        keyed 1 3
        run_airy consume '#' --queue "$queue" --serial-by author_id --serial-retry hold --retry-delay 100ms \
            --max-attempts 2 --pool-size 3 --until-empty -- sh -c "$note_run; test \$id != 1"
        assert_status 6
        assert_equal "$(sed -n 's/began 0 //p' handled | paste -sd' ')" '1 1 2 3'
        airy dlq show "$queue" --output json >letter
        jq -e '.headers["x-airy-attempts"] == 2 and
            .headers["x-airy-first-failed-at"] < .headers["x-airy-failed-at"]' letter
        airy dlq purge "$queue" --yes
    }
    on_both gives_up
}

@test "--serial-by: SIGTERM gives the messages back in order" {
    gives_back() {
        prepare
        keyed 2 12
        spawn first "$AIRY_BIN" consume '#' --queue "$queue" --serial-by author_id --pool-size 2 --drain 10s -- \
            sh -c "$note_run; sleep 1"
        wait_until lines_in handled 2
        kill -TERM "$spawned_pid"
        ended "$spawned_pid" 20 || (($? == 143))
        run_airy consume '#' --queue "$queue" --serial-by author_id --pool-size 2 --until-empty -- sh -c "$note_run"
        assert_status 0
        in_order_by_key
        assert_equal "$(grep -c ended handled)" 12
    }
    on_both gives_back
}

@test "--serial-by: a lost connection and another size of the pool keep the order of first attempts" {
    prepare
    keyed 5 200
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --serial-by author_id --pool-size 3 -- sh -c "$note_run"
    local size
    for size in 8 1 4; do
        wait_until 20 lines_in handled $((size * 10 + 20))
        close_connection_of "$spawned_pid"
        airy pool resize "$queue" "$size" --quiet
    done
    wait_until 30 all_200_ended
    # Only a message that was running when the connection was lost runs twice.
    awk '$1 == "began" && !seen[$3]++ {if ($3 <= last[$2]) {print "out of order: " $0; bad = 1} last[$2] = $3}
        $1 == "began" {if ($2 in runs) {print "at once: " $0; bad = 1} runs[$2] = 1}
        $1 == "ended" {delete runs[$2]}
        END {exit bad}' handled
    wait_until 20 consumer_has '.reconnects >= 1'
}
all_200_ended() { (($(grep ended handled | sort -u | wc -l) == 200)); }

@test "--serial-by: wrong usage" {
    for arguments in '--serial-by header: -- true' '--serial-by properties.colour -- true' \
        '--serial-retry hold -- true' '--serial-by topic --print' '--serial-by topic --serial-retry later -- true'; do
        # shellcheck disable=SC2086 # words
        run_airy consume '#' --queue "$queue" $arguments
        assert_status 2
        assert_short_error
        assert_contains "$stderr" --serial
    done
}

@test "--single-active-consumer: one consumer gets all, the next takes over" {
    one_active() {
        airy queue declare "$queue" --bind '#' --single-active-consumer
        run_airy consume '#' --queue "$queue" --until-empty -- true
        assert_status 7
        assert_contains "$stderr" x-single-active-consumer
        spawn first "$AIRY_BIN" consume '#' --queue "$queue" --single-active-consumer --name first -- \
            sh -c 'echo first >>handled'
        wait_until consumers 1
        spawn second "$AIRY_BIN" consume '#' --queue "$queue" --single-active-consumer --name second -- \
            sh -c 'echo second >>handled'
        local second=$spawned_pid
        wait_until airy pool show second # RabbitMQ does not count one that waits
        publish_posts 1 20
        wait_until lines_in handled 20
        airy pool drain first --wait
        publish_posts 21 25
        wait_until lines_in handled 25
        assert_equal "$(sort handled | uniq -c | awk '{print $2, $1}' | paste -sd' ')" 'first 20 second 5'
        kill -TERM "$second"
        ended "$second" 10 || (($? == 143))
    }
    on_both one_active
}
consumers() { (($(airy queue ls "$queue" --output json | jq .consumers) == $1)); }

@test "--max-priority: higher priorities come first, from the queue and among what was taken" {
    by_priority() {
        airy queue declare "$queue" --type classic --bind '#' --max-priority 9
        for id in 1 2 3 4 5 6; do
            airy publish post.published --set post_id=$id --set author_id=7 --set title=t --priority $((id % 3 * 4)) --quiet
        done
        run_airy consume '#' --queue "$queue" --type classic --max-priority 9 --pool-size 1 --count 6 -- \
            sh -c "$note_post_id"
        assert_status 0
        assert_equal "$(paste -sd' ' handled)" '2 5 1 4 3 6'
        # Priorities above the queue's most count as that.
        rm handled
        airy queue declare "$queue.few" --type classic --bind '#' --max-priority 4
        airy queue purge "$queue" --yes --quiet
        for id in 1 2 3 4 5 6; do
            airy publish post.published --set post_id=$id --set author_id=7 --set title=t --priority $((id + 2)) --quiet
        done
        run_airy consume '#' --queue "$queue.few" --type classic --max-priority 4 --pool-size 1 --prefetch 6 --count 6 -- \
            sh -c "$note_post_id"
        assert_status 0
        assert_equal "$(paste -sd' ' handled)" '2 3 4 5 6 1'
        rm handled
        # A queue without priorities: the consumer has taken all six.
        airy queue declare "$queue.plain" --bind '#'
        airy queue purge "$queue" --yes --quiet
        for id in 1 2 3 4 5 6; do
            airy publish post.published --set post_id=$id --set author_id=7 --set title=t --priority $((id % 3 * 4)) --quiet
        done
        spawn all "$AIRY_BIN" consume '#' --queue "$queue.plain" --pool-size 1 --prefetch 6 --count 6 -- \
            sh -c "$note_post_id; until test -e go; do sleep 0.02; done"
        wait_until 20 taken_all
        touch go
        ended "$spawned_pid" 20
        # The first two had begun, or had the next place in line.
        assert_equal "$(tail -n 4 handled | paste -sd' ')" \
            "$(printf '%s\n' 2 5 1 4 3 6 | grep -vxFf <(head -n 2 handled) | paste -sd' ')"
        airy queue delete "$queue" "$queue.dlq" "$queue.few" "$queue.few.dlq" "$queue.plain" "$queue.plain.dlq" --yes --quiet
        rm -f go
    }
    on_both by_priority
}
taken_all() { airy stats pools --output json | jq -e --arg queue "$queue.plain" 'select(.queue == $queue) | .in_flight == 6'; }

@test "--max-priority is for classic queues, and for one value" {
    for arguments in '--max-priority 5' '--type quorum --max-priority 5' '--type classic --max-priority 256' \
        '--type classic --max-priority 0' '--type classic --max-priority 5 --arg x-max-priority=5'; do
        # shellcheck disable=SC2086 # words
        run_airy queue declare "$queue" $arguments
        assert_status 2
        assert_short_error
    done
    run_airy consume '#' --queue "$queue" --max-priority 5 -- true
    assert_status 2
    assert_contains "$stderr" 'quorum queues of RabbitMQ 4 have two levels'
    run_airy consume '#' --queue "$queue" --no-declare --single-active-consumer -- true
    assert_status 2
    run_airy consume '#' --queue "$queue" --ephemeral --max-priority 5 --until-empty -- true
    assert_status 0
}
