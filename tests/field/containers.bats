#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load ../cli/helper
load ../cli/consume

setup() {
    airy_setup
    queue=$(fresh work)
    export AIRY_URL=sqlite:$PWD/airy.db
}

teardown() { airy_teardown; }

# Sets $namespace to the command that runs another one as process 1 of a PID namespace.
find_namespaces() {
    local user=()
    unshare --pid --fork true 2>/dev/null || user=(--map-root-user)
    unshare "${user[@]}" --pid --fork true || skip 'no PID namespaces here'
    namespace=(unshare "${user[@]}" --pid --fork --mount-proc --kill-child)
}

# as_process_1 NAME CMD...: spawns the command as process 1 of a PID namespace of its own; its pid out
# here is in $process_1.
as_process_1() {
    local name=$1
    shift
    find_namespaces
    spawn "$name" "${namespace[@]}" "$@"
    wait_until has_child "$spawned_pid"
    process_1=$(tr -d ' ' <"/proc/$spawned_pid/task/$spawned_pid/children")
    # From here on signals are passed on.
    wait_until has_child_or_ended "$process_1"
}
has_child() { grep -q . "/proc/$1/task/$1/children"; }
has_child_or_ended() { has_child "$1" || [[ ! -e /proc/$1 ]]; }

# A server that accepts nothing and answers nobody: its port is in $hanging.
hang() {
    spawn server python3 -c '
import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(64)
print(s.getsockname()[1], flush=True)
time.sleep(600)'
    wait_until test -s server.out
    hanging=$(<server.out)
}

# Whether a process, or the one child that it started, has connected to the server.
has_connected() {
    local pid
    for pid in "$1" $(<"/proc/$1/task/$1/children"); do
        ss -tnpH state established "dport = :$hanging" | grep -q "pid=$pid," && return
    done
    return 1
}

zombies_of() { ps -o stat= --ppid "$1" | grep -c ^Z || true; }
has_no_zombies() { (($(zombies_of "$1") == 0)); }

@test "process 1: commands that wait for a broker end by SIGTERM and by SIGINT" {
    hang
    export AIRY_MANAGEMENT_URL=http://127.0.0.1:$hanging
    local url=amqp://127.0.0.1:$hanging signal=TERM code=143 command words
    for command in ping 'publish post.deleted {"post_id":1,"author_id":2}' 'tail #' 'queue ls' 'queue declare q' 'dlq ls' demo \
        'stats queues' 'check broker' 'check flow' 'check queue q' 'consume # --queue q --print'; do
        read -ra words <<<"$command"
        as_process_1 held "$AIRY_BIN" "${words[@]}" --url "$url" --connect-timeout 60s
        wait_until has_connected "$process_1"
        kill "-$signal" "$process_1"
        status=0
        ended "$spawned_pid" 5 || status=$?
        echo "$command: $status after SIG$signal"
        assert_status "$code"
        if [[ $signal == TERM ]]; then signal=INT code=130; else signal=TERM code=143; fi
    done
}

@test "process 1: commands that need no broker end by SIGTERM and by SIGINT" {
    local signal command words
    mkfifo pipe
    for signal in TERM INT; do
        for command in 'bench pool --tasks 1000 --cap 1 --wait 1s' 'event validate pipe' \
            'wait --url amqp://127.0.0.1:1/'; do
            read -ra words <<<"$command"
            as_process_1 held "$AIRY_BIN" "${words[@]}"
            kill "-$signal" "$process_1"
            status=0
            ended "$spawned_pid" 5 || status=$?
            echo "$command: $status after SIG$signal"
            assert_status $((128 + $(kill -l "$signal")))
        done
    done
}

@test "process 1 passes signals on to a consumer, which drains, and tells its exit status" {
    as_process_1 consumer "$AIRY_BIN" consume '#' --queue "$queue" -- sh -c 'echo started; sleep 1; echo done'
    wait_until 20 consumer_has '.state == "running"'
    publish_posts 1 1
    wait_until grep -q started consumer.out
    kill -TERM "$process_1"
    status=0
    ended "$spawned_pid" 10 || status=$?
    assert_status 143
    grep -q 'done' consumer.out
    assert_equal "$(depth "$queue")" 0
    run "${namespace[@]}" "$AIRY_BIN" consume
    assert_status 2
}

@test "process 1 reaps what handlers leave behind, and takes no handler's exit status" {
    # The orphan of each message ends after its parent; two messages fail for good.
    # shellcheck disable=SC2016
    as_process_1 consumer "$AIRY_BIN" consume '#' --queue "$queue" --pool-size 8 -- sh -c '
        read -r body
        (trap "" TERM; sleep 0.1; echo gone >>orphans) >/dev/null 2>&1 &
        case $body in *"\"post_id\":7,"* | *"\"post_id\":9,"*) exit 65 ;; esac'
    wait_until 20 consumer_has '.state == "running"'
    publish_posts 1 40
    wait_until 20 lines_in orphans 40
    wait_until 20 consumer_has '.handled == 38 and .dead_lettered == 2 and .failed == 2'
    wait_until has_no_zombies "$process_1"
    kill -TERM "$process_1"
    status=0
    ended "$spawned_pid" 10 || status=$?
    assert_status 143
    assert_equal "$(airy dlq show "$queue" --output json | jq -s length)" 2
}

@test "consume --reap-orphans does the same anywhere, and ends with the process that it seems to be" {
    # shellcheck disable=SC2016
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --reap-orphans -- sh -c '
        (sleep 0.1; ps -o ppid= $$ >/dev/null; cut -d" " -f4 /proc/self/stat >>parents) >/dev/null 2>&1 & exit 0'
    wait_until 20 consumer_has '.state == "running"'
    publish_posts 1 5
    wait_until 20 lines_in parents 5
    wait_until has_no_zombies "$spawned_pid"
    local worker
    worker=$(tr -d ' ' <"/proc/$spawned_pid/task/$spawned_pid/children")
    assert_equal "$(airy stats pools --output json | jq .pid)" "$worker"
    kill -KILL "$spawned_pid"
    wait_until 10 test ! -e "/proc/$worker"
}

@test "the default number of slots follows the affinity and the CPU quota" {
    spawn narrow taskset -c "$(taskset -cp $$ | grep -oE '[0-9]+' | tail -1)" "$AIRY_BIN" consume '#' --queue "$queue" -- true
    wait_until 20 consumer_has '.cap == 4'
    kill -TERM "$spawned_pid"
    ended "$spawned_pid" 10 || true

    local group=/sys/fs/cgroup/cpu/airy-test-$$
    if ! mkdir "$group" 2>/dev/null; then skip 'no control group of CPU time can be made here'; fi
    echo 100000 >"$group/cpu.cfs_period_us"
    echo 50000 >"$group/cpu.cfs_quota_us"
    # shellcheck disable=SC2016
    spawn half sh -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' - "$group" "$AIRY_BIN" consume '#' --queue "$queue" -- true
    status=0
    wait_until 20 consumer_has '.cap == 4' || status=$?
    kill -KILL "$spawned_pid"
    ended "$spawned_pid" 10 || true
    wait_until rmdir "$group"
    assert_status 0
}

@test "consumers of two containers that share a directory see and steer each other's sockets" {
    as_process_1 first "$AIRY_BIN" consume '#' --queue "$queue" --name twin -- true
    local first=$spawned_pid inside=$process_1
    as_process_1 second "$AIRY_BIN" consume '#' --queue "$queue" --name twin -- true
    both_run() { (($(airy stats pools --output json | jq -s '[.[] | select(.state == "running")] | length') == 2)); }
    wait_until 20 both_run
    assert_equal "$(airy stats pools --output json | jq .pid | sort -u | wc -l)" 1
    run_airy pool show twin
    assert_status 2
    assert_short_error
    assert_contains "$stderr" '2 consumers have the pid'
    run_airy pool pause "$(echo "$XDG_RUNTIME_DIR"/airy/twin-*.sock | cut -d' ' -f1)"
    assert_status 0
    kill -TERM "$inside"
    ended "$first" 10 || true
    assert_equal "$(airy stats pools --output json | jq -s length)" 1
    assert_equal "$(find "$XDG_RUNTIME_DIR/airy" -name '*.sock' | wc -l)" 1
}

@test "a consumer with a directory of its own is not denied" {
    mkdir -m 700 private
    spawn hidden env "XDG_RUNTIME_DIR=$PWD/private" "$AIRY_BIN" consume '#' --queue "$queue" -- true
    wait_until 20 has_consumer
    run_airy stats pools
    assert_contains "$stderr" 'seen from here'
    refute_contains "$stderr" 'no consumer of this user runs'
    run_airy pool show "$queue"
    assert_status 7
    assert_contains "$stderr" 'may run unseen'
    run_airy check pool "$queue"
    assert_status 2
    assert_contains "$output" "no consumer '$queue' is seen from here"
}

@test "MQ_PORT as Kubernetes sets it gives host and port; any other text is named" {
    unset AIRY_URL
    hang
    MQ_PORT=tcp://127.0.0.1:$hanging run_airy ping --connect-timeout 100ms
    assert_status 3
    assert_contains "$stderr" "127.0.0.1:$hanging"
    MQ_PORT=tcp://10.96.0.11:5672/x run_airy ping
    assert_status 2
    assert_short_error
    assert_contains "$stderr" 'MQ_PORT'
    MQ_HOST=amqp://u:hunter2@h run_airy ping
    assert_status 2
    assert_contains "$stderr" 'MQ_HOST'
    refute_contains "$stderr" hunter2
}

@test "consume --metrics-listen takes :PORT, [::]:PORT and IPv6 addresses" {
    local port address
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    for address in ":$port" "[::]:$port" "[::1]:$port"; do
        spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --metrics-listen "$address" -- true
        if [[ $address == '[::1]'* ]]; then
            if [[ ! -s /proc/net/if_inet6 ]]; then continue; fi
            wait_until 20 curl -sf "http://[::1]:$port/readyz"
        else
            wait_until 20 curl -sf "http://127.0.0.1:$port/readyz"
        fi
        kill -TERM "$spawned_pid"
        ended "$spawned_pid" 10 || true
    done
}

@test "a service manager gets a status line, and signs of life for its watchdog" {
    service_manager
    spawn consumer env "NOTIFY_SOCKET=$PWD/notify" WATCHDOG_USEC=200000 "$AIRY_BIN" consume '#' --queue "$queue" -- true
    wait_until grep -qx READY=1 told
    grep -q '^STATUS=connecting to sqlite:' told
    publish_posts 1 3
    wait_until grep -q '^STATUS=running: 0 of [0-9]* slots busy, 3 handled$' told
    several_signs() { (($(grep -cx WATCHDOG=1 told) >= 5)); }
    wait_until several_signs
    kill -TERM "$spawned_pid"
    ended "$spawned_pid" 10 || true
    wait "$listener"
    # Of another process: no signs of life.
    grep -v WATCHDOG told >rest
    WATCHDOG_USEC=200000 WATCHDOG_PID=1 NOTIFY_SOCKET=$PWD/nobody timeout 5 "$AIRY_BIN" consume '#' --queue "$queue" --until-empty -- true
}
