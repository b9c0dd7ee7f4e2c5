#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# Several messages in one run of a command, one line of a worker, or one request, on RabbitMQ and on the
# embedded broker.

load helper
load consume

@test "--batch: N message lines a run, and what is left after --batch-wait" {
    in_batches() {
        prepare
        publish_posts 1 25
        run_airy consume '#' --queue "$queue" --batch 10 --batch-wait 200ms --pool-size 1 --until-empty -- \
            sh -c 'cat >>lines; echo $AIRY_BATCH_SIZE $AIRY_QUEUE >>sizes'
        assert_status 0
        assert_equal "$(paste -sd' ' sizes)" "10 $queue 10 $queue 5 $queue"
        assert_equal "$(jq .body.post_id lines | paste -sd' ')" "$(seq -s' ' 25)"
        assert_equal "$(jq .id lines | paste -sd' ')" "$(seq -s' ' 10) $(seq -s' ' 10) $(seq -s' ' 5)"
        remains "$queue" 0
    }
    on_both in_batches
}

@test "--batch-format array, and message lines that publish reads" {
    prepare
    publish_posts 1 3
    run_airy consume '#' --queue "$queue" --batch 3 --batch-format array --count 3 -- sh -c 'cat >lines'
    assert_status 0
    jq -e 'length == 3 and .[2].id == 3 and .[2].body.post_id == 3' lines
    publish_posts 4 5
    run_airy consume '#' --queue "$queue" --batch 9 --batch-wait 100ms --count 2 -- sh -c 'cat >lines'
    airy publish --lines message --quiet - <lines
    assert_equal "$(left_over | paste -sd' ')" '4 5'
}

@test "--batch: one bad message does not take the others with it" {
    one_bad() {
        prepare
        publish_posts 1 20
        # The command fails for the whole batch where it holds post 7.
        run_airy consume '#' --queue "$queue" --batch 20 --pool-size 1 --until-empty -- \
            sh -c 'echo $AIRY_BATCH_SIZE >>sizes; if grep -q "\"post_id\":7,"; then echo "bad post" >&2; exit 65; fi'
        assert_status 6
        assert_equal "$(sort -n sizes | uniq -c | awk '{print $2 "x" $1}' | paste -sd' ')" '1x20 20x1'
        assert_equal "$(airy dlq show "$queue" --output json | jq -r '"\(.body.post_id) \(.headers["x-airy-error"])"')" '7 bad post'
        airy dlq purge "$queue" --yes --quiet
        remains "$queue" 0
        rm sizes
        publish_posts 1 4
        run_airy consume '#' --queue "$queue" --batch 4 --batch-on-error all --pool-size 1 --until-empty -- \
            sh -c 'echo $AIRY_BATCH_SIZE >>sizes; exit 65'
        assert_status 6
        assert_equal "$(<sizes)" 4
        remains "$queue.dlq" 4
    }
    on_both one_bad
}

@test "--batch: after a failure each message is settled when its own run has ended" {
    one_by_one() {
        prepare
        publish_posts 1 4
        spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --batch 4 --pool-size 1 --log-events -- sh -c \
            '[ $AIRY_BATCH_SIZE = 1 ] || exit 75; id=$(jq .body.post_id); echo $id >>alone; echo $$ >pid; [ $id != 3 ] || exec sleep 100'
        wait_until grep -qx 3 alone
        wait_until consumer_has '.handled == 2 and .waiting == 1 and .tasks[0].messages == 1'
        assert_equal "$(grep -c settled consumer.err)" 2
        kill -9 "$spawned_pid"
        ended "$spawned_pid" 10 || true
        remains "$queue" 2
        kill "$(<pid)"
    }
    on_both one_by_one
}

@test "--batch: the command may answer for each message" {
    answered() {
        prepare
        publish_posts 1 6
        run_airy consume '#' --queue "$queue" --batch 6 --pool-size 1 --max-attempts 1 --until-empty -- \
            jq --unbuffered -c 'if .body.post_id % 3 == 0 then {id, result: "reject", reason: "a third"} else {id, result: "ok"} end'
        assert_status 6
        assert_equal "$output" ''
        assert_equal "$(airy dlq show "$queue" --output json | jq -r '"\(.body.post_id) \(.headers["x-airy-error"])"' | paste -sd,)" \
            '3 a third,6 a third'
        airy dlq purge "$queue" --yes --quiet
    }
    on_both answered
}

@test "--batch with --serial-by: a batch holds one message of each key" {
    prepare
    seq 12 | awk '{printf "{\"event_type\":\"post.published\",\"post_id\":%d,\"author_id\":%d,\"title\":\"t\"}\n", $1, $1 % 3}' |
        airy publish --quiet -
    run_airy consume '#' --queue "$queue" --batch 5 --batch-wait 100ms --serial-by author_id --pool-size 2 --until-empty -- \
        sh -c 'jq -c .body.author_id | sort -u | wc -l >>sizes; echo $AIRY_BATCH_SIZE >>lines'
    assert_status 0
    cmp sizes lines
    (($(sort -n lines | tail -n 1) <= 3))
}

@test "--batch: the figures count messages and batches" {
    prepare
    publish_posts 1 20
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --batch 10 -- true
    wait_until consumer_has '.handled == 20 and .batches == 2'
    run_airy stats pools --prometheus
    assert_contains "$output" "airy_batches_total{consumer=\"$queue\",queue=\"$queue\"} 2"
}

@test "--batch: SIGTERM while a batch waits for more gives its messages back" {
    prepare
    publish_posts 1 5
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --batch 10 --batch-wait 10m -- true
    wait_until consumer_has '.waiting == 5'
    kill -TERM "$spawned_pid"
    ended "$spawned_pid" 10 || (($? == 143))
    remains "$queue" 5
}

# batch_worker CODE: makes `work`, a worker in Python that runs CODE for each `batch` of messages with their
# `posts`, and answers ok for it, unless CODE calls answer(ID, RESULT, …) itself.
batch_worker() {
    cat >work <<PY
#!/usr/bin/env python3
import json, os, signal, sys, time
def answer(id, result, **more):
    global answered
    answered = True
    print(json.dumps({"id": id, "result": result, **more}), flush=True)
def note(posts):
    with open("handled", "a") as handled:
        for post in posts: print(post, file=handled)
def handle(batch, posts):
$(sed 's/^/    /' <<<"$1")
for line in sys.stdin:
    batch = json.loads(line)
    answered = False
    with open("sizes", "a") as sizes: print(len(batch["batch"]), file=sizes)
    handle(batch, [message["body"]["post_id"] for message in batch["batch"]])
    if not answered: answer(batch["id"], "ok")
PY
    chmod +x work
}

@test "--worker --batch: a line is a batch, answered as a whole or message by message" {
    in_lines() {
        prepare
        publish_posts 1 25
        batch_worker 'note(posts)
if 3 in posts:
    for message, post in zip(batch["batch"], posts):
        if post == 3: answer(message["id"], "reject", reason="a three")
        elif post != 4: answer(message["id"], "ok")
    answer(batch["id"], "ok")'
        run_airy consume '#' --queue "$queue" --batch 10 --batch-wait 200ms --worker 1 --window 2 --until-empty -- ./work
        assert_status 6
        assert_equal "$(paste -sd' ' sizes)" '10 10 5'
        assert_equal "$(paste -sd' ' handled)" "$(seq -s' ' 25)"
        assert_equal "$(airy dlq show "$queue" --output json | jq -r '"\(.body.post_id) \(.headers["x-airy-error"])"')" '3 a three'
        remains "$queue" 0
    }
    on_both in_lines
}

@test "--worker --batch: after the failure of a batch its messages go alone, or all have failed" {
    one_bad_line() {
        prepare
        publish_posts 1 20
        batch_worker 'if 7 in posts: answer(batch["id"], "reject", reason="bad post")'
        run_airy consume '#' --queue "$queue" --batch 20 --worker 2 --until-empty -- ./work
        assert_status 6
        assert_contains "$stderr" 'handling its messages one by one'
        assert_equal "$(sort -n sizes | uniq -c | awk '{print $2 "x" $1}' | paste -sd' ')" '1x20 20x1'
        assert_equal "$(airy dlq show "$queue" --output json | jq -c '[.body.post_id, .headers["x-airy-attempts"]]')" '[7,1]'
        airy dlq purge "$queue" --yes --quiet
        publish_posts 5 8
        run_airy consume '#' --queue "$queue" --batch 4 --batch-on-error all --worker 2 --until-empty -- ./work
        assert_status 6
        remains "$queue.dlq" 4
    }
    on_both one_bad_line
}

@test "--worker --batch: a poisoned message ends as a dead letter, and its neighbours count no attempt" {
    poisoned_batch() {
        prepare
        publish_posts 1 30
        batch_worker 'if 7 in posts: os.kill(os.getpid(), signal.SIGKILL)
note(posts)'
        run_airy consume '#' --queue "$queue" --until-empty --max-attempts 3 --retry-delay 100ms \
            --batch 10 --batch-wait 200ms --worker 2 --window 2 -- ./work
        assert_status 6
        assert_equal "$(grep -c 'message will be tried again' <<<"$stderr")" 2
        sort -nu handled | cmp - <(seq 30 | grep -v '^7$')
        airy dlq show "$queue" --output json >dead
        assert_equal "$(jq -c '[.body.post_id, .headers["x-airy-attempts"], .headers["x-airy-exit"]]' dead)" '[7,3,137]'
        remains "$queue" 0
    }
    on_both poisoned_batch
}

@test "--worker --batch: workers killed at random lose nothing" {
    killed_in_batches() {
        prepare
        publish_posts 1 400
        batch_worker 'for post in posts:
    time.sleep(0.003)
    note([post])'
        spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --until-empty --max-attempts 100 \
            --retry-delay 100ms --batch 10 --batch-wait 100ms --worker 2 --window 2 -- ./work
        local kills
        killed_until_done 6
        sort -nu handled | cmp - <(seq 400)
        # Two batches of one worker, or those of their messages that were handled alone, come again.
        (($(wc -l <handled) <= 400 + kills * 20))
        remains "$queue" 0
        remains "$queue.dlq" 0
    }
    on_both killed_in_batches
}

@test "--worker --batch with --serial-by: the order of each key, also where batches fail" {
    order_of_keys() {
        prepare
        seq 60 | awk '{printf "{\"event_type\":\"post.published\",\"post_id\":%d,\"author_id\":%d,\"title\":\"t\"}\n", $1, $1 % 7}' |
            airy publish --quiet -
        batch_worker 'if len(posts) > 1 and any(post % 10 == 0 for post in posts): answer(batch["id"], "retry")
else: note(posts)'
        run_airy consume '#' --queue "$queue" --batch 5 --batch-wait 50ms --serial-by author_id --worker 2 \
            --window 2 --until-empty -- ./work
        assert_status 0
        for key in $(seq 0 6); do
            awk -v key="$key" '$1 % 7 == key' handled >of_key
            sort -n of_key | cmp - of_key
        done
        assert_equal "$(wc -l <handled)" 60
    }
    on_both order_of_keys
}

sizes_of_requests() { requested '.headers["airy-batch-size"]' | paste -sd' '; }

@test "--http --batch: a request is a JSON array of CloudEvents" {
    in_requests() {
        service
        prepare
        publish_posts 1 25
        run_airy consume '#' --queue "$queue" --batch 10 --batch-wait 200ms --pool-size 1 --until-empty --http "$service/ok"
        assert_status 0
        assert_equal "$(sizes_of_requests)" '10 10 5'
        assert_equal "$(requested '.body | fromjson | .[] | .data.post_id' | paste -sd' ')" "$(seq -s' ' 25)"
        assert_equal "$(requested '[.headers["content-type"], .headers["airy-queue"], .headers["airy-attempt"]] | join(",")' | uniq)" \
            "application/cloudevents-batch+json; charset=utf-8,$queue,"
        assert_equal "$(requested '.body | fromjson | .[] | .id == .data.event_id and .specversion == "1.0"' | uniq)" true
        remains "$queue" 0
    }
    on_both in_requests
}

@test "--http --batch: a service that refuses one event in 20" {
    refused_events() {
        service
        prepare
        publish_posts 1 100
        run_airy consume '#' --queue "$queue" --batch 50 --batch-wait 200ms --pool-size 2 --until-empty --http "$service/without/20"
        assert_status 6
        assert_equal "$(airy dlq show "$queue" --output json | jq -r '"\(.body.post_id) \(.headers["x-airy-error"])"' | sort -n | paste -sd,)" \
            '20 HTTP 422: bad post,40 HTTP 422: bad post,60 HTTP 422: bad post,80 HTTP 422: bad post,100 HTTP 422: bad post'
        assert_equal "$(sizes_of_requests | tr ' ' '\n' | sort -n | uniq -c | awk '{print $2 "x" $1}' | paste -sd' ')" '1x100 50x2'
        remains "$queue" 0
        publish_posts 19 21
        run_airy consume '#' --queue "$queue" --batch 3 --batch-on-error all --until-empty --http "$service/without/20"
        assert_status 6
        remains "$queue.dlq" 8
    }
    on_both refused_events
}

@test "--http --batch: while a service has too much to do, no batch is split; later each message is alone" {
    busy_service() {
        service
        prepare
        publish_posts 1 20
        run_airy consume '#' --queue "$queue" --batch 10 --batch-wait 200ms --pool-size 1 --retry-delay 100ms \
            --until-empty --http "$service/later/2"
        assert_status 0
        assert_equal "$(sizes_of_requests)" "10 10$(printf ' 1%.0s' {1..20})"
        assert_equal "$(requested '.body | fromjson | .[] | .data.post_id' | sort -n | uniq -c | awk '{print $1}' | uniq)" 2
        remains "$queue" 0
        remains "$queue.dlq" 0
    }
    on_both busy_service
}

@test "--http --batch: an event that hangs the service takes no other with it" {
    stuck_in() {
        local queue=$1
        shift
        spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" "$@" --batch 10 --batch-wait 200ms \
            --pool-size 3 --http-timeout 400ms --http "$service/stuck/4"
        wait_until consumer_has '.state == "running"'
        publish_posts 1 10
        wait_until consumer_has '.handled == 9 and .failed > 10'
        kill -TERM "$spawned_pid"
        status=0
        ended "$spawned_pid" 10 || status=$?
        assert_status 143
    }
    stuck_event() {
        service
        stuck_in "$queue" --retry-delay 100ms
        airy queue delete "$queue" --with-dlq --yes --quiet
        stuck_in "$queue" --on-error requeue
        airy queue delete "$queue" --with-dlq --yes --quiet
        stuck_in "$queue.short" --ephemeral
    }
    on_both stuck_event
}

@test "--http --batch: while nobody listens, batches wait and count no attempt" {
    absent_service() {
        service
        prepare
        local port consumer
        port=$(<port)
        kill -KILL "$service_pid"
        wait_until gone "$service_pid"
        publish_posts 1 50
        spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --until-empty --batch 10 --batch-wait 100ms \
            --pool-size 2 --max-attempts 1 --http "$service/ok"
        consumer=$spawned_pid
        wait_until consumer_has '.state == "tripped" and .failed == 0 and .in_flight > 0'
        service "$port"
        status=0
        ended "$consumer" 20 || status=$?
        assert_status 0
        assert_equal "$(requested '.body | fromjson | .[] | .data.post_id' | sort -n | paste -sd' ')" "$(seq -s' ' 50)"
        (($(sizes_of_requests | wc -w) < 12))
        remains "$queue.dlq" 0
    }
    on_both absent_service
}

@test "--http --batch: pool cancel takes one message out of its batch" {
    service
    prepare
    publish_posts 1 3
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --count 3 --batch 3 --http "$service/stuck/2"
    wait_until lines_in requests 1
    airy pool cancel "$queue" "$(requested '.body | fromjson | .[1].id')" --dead-letter
    status=0
    ended "$spawned_pid" 10 || status=$?
    assert_status 6
    assert_equal "$(airy dlq show "$queue" --output json | jq -c '[.body.post_id, .headers["x-airy-error"]]')" \
        '[2,"cancelled by an operator"]'
    assert_equal "$(sizes_of_requests)" '3 1 1'
}

@test "--batch: the figures of workers and of a web service count messages and batches" {
    service
    prepare
    batch_worker 'note(posts)'
    local handler
    for handler in '--worker 2 -- ./work' "--http $service/ok"; do
        publish_posts 1 20
        # shellcheck disable=SC2086 # words
        spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --log-events --batch 10 $handler
        wait_until consumer_has '.handled == 20 and .batches == 2'
        kill -TERM "$spawned_pid"
        ended "$spawned_pid" 10 || (($? == 143))
        assert_equal "$(grep -c 'settlement=ack$' consumer.err)" 20
    done
}

@test "--batch: wrong usage" {
    for arguments in '--batch 0 -- true' '--batch 10001 -- true' '--batch 5 --print' '--batch-wait 1s -- true' \
        '--batch-format array -- true' '--batch-on-error all -- true' '--batch 5 --batch-wait 1h -- true' \
        '--batch 5 --worker 1 --batch-format lines -- true' '--batch 5 --http http://localhost/ --batch-format array' \
        '--batch 5 --http http://localhost/ --http-format raw' '--batch 5 --worker 1 --reply -- true' \
        '--batch 5 --http http://localhost/ --reply' '--batch 10000 --worker 4 --window 2 -- true' \
        '--batch 5 --tag-output -- true' '--batch 5 --stdin message -- true' '--batch 10 --prefetch 5 -- true'; do
        # shellcheck disable=SC2086 # words
        run_airy consume '#' --queue "$queue" $arguments
        assert_status 2
        assert_short_error
        assert_contains "$stderr" --batch
    done
}
