#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load helper

setup() {
    airy_setup
    queue=$(fresh q)
    # No process listens on the port now; the kernel does not give out a port twice in a row.
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    at=http://127.0.0.1:$port
}

teardown() {
    airy_teardown
    forget "$queue" queues
    forget "$queue.dlq" queues
}

consumer() {
    spawn worker "$AIRY_BIN" consume '#' --queue "$queue" --name worker --metrics-listen "127.0.0.1:$port" "$@"
    wait_until 20 curl -sf "$at/readyz"
}
figure() { curl -s "$at/metrics" | awk -v name="$1" 'index($0, name "{") == 1 && index($0, "'"${2-}"'") {print $NF}'; }
figure_is() { [[ $(figure "$1" "$2") == "$3" ]]; }

@test "consume --metrics-listen: promtool accepts /metrics, and its figures agree with the run" {
    consumer --max-attempts 1 -- sh -c 'read -r body; case $body in *\"post_id\":7,*) exit 65 ;; esac'
    for id in 5 6 7; do airy publish post.deleted --set post_id=$id --set author_id=2 --quiet; done
    wait_until 20 figure_is airy_messages_total dead_letter 1
    wait_until 20 figure_is airy_messages_total ack 2
    figure_is airy_pool_run_seconds_count '' 3
    figure_is airy_pool_run_seconds_bucket +Inf 3
    figure_is airy_messages_in_flight '' 0
    # The consumer has published only the one dead letter.
    figure_is airy_publish_confirm_seconds_count '' 1
    figure_is airy_publish_confirm_seconds_bucket +Inf 1
    curl -s "$at/metrics" | promtool check metrics
    run curl -sI "$at/metrics"
    assert_contains "$output" 'text/plain; version=0.0.4'
}

@test "consume --metrics-listen: health, readiness, and unknown paths" {
    consumer -- true
    assert_equal "$(curl -s "$at/healthz")" ok
    assert_equal "$(curl -s "$at/readyz")" running
    assert_equal "$(curl -so /dev/null -w '%{http_code}' "$at/other")" 404
    assert_equal "$(curl -so /dev/null -w '%{http_code}' -X POST "$at/metrics")" 405
    airy pool pause worker
    assert_equal "$(curl -s "$at/readyz")" paused
}

@test "consume --metrics-listen: an invalid address, and one that is taken" {
    run_airy consume '#' --queue "$queue" --metrics-listen 9464 -- true
    assert_status 2
    assert_short_error
    assert_contains "$stderr" HOST:PORT
    consumer -- true
    run_airy consume '#' --queue "$queue" --metrics-listen "127.0.0.1:$port" -- true
    assert_status 1
    assert_short_error
    assert_contains "$stderr" "$port"
}

@test "consume --metrics-listen: silent clients and nonsense disturb nothing" {
    consumer --print
    for _ in 1 2 3 4 5; do
        exec {held}<>"/dev/tcp/127.0.0.1/$port"
    done
    printf 'GARBAGE\r\n\r\n' >"/dev/tcp/127.0.0.1/$port"
    curl -sf "$at/metrics" >/dev/null
    airy publish post.deleted --set post_id=1 --set author_id=2 --quiet
    wait_until 20 figure_is airy_messages_total ack 1
}

@test "consume --metrics-listen: half-sent requests at the limit keep no other client out" {
    consumer -- true
    spawn crowd python3 -c '
import socket, sys, time
held = []
for _ in range(40):
    client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    client.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n")
    held.append(client)
print("held", flush=True)
time.sleep(60)' "$port"
    wait_until grep -q held crowd.out
    for _ in 1 2 3; do curl -sf --max-time 5 "$at/metrics" | grep -q '^airy_pool_capacity'; done
}

@test "consume --metrics-listen: a request with a body is refused in words" {
    consumer -- true
    head -c 3000000 /dev/zero >body
    for method in POST PUT DELETE; do
        assert_equal "$(curl -s --max-time 5 -X "$method" -d some "$at/metrics" -w '%{http_code}')" $'GET or HEAD\n405'
        run curl -s --max-time 5 -X "$method" -H 'Expect:' --data-binary @body "$at/metrics" -w '%{http_code}'
        assert_equal "$output" $'GET or HEAD\n405'
    done
}

@test "publish --metrics-file: counts every printed confirm, in a text that promtool accepts" {
    airy queue declare --plain "$queue" --bind '#'
    printf '{"event_type":"post.deleted","post_id":%d,"author_id":1}\n' 1 2 3 >events
    run_airy publish --metrics-file text <events
    assert_status 0
    promtool check metrics <text
    grep -qF "airy_publish_confirm_seconds_count{exchange=\"$AIRY_EXCHANGE\"} ${#lines[@]}" text
    grep -qF 'le="0.001"' text
    grep -qF 'le="300"} 3' text
    run_airy publish post.deleted --set post_id=1 --set author_id=2 --metrics-file text
    assert_status 0
    grep -qF "_count{exchange=\"$AIRY_EXCHANGE\"} 1" text
    # Unconfirmed events are not counted, and earlier counts are kept.
    { cat events && echo broken; } >more
    run_airy publish --metrics-file text <more
    assert_status 8
    grep -qF "_count{exchange=\"$AIRY_EXCHANGE\"} 3" text
}

@test "publish --metrics-file: written during the stream, and refused before the first publish" {
    airy queue declare --plain "$queue" --bind '#'
    run_airy publish post.deleted --set post_id=1 --set author_id=2 --metrics-file no/such/directory
    assert_status 2
    assert_short_error
    assert_equal "$(depth "$queue")" 0
    run_airy publish post.deleted --set post_id=1 --set author_id=2 --metrics-file text --no-confirm
    assert_status 2
    mkfifo pipe
    spawn publisher sh -c 'exec "$1" publish --quiet --metrics-file text <pipe' sh "$AIRY_BIN"
    exec {held}>pipe
    printf '{"event_type":"post.deleted","post_id":1,"author_id":1}\n' >&"$held"
    wait_until 20 grep -qF "_count{exchange=\"$AIRY_EXCHANGE\"} 1" text
    exec {held}>&-
    ended "$spawned_pid" 10
}

@test "stats --prometheus: pools and queues as one text that promtool accepts" {
    consumer -- true
    airy stats "$queue" --prometheus >"$BATS_TEST_TMPDIR/text"
    promtool check metrics <"$BATS_TEST_TMPDIR/text"
    grep -q "^airy_pool_capacity{consumer=\"worker\",queue=\"$queue\"}" "$BATS_TEST_TMPDIR/text"
    grep -q "^airy_queue_consumers{queue=\"$queue\"} 1$" "$BATS_TEST_TMPDIR/text"
    run_airy stats --prometheus --output json
    assert_status 2
}

@test "stats --prometheus: a queue named twice appears once, a stopped consumer is down" {
    consumer -- true
    run_airy stats queues "$queue" "$queue" --prometheus
    assert_status 0
    assert_equal "$(grep -c '^airy_queue_messages_ready{' <<<"$output")" 1
    promtool check metrics <<<"$output"
    kill -STOP "$spawned_pid"
    run_airy stats pools --prometheus
    kill -CONT "$spawned_pid"
    assert_status 0
    grep -q "^airy_consumer_up{consumer=\"worker\"} 0$" <<<"$output"
    assert_contains "$stderr" "'worker' ($spawned_pid) does not answer"
    run_airy stats pools --prometheus
    grep -q '^airy_consumer_up{consumer="worker"} 1$' <<<"$output"
    grep -q "^airy_consumer_info{consumer=\"worker\",queue=\"$queue\",pid=\"$spawned_pid\",version=\"[0-9.]*\"} 1$" <<<"$output"
    promtool check metrics <<<"$output"
}

@test "publish --metrics-file: a file that cannot be written any more stops no stream" {
    airy queue declare --plain "$queue" --bind '#'
    mkdir place
    mkfifo pipe
    spawn publisher sh -c 'exec "$1" publish --metrics-file place/text <pipe' sh "$AIRY_BIN"
    exec {held}>pipe
    printf '{"event_type":"post.deleted","post_id":1,"author_id":1}\n' >&"$held"
    wait_until grep -q . publisher.out
    rm -r place
    printf '{"event_type":"post.deleted","post_id":2,"author_id":1}\n' >&"$held"
    exec {held}>&-
    ended "$spawned_pid" 10 # with 0
    assert_equal "$(wc -l <publisher.out)" 2
    grep -q 'no metrics are kept any more' publisher.err
    grep -q 'published 2 events' publisher.err
}
