#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# Completion: the answers of the binary, and their use by bash, zsh and fish on a terminal.

load helper

setup() {
    airy_setup
    mkdir bin home
    ln -s "$AIRY_BIN" bin/airy
    PATH=$PWD/bin:$PATH
    HOME=$PWD/home
    completions=$helper_root/completions
    unset TMUX
}

teardown() {
    if [[ -S $PWD/tmux ]]; then tmux -S "$PWD/tmux" kill-server || true; fi
    if [[ -n ${queue-} ]]; then forget "$queue" queues; fi
    airy_teardown
}

# The candidates for the words, without their descriptions.
candidates() { airy __complete -- "$@" | cut -f 1; }
has_candidate() { candidates "${@:2}" | grep -qxF -- "$1"; }
lacks_candidate() {
    has_candidate "$@" || return 0
    echo "offered: $1" >&2
    return 1
}

# A shell on a terminal of 100 columns: on_terminal CMD ARG...
on_terminal() {
    tmux -S "$PWD/tmux" -f /dev/null new-session -d -x 100 -y 30 env TERM=screen "$@" 3>&-
    wait_until screen_has '$'
}
screen_has() { tmux -S "$PWD/tmux" capture-pane -p | grep -qF -- "$1"; }
press() { tmux -S "$PWD/tmux" send-keys "$@"; }

# Types the words, presses Tab, and waits for the text that must then be on the screen.
completes_to() {
    press -l -- "$1"
    wait_until screen_has "$1"
    press Tab
    wait_until screen_has "$2" || {
        tmux -S "$PWD/tmux" capture-pane -p | grep . >&2
        return 1
    }
    wait_until asks_again
}
# A key is lost that comes before the shell asks again; and so is the Ctrl-C that ends a completion.
asks_again() {
    if [[ $(tmux -S "$PWD/tmux" capture-pane -p | grep . | tail -n 1) == '$' ]]; then return 0; fi
    press C-c
    return 1
}

in_bash() {
    cat >home/.bashrc <<'RC'
PS1='$ '
source <(airy completion bash)
RC
    on_terminal bash --rcfile "$HOME/.bashrc" -i
}

in_zsh() {
    cat >home/.zshrc <<'RC'
PS1='$ '
autoload -Uz compinit
compinit -u -D
source <(airy completion zsh)
RC
    on_terminal ZDOTDIR="$HOME" zsh -d -i
}

# fish answers the question itself: fish_candidates LINE
fish_candidates() {
    # shellcheck disable=SC2016 # fish's own
    fish --no-config -c 'airy completion fish | source; complete -C "$argv[1]"' "$1" 2>&1
}

declare_queue() {
    queue=$(fresh jobs)
    api PUT "queues/%2F/$queue" -H 'content-type: application/json' -d '{"durable":true}'
}

@test "the binary prints the scripts that are installed" {
    for shell in bash zsh fish; do
        airy completion "$shell" >printed
        cmp printed "$completions/airy.$shell"
    done
    bash -n "$completions/airy.bash"
    zsh -n "$completions/airy.zsh"
    fish -n "$completions/airy.fish"
}

@test "completion of another shell is wrong usage" {
    run_airy completion tcsh
    assert_status 2
    assert_short_error
    assert_contains "$stderr" tcsh
}

@test "commands: all of --help, each with its summary" {
    names=$(airy --help | sed -n '/^Commands/,/^$/s/^  \([a-z]\+\) .*/\1/p')
    [[ -n $names ]]
    for name in $names; do has_candidate "$name" "$name"; done
    lacks_candidate __complete ''
    assert_equal "$(airy __complete -- pin)" "$(airy --help | sed -n 's/^  ping *\(.*\)/ping\t\1/p')"
}

@test "options: every one of every command's --help" {
    for name in $(candidates ''); do
        [[ $name != help ]] || continue
        airy __complete -- "$name" -- | cut -f 1 >offered
        for option in $(airy "$name" --help | grep -oE '(^ +|,)--[a-z][a-z-]+' | grep -oE -- '--.*'); do
            grep -qxF -- "$option" offered || {
                echo "airy $name: $option is not offered" >&2
                return 1
            }
        done
    done
    has_candidate --if-empty queue delete --if
    has_candidate --url queue delete --u
}

@test "an option that is given is not offered again, a repeatable one is" {
    lacks_candidate --quiet ping --quiet --qu
    has_candidate --set publish post.published --set title=x --se
}

@test "values: choices, after a space and after =" {
    assert_equal "$(candidates ping --output '')" $'text\njson'
    assert_equal "$(candidates ping --output=j)" '--output=json'
    assert_equal "$(candidates completion z)" zsh
}

@test "queues: not those of one connection; for dlq those that have dead letters" {
    declare_queue
    airy queue declare "$(fresh bound)" --bind user.left --quiet # makes the exchange
    spawn tail "$AIRY_BIN" tail '#'
    wait_until own_queue
    has_candidate "$queue" queue show ''
    run ! grep -q '^amq.gen' <(candidates queue show '')
    lacks_candidate "$queue" dlq show ''
    airy queue declare "$queue.dlq" --plain --quiet
    has_candidate "$queue" dlq show ''
    lacks_candidate "$queue.dlq" dlq show ''
    has_candidate "$queue.dlq" dlq show --dlq ''
    has_candidate "$queue.dlq" wait ''
    forget "$queue.dlq" queues
}
own_queue() { api GET "exchanges/%2F/$AIRY_EXCHANGE/bindings/source" | jq -e 'length > 1'; }

@test "operands behind others: names of their kind, and no choice again; files of any name for one" {
    airy queue declare "${queue:=$(fresh work)}" --bind '#' --quiet
    spawn consumer "$AIRY_BIN" consume '#' --queue "$queue" --name "pool-$queue" -- sleep 60
    wait_until airy pool show "pool-$queue"
    has_candidate pools stats ''
    has_candidate "$queue" stats queues ''
    lacks_candidate pools stats queues ''
    lacks_candidate queues stats pools ''
    lacks_candidate "$queue" stats pools ''
    has_candidate "pool-$queue" stats pools ''
    airy __complete -- stats --report '' | grep -qF $'\tfiles'
    id=$(airy publish post.deleted --set post_id=1 --set author_id=2)
    wait_until has_candidate "$id" pool cancel "pool-$queue" ''
    lacks_candidate "$id" pool show "pool-$queue" ''
    # What no help shows has no effect: neither offered nor taken.
    lacks_candidate --exchange queue ls --ex
    has_candidate --exchange queue bind --ex
    has_candidate --quiet queue ls --q
    for command in ls "show $queue" "peek $queue"; do
        # shellcheck disable=SC2086 # words
        run_airy queue $command --exchange x
        assert_status 2
        assert_contains "$stderr" "has no option '--exchange'"
    done
}

@test "event types, patterns, and the fields of the type" {
    assert_equal "$(candidates publish post.pub)" post.published
    has_candidate 'post.*' tail post
    has_candidate '#' tail ''
    assert_equal "$(candidates event show user.reg)" user.registered
    has_candidate post_id= publish post.voted --set post
    has_candidate vote_type=up publish post.voted --set vote_type=
    lacks_candidate post_id= publish user.registered --set ''
    airy __complete -- publish post.voted --set post | grep -qx $'\tnospace'
}

@test "live queue names, from the broker that the line names" {
    declare_queue
    wait_until has_candidate "$queue" queue purge "${queue:0:10}"
    has_candidate "$queue" queue delete other "$queue"
    has_candidate "$queue" queue move ''
    has_candidate "$queue" queue move other ''
    unset AIRY_URL AIRY_MANAGEMENT_URL
    has_candidate "$queue" queue purge --url "$AIRY_TEST_URL" \
        --management-url "$AIRY_TEST_MANAGEMENT_URL" "$queue"
}

@test "no broker: no names, no message, no wait" {
    export AIRY_URL=amqp://guest:guest@127.0.0.1:1/ AIRY_MANAGEMENT_URL=http://127.0.0.1:1
    run_airy __complete -- queue purge ''
    assert_status 0
    assert_equal "$output$stderr" ''
}

@test "a broker that hangs does not hang the shell" {
    spawn silent python3 -c '
import socket, time
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
time.sleep(60)'
    wait_until test -s silent.out
    read -r port <silent.out
    export AIRY_MANAGEMENT_URL=http://127.0.0.1:$port
    AIRY_RUN_SECONDS=5 run_airy __complete -- queue purge ''
    assert_status 0
    assert_equal "$output$stderr" ''
}

@test "nonsense on the line is no error" {
    for words in 'nosuch ' '-- --' 'ping --nosuch= ' 'queue nosuch -' '--url'; do
        # shellcheck disable=SC2086 # words
        run_airy __complete -- $words
        assert_status 0
        assert_equal "$stderr" ''
    done
    run_airy __complete
    assert_status 0
}

@test "behind -- a consumer's command is completed by the shell" {
    assert_equal "$(airy __complete -- consume '#' --queue q -- ca)" $'\tcommand'
    assert_equal "$(airy __complete -- consume '#' --queue q -- cat x)" $'\tfiles'
}

@test "bash: commands, event types, fields, choices behind =, files" {
    in_bash
    completes_to 'airy pub' 'airy publish'
    completes_to 'airy publish post.pub' 'airy publish post.published'
    completes_to 'airy publish user.registered --set usern' 'username='
    completes_to 'airy ping --output=j' 'airy ping --output=json'
    touch certificate.pem
    completes_to 'airy ping --cacert certif' 'airy ping --cacert certificate.pem'
    completes_to 'airy event s' 'airy event show'
}

@test "bash: live queue names" {
    declare_queue
    in_bash
    completes_to "airy queue purge ${queue%?????}" "airy queue purge $queue"
}

@test "zsh: commands, event types, choices behind =, files" {
    in_zsh
    completes_to 'airy pub' 'airy publish'
    completes_to 'airy publish post.pub' 'airy publish post.published'
    completes_to 'airy ping --output=j' 'airy ping --output=json'
    touch certificate.pem
    completes_to 'airy ping --cacert certif' 'airy ping --cacert certificate.pem'
    completes_to 'airy event s' 'airy event show'
}

@test "zsh: fields of --set, without a space behind =" {
    in_zsh
    press -l -- 'airy publish post.voted --set '
    wait_until screen_has '--set'
    press Tab
    wait_until screen_has 'voter_id='
    run ! screen_has ' -J'
    press C-c
    wait_until asks_again
    completes_to 'airy publish post.voted --set voter' 'voter_id='
}

@test "zsh: as a function of \$fpath" {
    mkdir functions
    cp "$completions/airy.zsh" functions/_airy
    cat >home/.zshrc <<RC
PS1='$ '
fpath=($PWD/functions \$fpath)
autoload -Uz compinit
compinit -u -D
RC
    on_terminal ZDOTDIR="$HOME" zsh -d -i
    completes_to 'airy pub' 'airy publish'
    completes_to 'airy pub' 'airy publish'
}

@test "zsh: live queue names" {
    declare_queue
    in_zsh
    completes_to "airy queue purge ${queue%?????}" "airy queue purge $queue"
}

@test "fish: commands, options, event types, choices behind =, files" {
    assert_contains "$(fish_candidates 'airy pub')" $'publish\tpublish one event'
    assert_contains "$(fish_candidates 'airy ping --out')" --output
    assert_contains "$(fish_candidates 'airy publish post.pub')" post.published
    assert_contains "$(fish_candidates 'airy publish post.voted --set vote_type=')" vote_type=down
    assert_contains "$(fish_candidates 'airy ping --output=j')" --output=json
    touch certificate.pem
    assert_contains "$(fish_candidates 'airy ping --cacert certif')" certificate.pem
    refute_contains "$(fish_candidates 'airy ping ')" certificate.pem
}

@test "fish: live queue names" {
    declare_queue
    assert_contains "$(fish_candidates "airy queue purge ${queue:0:8}")" "$queue"
}
