# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# `load consume` gives the files that test `airy consume` a work queue for each test, and functions
# to fill and read it.

setup() {
    airy_setup
    queue=$(fresh work)
}

teardown() {
    airy_teardown
    forget "$queue" queues
    forget "$queue.dlq" queues
    local name
    for name in $(api GET 'queues/%2F?columns=name' | jq -r '.[].name' | grep "^$queue.retry."); do
        forget "$name" queues
    done
}

# The queue, bound to everything, with its dead letters.
prepare() {
    airy consume '#' --queue "$queue" --until-empty "$@" -- true
}

# posts FIRST LAST: prints these events, one a line, with post_id counting.
posts() {
    seq "$1" "$2" | sed 's/.*/{"event_type":"post.published","post_id":&,"author_id":7,"title":"t"}/'
}

publish_posts() {
    posts "$1" "$2" | airy publish --quiet -
}

# For `sh -c`: adds the post_id of a message to `handled`. Where a thousand handlers run, the start of
# a jq in each would be most of their time.
# shellcheck disable=SC2016,SC2034 # for the handler's shell, in the files that load this
note_post_id='read -r body; id=${body#*\"post_id\":}; echo "${id%%[,\}]*}" >>handled'

# Takes the messages out of the queue, or another, and prints their post ids, one a line. The
# broker's own counts are as old as its last statistics.
left_over() {
    airy consume '#' --queue "${1-$queue}" --no-declare --until-empty --print >left.lines || return
    jq .body.post_id left.lines
}

# remains QUEUE N: exactly N messages are left in it.
remains() {
    left_over "$1" >left.ids || return
    assert_equal "$(wc -l <left.ids)" "$2"
}

lines_in() { [[ -f $1 && $(wc -l <"$1") -ge $2 ]]; }

has_consumer() { (($(airy queue ls "$queue" --output json | jq .consumers) > 0)); }

# close_connection_of PID: the first connection of this process to RabbitMQ, once it has one.
connection_port() {
    port=$(ss -tnpH | awk -v p="pid=$1," 'index($0, p) {sub(/.*:/, "", $4); print $4; exit}')
    [[ -n $port ]]
}
close_connection_of() {
    local port
    wait_until connection_port "$1"
    close_connection "127.0.0.1:$port -> 127.0.0.1:$AIRY_TEST_AMQP_PORT"
}

holds() { (($(depth "$queue") == $1)); }

# on_both FUNCTION [ARG...]: calls it for RabbitMQ and for the embedded broker, in a directory of its own each
# time.
on_both() {
    local url here=$PWD
    for url in "$AIRY_TEST_URL" sqlite:airy.db; do
        echo "on $url"
        export AIRY_URL=$url
        mkdir "${url%%:*}"
        cd "${url%%:*}" || return
        "$@" # a list such as `|| return` would keep its failed assertions from ending the test
        cd "$here" || return
    done
}

# service [PORT [CERTIFICATES]]: starts the web service; its address is in $service, its pid in $service_pid.
service() {
    rm -f port
    spawn service python3 "$BATS_TEST_DIRNAME/web_service.py" port requests "$@"
    service_pid=$spawned_pid
    wait_until test -s port
    service=http://127.0.0.1:$(<port)
}

# requested FILTER: what jq's filter prints for each request to the service, in their order.
requested() { jq -r "$1" requests; }

# killed_until_done MOST: kills children of the spawned consumer, at random and at most so many, until it
# has ended well; their number is in $kills. The first dies once a message was handled.
killed_until_done() {
    local consumer=$spawned_pid victims
    kills=0
    while kill -0 "$consumer" 2>/dev/null; do
        mapfile -t victims < <(ps -o pid= --ppid "$consumer")
        if ((kills < $1 && ${#victims[@]} > 0)) && [[ -s handled ]] && kill -KILL ${victims[RANDOM % ${#victims[@]}]} 2>/dev/null; then
            kills=$((kills + 1))
        fi
        sleep 0.15
    done
    ended "$consumer" 1
    ((kills > 2))
}

gone() { ! kill -0 "$1" 2>/dev/null; }
