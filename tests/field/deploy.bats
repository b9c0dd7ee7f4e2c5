#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load ../cli/helper
load ../cli/consume

# A handler that runs until it is ended.
endless=(sh -c 'echo begun; exec sleep 1000')

handlers_of() { ps -o pid= --ppid "$1"; }

# start_four [ARG...]: a consumer, in $spawned_pid, that runs handlers for four messages.
start_four() {
    publish_posts 1 4
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --pool-size 4 "$@"
    wait_until lines_in consumer.out 4
}

ends_with() {
    status=0
    ended "$spawned_pid" 10 || status=$?
    assert_status "$1"
}

@test "a service manager that signals handlers and airy together costs no message" {
    local order handlers
    prepare
    for order in first last half-a-second-before; do
        start_four --on-error discard -- "${endless[@]}"
        handlers=$(handlers_of "$spawned_pid")
        # shellcheck disable=SC2086 # several pids
        case $order in
            first) kill -TERM $handlers "$spawned_pid" ;;
            last) kill -TERM "$spawned_pid" $handlers ;;
            *)
                kill -TERM $handlers
                sleep 0.5
                kill -TERM "$spawned_pid"
                ;;
        esac
        ends_with 143
        remains "$queue" 4
    done
}

@test "with one attempt, messages of handlers that a service manager ended are no dead letters" {
    prepare
    start_four --max-attempts 1 -- sh -c 'trap "exit 143" TERM; echo begun; sleep 1000 & wait'
    # shellcheck disable=SC2046 # several pids
    kill -TERM $(handlers_of "$spawned_pid") "$spawned_pid"
    ends_with 143
    assert_equal "$(depth "$queue.dlq")" 0
    left_over >ids
    assert_equal "$(sort ids | xargs)" '1 2 3 4'
}

@test "a handler that is ended alone has failed" {
    prepare
    publish_posts 1 1
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --max-attempts 1 --until-empty -- "${endless[@]}"
    wait_until lines_in consumer.out 1
    # shellcheck disable=SC2046
    kill -TERM $(handlers_of "$spawned_pid")
    ends_with 6
    remains "$queue.dlq" 1
}

@test "SIGHUP drains, SIGUSR1 tells the status, nohup holds" {
    prepare
    publish_posts 1 1
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" -- sh -c 'echo begun; sleep 1; echo done'
    wait_until lines_in consumer.out 1
    kill -USR1 "$spawned_pid"
    wait_until lines_in consumer.err 1
    assert_contains "$(<consumer.err)" "airy: $queue ($spawned_pid): running for "
    assert_contains "$(<consumer.err)" ' 0 handled, 0 failed'
    kill -HUP "$spawned_pid"
    ends_with 129
    assert_equal "$(xargs <consumer.out)" 'begun done'
    remains "$queue" 0

    spawn consumer nohup "$AIRY_BIN" consume '#' --queue "$queue" -- cat
    wait_until has_consumer
    kill -HUP "$spawned_pid"
    publish_posts 1 1
    wait_until grep -q post_id consumer.out
}

# is_gone GROUP: no process of the group runs; init may not have reaped all.
is_gone() { ! ps -e -o pgid=,stat= | awk -v group="$1" '$1 == group && $2 !~ /^Z/' | grep -q .; }

@test "SIGQUIT ends handlers with their groups at once, and their messages go back" {
    local handlers
    prepare
    start_four -- sh -c 'trap "" TERM INT; sleep 1000 & echo begun; wait'
    handlers=$(handlers_of "$spawned_pid")
    kill -QUIT "$spawned_pid"
    ends_with 131
    local pid
    for pid in $handlers; do wait_until is_gone "$pid"; done
    remains "$queue" 4
}

@test "starts that fail cost no message an attempt, and run no handler" {
    prepare --max-attempts 1
    publish_posts 1 5
    local port
    spawn taken python3 -c 'import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); print(s.getsockname()[1], flush=True); time.sleep(1000)'
    wait_until lines_in taken.out 1
    port=$(<taken.out)
    for _ in {1..22}; do
        run_airy consume '#' --queue "$queue" --metrics-listen "127.0.0.1:$port" -- touch ran
        assert_status 1
        assert_contains "$stderr" 'for metrics'
        run -1 bash -c 'ulimit -n 16; exec "$0" consume "#" --queue "$1" -- touch ran' "$AIRY_BIN" "$queue"
    done
    [[ ! -e ran ]]
    assert_equal "$(depth "$queue.dlq")" 0
    left_over >ids
    # No message was ever taken.
    assert_equal "$(jq -r .redelivered left.lines | sort -u)" false
    assert_equal "$(sort ids | xargs)" '1 2 3 4 5'
}

# A handler that cannot be started now, such as one that is being written, has not run.
@test "starts of the handler that fail cost no message an attempt" {
    prepare
    publish_posts 1 2
    printf '#!/bin/sh\ntouch ran\n' >busy
    chmod +x busy
    for _ in {1..24}; do
        run --separate-stderr bash -c 'exec 9>>busy; exec "$0" consume "#" --queue "$1" --until-empty -- ./busy' "$AIRY_BIN" "$queue"
        assert_status 1
        assert_contains "$stderr" 'Text file busy'
    done
    [[ ! -e ran ]]
    assert_equal "$(depth "$queue.dlq")" 0
    remains "$queue" 2
}

# The limit may be lower than the one that airy declares.
@test "orderly stops count for no message, whoever set a low delivery limit" {
    local lowered
    for lowered in argument policy; do
        if [[ $lowered == argument ]]; then
            airy queue declare --plain "$queue" --arg x-delivery-limit=3 --bind '#' --quiet
        else
            prepare
            api PUT "policies/%2F/$queue" -H 'content-type: application/json' -d "{\"pattern\":\"^$queue\$\",\"definition\":{\"delivery-limit\":3},\"apply-to\":\"queues\"}"
        fi
        publish_posts 1 2
        for _ in {1..6}; do
            spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --as-is --pool-size 1 --drain 1ms -- "${endless[@]}"
            wait_until lines_in consumer.out 1
            kill -TERM "$spawned_pid"
            ends_with 143
        done
        left_over >ids
        assert_equal "$(sort ids | xargs)" '1 2'
        if [[ $lowered == policy ]]; then api DELETE "policies/%2F/$queue"; fi
        airy queue delete "$queue" --with-dlq --yes --quiet
    done
}

@test "few open files: the error names the limit" {
    prepare
    publish_posts 1 1
    run --separate-stderr bash -c 'ulimit -n 48; exec "$0" consume "#" --queue "$1" -- touch ran' "$AIRY_BIN" "$queue"
    assert_status 1
    assert_short_error
    assert_contains "$stderr" 'this process may have 48 open files (ulimit -n)'
    remains "$queue" 1
}

@test "few processes: the error names the limit; some more are enough; SIGTERM ends it" {
    local group most
    group=$(mktemp -d /sys/fs/cgroup/pids/airy-test-XXXXXX 2>/dev/null) ||
        group=$(mktemp -d /sys/fs/cgroup/airy-test-XXXXXX 2>/dev/null) || skip 'no cgroup may be made here'
    [[ -e $group/pids.max ]] || {
        rmdir "$group"
        skip 'cgroups count no processes here'
    }
    prepare
    publish_posts 1 3
    for most in 1 2 3; do
        echo "$most" >"$group/pids.max"
        spawn few bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" \
            "$AIRY_BIN" consume '#' --queue "$queue" -- true
        ends_with 1
        assert_contains "$(<few.err)" "the cgroup allows $most processes and threads (pids.max)"
        remains "$queue" 3
        publish_posts 1 3
    done
    echo 12 >"$group/pids.max"
    spawn few bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" \
        "$AIRY_BIN" consume '#' --queue "$queue" --pool-size 50 -- "${endless[@]}"
    wait_until lines_in few.out 3
    kill -TERM "$spawned_pid"
    # shellcheck disable=SC2046
    kill -TERM $(handlers_of "$spawned_pid")
    ends_with 143
    rmdir "$group"
    remains "$queue" 3
}

@test "a busy consumer of long handlers holds no message that an idle one could run" {
    prepare
    publish_posts 1 6
    spawn busy "$AIRY_BIN" consume '#' --queue "$queue" --pool-size 1 -- "${endless[@]}"
    wait_until lines_in busy.out 1
    run_airy consume '#' --queue "$queue" --pool-size 1 --name idle --count 5 -- cat
    assert_status 0
    assert_equal "${#lines[@]}" 5
}

@test "the pool size of Airy's environment is capped for commands; --pool-size is obeyed" {
    prepare
    local most
    spawn consumer env GOROUTINE_POOL_SIZE=10000 "$AIRY_BIN" consume '#' --queue "$queue" -- true
    wait_until has_consumer
    most=$(airy pool show "$queue" --output json | jq .cap)
    ((most < 10000 && most >= 64 && most % 64 == 0))
    assert_contains "$(<consumer.err)" 'GOROUTINE_POOL_SIZE=10000'
    assert_contains "$(<consumer.err)" "pool_size=$most"
    kill -TERM "$spawned_pid"
    ends_with 143
    spawn consumer env GOROUTINE_POOL_SIZE=10000 "$AIRY_BIN" consume '#' --queue "$queue" --pool-size 2000 -- true
    wait_until has_consumer
    assert_equal "$(airy pool show "$queue" --output json | jq .cap)" 2000
    assert_equal "$(<consumer.err)" ''
}
