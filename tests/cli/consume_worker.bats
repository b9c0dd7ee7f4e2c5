#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

# Processes that live on, on both brokers.

load helper
load consume

# worker CODE: makes `work`, a worker in Python that runs CODE for each `body` and answers ok,
# unless CODE calls answer(RESULT, …) itself.
worker() {
    cat >work <<PY
#!/usr/bin/env python3
import json, os, signal, sys, time
def answer(result, **more):
    global answered
    answered = True
    print(json.dumps({"id": message["id"], "result": result, **more}), flush=True)
def handle(body):
$(sed 's/^/    /' <<<"$1")
print('{"ready":true}', flush=True)
for line in sys.stdin:
    message = json.loads(line)
    answered = False
    handle(message["body"])
    if not answered: answer("ok")
PY
    chmod +x work
}

posts_in() { jq .body.post_id "$1" | sort -n | xargs; }

@test "two workers share the messages, and live on" {
    on_both two_workers
}
two_workers() {
    prepare
    publish_posts 1 50
    worker 'with open("seen", "a") as seen: print(os.getpid(), body["post_id"], file=seen)'
    run_airy consume '#' --queue "$queue" --until-empty --worker 2 --window 3 -- ./work
    assert_status 0
    assert_equal "$stderr" ''
    assert_equal "$output" ''
    cut -d' ' -f2 seen | sort -n | cmp - <(seq 50)
    assert_equal "$(cut -d' ' -f1 seen | sort -u | wc -l)" 2
    remains "$queue" 0
}

@test "the answers decide about the messages" {
    on_both answers
}
answers() {
    prepare
    publish_posts 1 4
    worker 'p = body["post_id"]
first = not os.path.exists(f"seen{p}")
open(f"seen{p}", "w").close()
if p == 1: answer("reject", reason="no good", x=[1])
if p == 2 and first: answer("retry", reason="later", delay="150ms")
if p == 3 and first: answer("requeue")'
    run_airy consume '#' --queue "$queue" --until-empty --retry-delay 3s --worker 1 --window 4 -- ./work
    assert_status 6
    assert_contains "$stderr" 'reason=later delay_ms='
    assert_contains "$stderr" 'reason="no good"'
    airy dlq show "$queue" --output json >dead
    assert_equal "$(posts_in dead)" 1
    assert_equal "$(jq -r '.headers | "\(."x-airy-reason") \(."x-airy-error")"' dead)" 'rejected no good'
    remains "$queue" 0
}

@test "a poisoned message ends as a dead letter, and its neighbours count no attempt" {
    on_both poisoned
}
poisoned() {
    prepare
    publish_posts 1 20
    worker 'if body["post_id"] == 7: os.kill(os.getpid(), signal.SIGKILL)
with open("handled", "a") as handled: print(body["post_id"], file=handled)'
    run_airy consume '#' --queue "$queue" --until-empty --max-attempts 3 --retry-delay 100ms \
        --worker 2 --window 10 -- ./work
    assert_status 6
    assert_contains "$stderr" 'reason="worker '
    assert_contains "$stderr" 'killed by SIGKILL"'
    assert_equal "$(grep -c 'message will be tried again' <<<"$stderr")" 2
    sort -nu handled | cmp - <(seq 20 | grep -v '^7$')
    airy dlq show "$queue" --output json >dead
    assert_equal "$(posts_in dead)" 7
    assert_equal "$(jq -c '.headers | [."x-airy-attempts", ."x-airy-exit"]' dead)" '[3,137]'
    remains "$queue" 0
}

@test "workers killed at random lose nothing, and few messages come twice" {
    on_both killed_at_random
}
killed_at_random() {
    prepare
    publish_posts 1 400
    worker 'time.sleep(0.005)
with open("handled", "a") as handled: print(body["post_id"], file=handled)'
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --until-empty --max-attempts 100 \
        --retry-delay 100ms --worker 2 --window 8 -- ./work
    local kills
    killed_until_done 8
    sort -nu handled | cmp - <(seq 400)
    (($(wc -l <handled) <= 400 + kills * 16))
    remains "$queue" 0
    remains "$queue.dlq" 0
}

@test "a consumer that is killed takes its workers with it, and loses nothing" {
    on_both killed_consumer
}
killed_consumer() {
    prepare
    publish_posts 1 6
    worker 'print(os.getpid(), file=open("pid", "w"), flush=True)
while os.path.exists("hold"): time.sleep(0.02)'
    : >hold
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --worker 1 --window 3 -- ./work
    wait_until test -s pid
    kill -KILL "$spawned_pid"
    rm hold
    wait_until bash -c '! kill -0 $(<pid)'
    run_airy consume '#' --queue "$queue" --count 6 --expect 6 --worker 1 -- ./work
    assert_status 0
    remains "$queue" 0
}

@test "a worker that never comes up ends the consumer with its last line" {
    on_both never_up
}
never_up() {
    prepare
    publish_posts 1 3
    run_airy consume '#' --queue "$queue" --worker 1 --ready -- sh -c 'echo "no module x" >&2; exit 3'
    assert_status 6
    assert_contains "$stderr" 'airy: worker 1 does not come up: exit status 3: no module x'
    run_airy consume '#' --queue "$queue" --count 3 --worker 1 -- sh -c \
        'jq --unbuffered -c "{id, result: \"ok\", reason: (.redelivered | tostring)}" | tee told'
    assert_status 0
    if [[ $AIRY_URL == amqp* ]]; then assert_equal "$(jq -r .reason told | sort -u)" false; fi
}

@test "--for and --idle hold while no worker is ready, and so does pool drain" {
    export AIRY_URL=sqlite:airy.db
    prepare
    publish_posts 1 2
    local limit
    for limit in '--for 0.4s' '--idle 0.4s --count 2' '--for 1h --idle 0.4s'; do
        # shellcheck disable=SC2086 # an option and its value
        run_airy consume '#' --queue "$queue" --worker 2 --ready --timeout 0s $limit -- sleep 100
        assert_status 5
        assert_contains "$stderr" 'after 400ms the workers are not ready yet'
    done
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --worker 2 --ready --timeout 0s -- sleep 100
    wait_until consumer_has '.state == "starting" and .cap == 2'
    run_airy pool resize "$queue" 1
    assert_status 1
    assert_contains "$stderr" 'still starting its workers'
    run_airy pool drain "$queue" --wait --for 10s
    assert_status 0
    ended "$spawned_pid" 10
    remains "$queue" 2
}

@test "pool resize: no more at once than the workers hold" {
    export AIRY_URL=sqlite:airy.db
    prepare
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --worker 2 --window 3 -- cat
    wait_until consumer_has '.state == "running" and .cap == 6'
    run_airy pool resize "$queue" 2
    assert_status 0
    run_airy pool resize "$queue" 7
    assert_status 2
    assert_contains "$stderr" 'can run 6 at once at most'
    run_airy pool resize "$queue" 6
    assert_status 0
    kill -TERM "$spawned_pid"
    ended "$spawned_pid" 10 || (($? == 143))
    spawn consumer env bash -c 'ulimit -n 200; exec "$@"' - "$AIRY_BIN" consume '#' --queue "$queue" --http http://127.0.0.1:1/
    wait_until consumer_has '.state == "running"'
    run_airy pool resize "$queue" 1000
    assert_status 2
    assert_contains "$stderr" 'at once at most'
}

@test "with --ready no message is taken before a worker is ready" {
    prepare
    publish_posts 1 3
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --count 3 --worker 2 --ready -- \
        sh -c 'echo $$ >>started; until [ -e warm ]; do sleep 0.02; done; echo "{\"ready\":true}"
            exec jq --unbuffered -c "{id, result: \"ok\"}"'
    wait_until lines_in started 2
    assert_equal "$(depth "$queue")" 3
    : >warm
    ended "$spawned_pid" 10
}

@test "a signal while workers warm up ends them and takes no message" {
    prepare
    publish_posts 1 1
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --worker 1 --ready -- \
        sh -c 'trap "echo asked >>told; exit" TERM; echo $$ >started; while :; do sleep 0.05; done'
    wait_until test -s started
    kill -TERM "$spawned_pid"
    status=0
    ended "$spawned_pid" 10 || status=$?
    assert_status 143
    assert_equal "$(<told)" asked
    remains "$queue" 1
}

@test "at SIGTERM a worker answers what it holds and finds the end of its stdin" {
    on_both drained_by_eof
}
drained_by_eof() {
    prepare
    publish_posts 1 6
    worker 'signal.signal(signal.SIGTERM, lambda *_: open("asked", "w").close())
print(body["post_id"], file=open("begun", "a"), flush=True)
while not os.path.exists("go"): time.sleep(0.02)'
    echo 'open("eof", "w").close()' >>work
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --worker 1 --window 2 -- ./work
    wait_until test -s begun
    kill -TERM "$spawned_pid"
    wait_until draining
    : >go
    status=0
    ended "$spawned_pid" 10 || status=$?
    assert_status 143
    [[ -e eof && ! -e asked ]]
    assert_equal "$(wc -l <begun)" 2
    remains "$queue" 4
}
draining() { consumer_has '.state == "draining"'; }

@test "a worker that does not end is asked to, after --drain" {
    prepare
    publish_posts 1 2
    worker 'signal.signal(signal.SIGTERM, lambda *_: (open("asked", "w").close(), os._exit(0)))
open("begun", "w").close()
time.sleep(60)'
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --worker 1 --drain 300ms -- ./work
    wait_until test -e begun
    kill -TERM "$spawned_pid"
    status=0
    ended "$spawned_pid" 10 || status=$?
    assert_status 143
    [[ -e asked ]]
    assert_contains "$(<consumer.err)" '1 did not finish before the end'
    remains "$queue" 2
}

@test "--timeout ends the worker of a slow message alone" {
    prepare
    publish_posts 1 10
    worker 'if body["post_id"] == 3: time.sleep(60)'
    run_airy consume '#' --queue "$queue" --until-empty --max-attempts 2 --retry-delay 100ms \
        --timeout 2s --worker 2 --window 3 --ready -- ./work
    assert_status 6
    assert_equal "$(grep -c 'reason="a message timed out"' <<<"$stderr")" 2
    airy dlq show "$queue" --output json >dead
    assert_equal "$(posts_in dead)" 3
    remains "$queue" 0
}

@test "pool shows the messages of workers, and cancels one" {
    prepare
    publish_posts 1 3
    worker 'open("begun", "w").close()
if body["post_id"] == 1: time.sleep(60)'
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --count 3 --worker 1 --window 3 -- ./work
    wait_until test -e begun
    wait_until consumer_has '.running == 3 and .cap == 3'
    airy pool show "$queue" --output json >shown
    id=$(jq -r '[.. | objects | .message_id? // empty] | first' shown)
    airy pool cancel "$queue" "$id" --dead-letter
    status=0
    ended "$spawned_pid" 10 || status=$?
    assert_status 6
    airy dlq show "$queue" --output json >dead
    assert_equal "$(posts_in dead)" 1
    assert_equal "$(jq -r '.headers."x-airy-error"' dead)" 'cancelled by an operator'
}

@test "--restart-after replaces the process of a worker" {
    prepare
    publish_posts 1 6
    worker 'print(os.getpid(), file=open("pids", "a"), flush=True)'
    run_airy consume '#' --queue "$queue" --until-empty --worker 1 --window 4 --restart-after 2 -- ./work
    assert_status 0
    assert_equal "$stderr" ''
    assert_equal "$(uniq -c pids | awk '{print $1}' | xargs)" '2 2 2'
}

@test "what does not fit with workers is wrong usage" {
    run_airy consume '#' --queue q --worker 2
    assert_status 2
    assert_contains "$stderr" 'airy: --worker has no command to run'
    run_airy consume '#' --queue q --worker 2 -- ./nowhere
    assert_status 2
    assert_contains "$stderr" 'command not found'
    run_airy consume '#' --queue q --worker 2 --print
    assert_status 2
    assert_contains "$stderr" '--print and --worker exclude each other'
    local option
    for option in '--pool-size 4' --tag-output '--stdin message'; do
        # shellcheck disable=SC2086 # two words
        run_airy consume '#' --queue q --worker 2 $option -- cat
        assert_status 2
        assert_contains "$stderr" "${option%% *} has no effect beside --worker"
    done
    for option in '--window 2' --ready '--restart-after 5'; do
        # shellcheck disable=SC2086
        run_airy consume '#' --queue q $option -- cat
        assert_status 2
        assert_contains "$stderr" "${option%% *} has no effect beside a command"
        assert_contains "$stderr" '--worker'
    done
    for option in 0 0s soon -1 1x ''; do
        run_airy consume '#' --queue q --worker 2 --restart-after="$option" -- cat
        assert_status 2
    done
    run_airy consume '#' --queue q --worker 1000 --window 10000 -- cat
    assert_status 2
    assert_contains "$stderr" 'would hold 10000000 messages'
}
