#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# Three consumers that do not keep up, each for another reason: one screen must show an operator
# which and why, with right figures. AIRY_OPERATOR_MESSAGES, a multiple of 3, makes it a load.

load helper

setup() {
    airy_setup
    messages=${AIRY_OPERATOR_MESSAGES:-3000}
    q=o$RANDOM$RANDOM # short enough for a screen of 80 columns
    unset TMUX
}

teardown() {
    if [[ -S $PWD/tmux ]]; then tmux -S "$PWD/tmux" kill-server || true; fi
    airy_teardown
    local name
    for name in $(api GET queues/%2F | jq -r --arg q "$q." '.[].name | select(startswith($q))'); do
        forget "$name" queues
    done
}

# Each handler writes down its own exit status.
handlers() {
    cat >handler <<'HANDLER'
#!/bin/sh
read -r body
code=0
case $1 in
slow) sleep 0.3 ;;
hung) exec sleep 120 ;;
failing)
    sleep 0.05
    case $body in
    *0,\"author_id\"*) ;;
    *1,\"author_id\"*) code=65 ;;
    *) code=1 ;;
    esac
    # The screen shows the reason of the last failure, whichever it is.
    if [ $code != 0 ]; then echo "no route to index" >&2; fi
    ;;
esac
echo $code >>"exits.$1"
exit $code
HANDLER
    chmod +x handler
}

events() {
    awk -v n="$messages" 'BEGIN {
        type[0] = "post.updated"; type[1] = "post.deleted"; type[2] = "user.followed"
        form[0] = form[1] = "{\"event_type\":\"%s\",\"post_id\":%d,\"author_id\":1}\n"
        form[2] = "{\"event_type\":\"%s\",\"follower_id\":%d,\"following_id\":1}\n"
        for (i = 0; i < n; i++) printf form[i % 3], type[i % 3], i
    }'
}

consumer() { # NAME PATTERN SLOTS [OPTION...]
    local name=$1 pattern=$2 slots=$3
    shift 3
    spawn "$name" "$AIRY_BIN" consume "$pattern" --queue "$q.$name" --name "$name" --pool-size "$slots" \
        "$@" -- ./handler "$name"
    wait_until 20 pool_is "$name" '.state == "running"'
}
pool_is() {
    local json
    json=$(airy pool show "$1" --output json) && jq -e "$2" <<<"$json"
}
figure() { airy pool show "$1" --output json | jq ".$2"; }
trouble_is() { pool_is "$1" ".trouble // \"\" | startswith(\"$2\")"; }

screen() { tmux -S "$PWD/tmux" capture-pane -p; }
sees() {
    wait_until 20 eval "screen | grep -qE '$1'" || {
        screen | grep . >&2
        return 1
    }
}

exits() { grep -cx "$2" "exits.$1" || true; }
failures() { grep -cvx 0 "exits.$1" || true; }

# The broker acks as many as were handled or have a copy; its statistics come every five seconds.
acked_is() {
    (($(api GET "queues/%2F/$q.$1" | jq '.message_stats.ack // 0') == $2))
}

# The broker's own tool, airy, and the consumers agree about their queues, and nothing is missing:
# dead letters and messages that wait for a retry are kept.
figures_agree() {
    local name
    "$rabbit" ctl "$AIRY_TEST_NODE_DIR" list_queues -q name messages messages_ready messages_unacknowledged >broker
    airy stats --match "$q.*" --output json >stats
    for name in slow failing hung; do
        jq -se --arg name "$name" --arg q "$q.$name" --argjson left $((messages / 3 - $(figure "$name" handled))) \
            --argjson broker "$(awk -v q="$q.$name" 'index($1, q) == 1 {all += $2; ready += $3; unacked += $4}
                END {printf "[%d,%d,%d]", all, ready, unacked}' broker)" '
            (map(select(.kind == "pool" and .name == $name)) | .[0]) as $pool |
            map(select(.kind == "queue" and (.queue | startswith($q)))) as $queues |
            ($queues | map(.ready) | add) as $ready | ($queues | map(.unacked) | add) as $unacked |
            [$ready + $unacked, $ready, $unacked] == $broker and $broker[0] == $left and
            $unacked == $pool.in_flight' stats || return 1
    done
}

# A consumer of slow handlers takes no message ahead: for a moment, a slot of it is free.
screen_tells() {
    script -qec "stty cols 80 rows 24; $AIRY_BIN stats --match '$q.*'" typescript >/dev/null
    tr -d '\r' <typescript | grep -v '^Script' >lines
    grep -qE '^slow \([0-9]+\) slow: all 2 slots taken, a handler takes [0-9]+ms' lines &&
        grep -qE '^failing \([0-9]+\) failing: ([89][0-9]|100)% of .*last: .*no route to index' lines &&
        grep -qE '^hung \([0-9]+\) hung, or very slow: the oldest of 2 runs [0-9.m]+s, ' lines
}

@test "slow, failing and hung: one screen tells which is which and why; the figures are right" {
    handlers
    consumer slow post.updated 2
    consumer failing post.deleted 2 --max-attempts 3 --retry-delay 200ms
    consumer hung user.followed 2
    events | airy publish --quiet

    # A screen of stats: no more than its 24 lines of 80 columns.
    wait_until 30 trouble_is hung hung
    wait_until trouble_is slow slow
    wait_until trouble_is failing failing
    wait_until screen_tells
    cat lines
    (($(wc -l <lines) <= 24))
    longest=$(python3 -c 'print(max(len(line.rstrip("\n")) for line in open("lines", encoding="utf-8")))')
    ((longest <= 80))
    airy stats --output json | jq -se 'map(select(.kind == "pool") | .trouble) | all'

    # The same in top.
    tmux -S "$PWD/tmux" -f /dev/null new-session -d -x 80 -y 24 env TERM=screen "$AIRY_BIN" top --match "$q.*" 3>&-
    sees '^slow \([0-9]+\) slow: '
    sees '^failing \([0-9]+\) failing: .*no route to index'
    sees '^hung \([0-9]+\) hung, or very slow: '

    # At the end only the handlers that never end still run.
    airy pool pause slow --wait --quiet
    airy pool pause failing --wait --quiet
    assert_equal "$(figure slow handled)" "$(exits slow 0)"
    assert_equal "$(figure slow failed)" "$(failures slow)"
    assert_equal "$(figure failing handled)" "$(exits failing 0)"
    assert_equal "$(figure failing failed)" "$(failures failing)"
    assert_equal "$(($(figure failing retried) + $(figure failing dead_lettered)))" "$(failures failing)"
    assert_equal "$(figure hung handled)$(figure hung failed)" 00
    (($(exits failing 65) > 0 && $(exits failing 1) > 0 && $(exits failing 0) > 0))

    wait_until 30 acked_is slow "$(figure slow handled)"
    wait_until 30 acked_is failing "$(($(figure failing handled) + $(failures failing)))"
    wait_until 60 figures_agree || {
        cat broker stats
        return 1
    }
}
