# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# `load helper` gives a file these functions, a broker and an exchange of its own for each test.
# scripts/test lends one broker to all files; a file that runs alone starts its own.
# A file with a setup or teardown of its own calls airy_setup or airy_teardown in it.
bats_require_minimum_version 1.5.0

helper_root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
AIRY_BIN=${AIRY_BIN:-$helper_root/build/tools/airy}
rabbit=$helper_root/tests/support/rabbit

setup_file() {
    if [[ -z ${AIRY_TEST_URL-} ]]; then
        "$rabbit" start "$BATS_FILE_TMPDIR/rabbit" --tls --owner $$
        # shellcheck source=/dev/null
        . "$BATS_FILE_TMPDIR/rabbit/env"
    fi
}

teardown_file() {
    if [[ -d $BATS_FILE_TMPDIR/rabbit ]]; then "$rabbit" stop "$BATS_FILE_TMPDIR/rabbit" --now; fi
}

airy_setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    test_id=$(basename "$BATS_TEST_FILENAME" .bats)-$BATS_TEST_NUMBER-$RANDOM$RANDOM
    export AIRY_URL=$AIRY_TEST_URL AIRY_MANAGEMENT_URL=$AIRY_TEST_MANAGEMENT_URL
    export AIRY_EXCHANGE=airy.test.$test_id
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/runtime
    mkdir -m 700 "$XDG_RUNTIME_DIR"
    # The form that amqp-tools need: to them a last slash names the virtual host ''.
    peer_url=${AIRY_URL%/}
    spawned=()
}

airy_teardown() {
    local pid
    for pid in "${spawned[@]}"; do kill -KILL -- "-$pid" 2>/dev/null || true; done
    forget "$AIRY_EXCHANGE" exchanges
}

setup() { airy_setup; }
teardown() { airy_teardown; }

airy() { "$AIRY_BIN" "$@"; }

# Runs airy with a time limit: $status, $output (stdout), $stderr, $lines, $stderr_lines.
run_airy() { run --separate-stderr timeout -k 5 "${AIRY_RUN_SECONDS:-30}" "$AIRY_BIN" "$@"; }

# jq -e takes empty input for success; this one fails.
jq() {
    local out status=0
    if [[ $1 != -e* ]]; then
        command jq "$@"
        return
    fi
    out=$(command jq "$@") || status=$?
    printf '%s\n' "$out"
    ((status == 0)) && [[ -n $out ]]
}

# A name that no other test uses: fresh queue
fresh() { printf '%s.%s' "$1" "$test_id"; }

# Tries a command until it succeeds: wait_until [SECONDS] CMD ARG... (10 s)
wait_until() {
    local seconds=10 deadline
    if [[ $1 =~ ^[0-9]+$ ]]; then
        seconds=$1
        shift
    fi
    deadline=$((SECONDS + seconds))
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS >= deadline)); then
            echo "not within $seconds s: $*" >&2
            return 1
        fi
        sleep 0.05
    done
}

# spawn NAME CMD ARG...: runs it in the background, with NAME.out and NAME.err; its pid is in
# $spawned_pid. It has a process group of its own, does not ignore SIGINT, and ends with the test.
spawn() {
    local name=$1
    shift
    setsid env --default-signal=INT,QUIT,PIPE "$@" </dev/null >"$name.out" 2>"$name.err" 3>&- &
    spawned_pid=$!
    spawned+=("$spawned_pid")
}

# service_manager: listens on the socket `notify`, and writes what it is told to `told`, until it is
# told of the end. Its pid is in $listener.
service_manager() {
    python3 - notify <<'PY' &
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(30)
open("bound", "w").close()
with open("told", "w") as told:
    state = ""
    while state != "STOPPING=1":
        state = s.recv(1000).decode()
        told.write(state + "\n")
        told.flush()
PY
    listener=$!
    wait_until test -e bound
}

# is_full FIFO: no page fits into it any more. This function writes blanks into it if one does.
is_full() { ! printf '%4096s' '' | dd of="$1" bs=4096 iflag=fullblock oflag=nonblock conv=nocreat,notrunc status=none; }

# ended PID SECONDS: waits for a spawned process and returns its exit status; 124 while it runs.
ended() {
    local deadline=$((SECONDS + $2))
    while kill -0 "$1" 2>/dev/null; do
        if ((SECONDS >= deadline)); then return 124; fi
        sleep 0.05
    done
    wait "$1"
}

# api METHOD PATH [ARG...]: the management API; %2F is the virtual host.
api() {
    local method=$1 path=$2
    shift 2
    curl -sf -u guest:guest -X "$method" "$AIRY_TEST_MANAGEMENT_URL/api/$path" "$@"
}

# close_connection NAME: closes it by the management API, since rabbitmqctl needs seconds. The
# management API knows a connection within its collect_statistics_interval.
close_connection() { wait_until api DELETE "connections/$(jq -rn --arg name "$1" '$name | @uri')"; }

# forget NAME queues|exchanges: deletes it if it exists.
forget() { api DELETE "$2/%2F/$1" || true; }

# The number of ready messages in a queue, by passive declare: the numbers of rabbitmqctl for a
# quorum queue may be seconds old.
depth() { airy queue ls "$1" --output json | jq .ready; }

# Takes the messages out of the queue and prints them as message lines.
drained() { airy consume '#' --queue "$1" --no-declare --until-empty --print; }

# events N: valid events, one a line, with post_id from 1 on.
events() { seq "$1" | sed 's/.*/{"event_type":"post.published","post_id":&,"author_id":7,"title":"t"}/'; }

# consumer_has CONDITION: tests the row of $queue's consumer in `airy stats pools` with a jq
# condition.
consumer_has() {
    airy stats pools --output json | jq -e --arg queue "$queue" "select(.queue == \$queue) | $1"
}

# bindings_of QUEUE N: true when the queue has N bindings beside the default one.
has_bindings() {
    local count
    count=$(api GET "queues/%2F/$1/bindings" | jq '[.[] | select(.source != "")] | length') && ((count == $2))
}

# The form of an error: at most three lines on stderr, the first `airy: …`, no password.
assert_short_error() {
    ((${#stderr_lines[@]} >= 1 && ${#stderr_lines[@]} <= 3)) || {
        echo "stderr has ${#stderr_lines[@]} lines: $stderr" >&2
        return 1
    }
    [[ ${stderr_lines[0]} == airy:* ]] || {
        echo "stderr does not begin with airy: $stderr" >&2
        return 1
    }
}

# assert_equal ACTUAL EXPECTED
assert_equal() {
    [[ $1 == "$2" ]] || {
        printf 'is:     %q\nshould: %q\n' "$1" "$2" >&2
        return 1
    }
}

# assert_status N: checks run's status; prints all of its output when it differs.
assert_status() {
    ((status == $1)) || {
        printf 'exit status %s, not %s\nstdout: %s\nstderr: %s\n' "$status" "$1" "$output" "$stderr" >&2
        return 1
    }
}

# assert_contains TEXT PART
assert_contains() {
    [[ $1 == *"$2"* ]] || {
        printf 'no %q in: %s\n' "$2" "$1" >&2
        return 1
    }
}

refute_contains() {
    [[ $1 != *"$2"* ]] || {
        printf '%q is in: %s\n' "$2" "$1" >&2
        return 1
    }
}
