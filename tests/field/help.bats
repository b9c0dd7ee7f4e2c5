#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# --help on terminals of any width; options with their former spellings.

load ../cli/helper

# help_at COLUMNS COMMAND...: --help on a terminal.
help_at() {
    local columns=$1
    shift
    script -qec "stty cols $columns; $AIRY_BIN $* --help" typescript >/dev/null
    sed '1d;$d' typescript | tr -d '\r' >help
}

@test "--help wraps at the terminal's width" {
    for columns in 60 80 120; do
        for command in consume publish 'queue declare' 'dlq requeue' 'check flow' queue; do
            help_at "$columns" "$command"
            widest=$(wc -L <help)
            ((widest <= columns)) || {
                echo "airy $command --help: $widest of $columns columns" >&2
                return 1
            }
        done
    done
    widest=$(airy --help | wc -L)
    ((widest <= 80))
    # Not into a pipe: a program wants a line for each option.
    run_airy consume --help
    assert_contains "$output" 'messages handled at once [GOROUTINE_POOL_SIZE, else 4 x cores; --print: 1, which keeps the order]'
}

@test "the usage line holds what is needed, and a command's own options come first" {
    run_airy consume --help
    assert_contains "$output" 'Usage: airy consume PATTERN… --queue QUEUE [OPTION…] -- CMD ARG…'
    groups=$(grep -E '^[A-Z][a-z ]*:$' <<<"$output" | xargs)
    assert_equal "$groups" 'Operands: Options: Queue: Batches: Order: Failures: Replies: When to stop: Broker: On every command:'
    run_airy queue move --help
    assert_contains "$output" 'Usage: airy queue move FROM TO [OPTION…]'
    assert_contains "$output" 'On every command:'
    run_airy queue --help
    assert_contains "$output" 'Usage: airy queue SUBCOMMAND [OPTION…]'
    run_airy stats --help
    assert_contains "$output" 'Usage: airy stats [pools|queues] [QUEUE…] [OPTION…]'
}

@test "former spellings work, and no help shows them" {
    queue=$(fresh old)
    airy queue declare "$queue" --bind post.deleted --quiet
    run_airy tail '#' --timeout 100ms --quiet
    assert_status 0
    run_airy queue peek "$queue" --limit 3
    assert_status 0
    run_airy dlq show "$queue" --limit 3
    assert_status 0
    run_airy consume '#' --queue "$queue.2" --queue-type classic --until-empty --print
    assert_status 0
    airy queue delete "$queue" "$queue.2" --with-dlq --yes --quiet
    for pair in 'tail --timeout' 'wait --timeout' 'pool drain --timeout' 'queue peek --limit' 'queue move --limit' \
        'dlq show --limit' 'dlq requeue --limit' 'consume --queue-type' 'wait --queue'; do
        # shellcheck disable=SC2086 # words
        run_airy ${pair% *} --help
        refute_contains "$output" " ${pair##* }"
    done
    run ! grep -q . <(airy __complete -- tail '#' --timeo)
}
