#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# Tests of the tests' own functions.

load helper

@test "a node's process is found at every moment, also while it executes another program" {
    # As for a node, the environment fits into a single read(2) of 4 KiB.
    # shellcheck disable=SC2016 # expanded by that shell
    spawn turncoat env -i PATH="$PATH" HOME="$PWD/home" bash -c 'echo >there; exec bash -c "$0" "$0"' \
        'exec bash -c "$0" "$0"'
    wait_until test -e there
    echo "$spawned_pid" >turncoat.pid
    # The functions find a process this way.
    eval "$(sed -n '/^pid_of() {/,/^}/p' "$BATS_TEST_DIRNAME/../support/rabbit")"
    local dir=$PWD
    for _ in $(seq 200); do pid_of turncoat; done
    kill -KILL "$spawned_pid"
    dir=/nowhere
    run pid_of turncoat
    assert_equal "$status" 1
}

@test "jq -e: empty input is no success" {
    run jq -e . </dev/null
    assert_equal "$status" 1
    run jq -e .a <<<'{"a":true}'
    assert_equal "$status" 0
    run jq -e .a <<<'{"a":false}'
    assert_equal "$status" 1
}
