#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# airy top on a terminal of tmux: its screen, its keys, and that it leaves no trace.

load helper

setup() {
    airy_setup
    queue=$(fresh q)
    unset TMUX
}

teardown() {
    if [[ -S $PWD/tmux ]]; then tmux -S "$PWD/tmux" kill-server || true; fi
    for pid in "${spawned[@]}"; do kill -CONT -- "-$pid" 2>/dev/null || true; done
    airy_teardown
    forget "$queue" queues
    forget "$queue.dlq" queues
}

consumer() {
    spawn worker "$AIRY_BIN" consume '#' --queue "$queue" --name worker --pool-size 4 -- "$@"
    wait_until 20 pool_is '.state == "running"'
}
pool_is() {
    local json
    json=$(airy pool show worker --output json) && jq -e "$1" <<<"$json"
}
event() { airy publish post.deleted --set "post_id=$1" --set author_id=2 --quiet; }

on_tmux() { tmux -S "$PWD/${tmux_socket:-tmux}" "$@"; }
screen() { on_tmux capture-pane -p; }
screen_has() { screen | grep -qF -- "$1"; }
screen_lacks() { ! screen_has "$1"; }
press() { on_tmux send-keys "$@"; }
sees() {
    wait_until screen_has "$1" || {
        screen | grep . >&2
        return 1
    }
}

# A shell that runs top once and records the terminal's state before and after: top_on COLUMNS ROWS
# [ARG...]
top_on() {
    local columns=$1 rows=$2
    shift 2
    cat >run-top <<'RUN'
stty -g >before
echo $$ >shell
"$@"
echo $? >code
stty -g >after
echo back again
exec cat
RUN
    on_tmux -f /dev/null new-session -d -x "$columns" -y "$rows" \
        env TERM="${top_term:-screen}" bash run-top "$AIRY_BIN" top "$@" 3>&-
}
top_pid() { pgrep -P "$(<shell)"; }

# top has ended with this code, and the terminal is as before: left_with CODE
left_with() {
    wait_until test -s after
    assert_equal "$(<code)" "$1"
    cmp before after
    sees 'back again'
    screen_lacks 'airy top  '
    assert_equal "$(on_tmux display-message -p '#{alternate_on} #{cursor_flag}')" '0 1'
}

@test "top: pools and queues, with figures that change" {
    consumer cat
    top_on 120 30
    sees 'airy top'
    sees worker
    sees "${queue:0:12}"
    event 5
    wait_until 20 pool_is '.handled == 1'
    sees '▁█'
    press q
    left_with 0
}

@test "top: keys pause, resume and resize a consumer" {
    consumer cat
    top_on 100 30
    sees worker
    press p
    wait_until pool_is '.state == "paused"'
    sees paused
    press u
    wait_until pool_is '.state == "running"'
    press + + + -
    wait_until pool_is '.cap == 6'
    press q
    left_with 0
}

@test "top: drain asks first" {
    consumer cat
    top_on 100 30
    sees worker
    press d
    sees 'y/n'
    press n
    sees 'not drained'
    pool_is '.state == "running"'
    press d
    sees 'y/n'
    press y
    code=0
    ended "$spawned_pid" 20 || code=$?
    assert_equal "$code" 0
    sees 'no consumer'
    press q
    left_with 0
}

@test "top: one consumer: running handlers, failures and times" {
    consumer sh -c 'read -r body; case $body in *\"post_id\":7,*) echo "cannot do 7" >&2; exit 65 ;;
        *\"post_id\":8,*) exec sleep 60 ;; esac'
    for id in 5 7 8; do event "$id"; done
    wait_until 20 pool_is '.handled == 1 and .failed == 1 and .running == 1'
    top_on 110 40
    sees worker
    press Enter
    sees 'Running: 1'
    sees 'cannot do 7'
    sees 'Handler times: p50'
    sees '██'
    press Escape
    sees 'pools/queues'
    press q
    left_with 0
}

@test "top: sorts by the chosen column" {
    airy queue declare --plain "$queue" --bind '#'
    event 5
    top_on 100 30 --match "$queue"
    sees 'queue▲'
    press Tab
    press '>'
    sees 'type▲'
    press '>'
    sees 'ready▼'
    press r
    sees 'ready▲'
    press '<' '<'
    sees 'queue▲'
    press q
    left_with 0
}

@test "top: follows the size of the terminal" {
    consumer cat
    top_on 100 30
    sees 'Tab pools/queues'
    on_tmux resize-window -x 40 -y 10
    wait_until screen_lacks 'Tab pools/queues'
    sees worker
    sees '? help'
    on_tmux resize-window -x 200 -y 60
    sees 'redlv/s'
    press '?'
    sees 'draw the screen anew'
    press q q
    left_with 0
}

@test "top: Ctrl-Z gives the terminal back as it was, and fg brings the screen, at the size it has then" {
    consumer cat
    on_tmux -f /dev/null new-session -d -x 100 -y 30 env TERM=screen PS1='shell> ' \
        bash --norc --noprofile -i 3>&-
    sees 'shell>'
    press "stty -g >before; clear; $AIRY_BIN top" Enter
    sees 'Tab pools/queues'
    press C-z
    sees 'Stopped'
    assert_equal "$(on_tmux display-message -p '#{alternate_on} #{cursor_flag}')" '0 1'
    press 'stty -g >during' Enter
    wait_until test -s during
    cmp before during
    event 5
    wait_until 20 pool_is '.handled == 1'
    on_tmux resize-window -x 60 -y 12
    press 'fg' Enter
    sees '? help'
    screen_lacks 'Tab pools/queues'
    screen_lacks 'Stopped'
    assert_equal "$(on_tmux display-message -p '#{alternate_on}')" 1
    press p
    wait_until pool_is '.state == "paused"'
    sees paused
    press q
    sees 'shell>'
    press 'stty -g >after' Enter
    wait_until test -s after
    cmp before after
}

@test "top: fg after SIGSTOP, which cannot be caught, brings back the screen and its keys" {
    consumer cat
    on_tmux -f /dev/null new-session -d -x 100 -y 30 env TERM=screen PS1='shell> ' \
        bash --norc --noprofile -i 3>&-
    sees 'shell>'
    press "stty -g >before; clear; echo \$\$ >shell; $AIRY_BIN top" Enter
    sees 'Tab pools/queues'
    kill -STOP "$(top_pid)"
    sees 'Stopped'
    press 'fg' Enter
    wait_until screen_lacks 'Stopped'
    sees 'Tab pools/queues'
    screen_lacks 'shell>'
    assert_equal "$(on_tmux display-message -p '#{alternate_on} #{cursor_flag}')" '1 0'
    press p # without Enter
    wait_until pool_is '.state == "paused"'
    press q
    sees 'shell>'
    press 'stty -g >after' Enter
    wait_until test -s after
    cmp before after
}

@test "top: a stopped consumer is shown as such, and the keys and the others still work" {
    consumer cat
    kill -STOP "$spawned_pid"
    spawn yonder "$AIRY_BIN" consume '#' --queue "$queue" --name yonder --pool-size 3 -- cat
    wait_until 20 yonder_is '.state == "running"'
    top_on 100 30
    sees 'not answering: stopped'
    press p
    sees 'does not answer'
    wait_until eval 'screen | grep -q "yonder.*running"'
    airy pool pause yonder --quiet
    wait_until eval 'screen | grep -q "yonder.*paused"'
    on_tmux resize-window -x 80 -y 24
    sees 'not answering: stopped'
    press q
    left_with 0
}
yonder_is() {
    local json
    json=$(airy pool show yonder --output json) && jq -e "$1" <<<"$json"
}

@test "top: without a broker consumers are shown, and a note tells what is missing" {
    consumer cat
    top_on 100 30 --url amqp://guest:guest@127.0.0.1:1/ --management-url http://127.0.0.1:1
    sees worker
    sees refused
    press q
    left_with 0
}

@test "top: a broker that hangs delays neither the keys nor the end" {
    spawn silent python3 -c '
import socket, time
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
time.sleep(60)'
    wait_until test -s silent.out
    read -r port <silent.out
    top_on 100 30 --url "amqp://guest:guest@127.0.0.1:$port/" --management-url "http://127.0.0.1:$port"
    sees 'no consumer'
    press q
    left_with 0
}

@test "top: signals leave the terminal as it was" {
    local signal
    for signal in TERM:143 INT:130 HUP:129 QUIT:131 ABRT:134; do
        rm -f before after code shell
        # A server that is ending takes a new client's session along.
        local tmux_socket=tmux-$signal
        top_on 80 24
        sees 'airy top'
        kill -"${signal%:*}" "$(top_pid)"
        left_with "${signal#*:}"
        on_tmux kill-server
    done
}

@test "top: Ctrl-C ends it" {
    top_on 80 24
    sees 'airy top'
    press C-c
    left_with 130
}

@test "top: ASCII letters where the locale has no blocks" {
    consumer cat
    LC_ALL=C top_on 120 30
    sees 'name^'
    sees '_'
    screen_lacks '▁'
    press q
    left_with 0
}

@test "top: NO_COLOR and --no-color leave the colours out" {
    consumer cat
    airy pool pause worker --quiet
    top_term=screen-256color top_on 100 30
    sees paused
    on_tmux capture-pane -e -p | grep -q $'\e\[33m'
    press q
    left_with 0
    on_tmux kill-server
    rm -f before after code
    top_term=screen-256color top_on 100 30 --no-color
    sees paused
    assert_equal "$(on_tmux capture-pane -e -p | grep -c $'\e\[3[0-7]m')" 0
    press q
    left_with 0
}

@test "top: a terminal that cannot place its cursor gets a hint to another command" {
    local type
    for type in dumb no-such-terminal; do
        top_term=$type top_on 80 24
        wait_until test -s after
        assert_equal "$(<code)" 1
        sees 'stats --watch'
        cmp before after
        on_tmux kill-server
        rm -f before after code
    done
}

@test "top: no terminal, or json: stats --watch" {
    consumer cat
    spawn plain "$AIRY_BIN" top
    wait_until grep -q worker plain.out
    wait_until grep -qF "$queue" plain.out
    kill -TERM "$spawned_pid"
    code=0
    ended "$spawned_pid" 10 || code=$?
    assert_equal "$code" 143
    refute_contains "$(<plain.out)" $'\e'
    spawn json "$AIRY_BIN" top --output json --match "$queue"
    wait_until eval '[[ $(jq -r .kind json.out | sort | uniq -d | tr "\n" " ") == "pool queue " ]]'
    kill -INT "$spawned_pid"
    code=0
    ended "$spawned_pid" 10 || code=$?
    assert_equal "$code" 130
}
