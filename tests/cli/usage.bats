#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load helper

@test "--version says name and version on stdout" {
    run_airy --version
    assert_status 0
    [[ $output =~ ^airy\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
    assert_equal "$stderr" ''
}

@test "--help lists the commands, and each of them has its own help" {
    run_airy --help
    assert_status 0
    assert_equal "$stderr" ''
    names=$(sed -n '/^Commands/,/^$/s/^  \([a-z]\+\) .*/\1/p' <<<"$output")
    [[ -n $names ]]
    for name in $names; do
        run_airy "$name" --help
        assert_status 0
        assert_contains "$output" "airy $name"
        assert_contains "$output" '--quiet'
    done
}

@test "help COMMAND is COMMAND --help" {
    run_airy ping --help
    expected=$output
    run_airy help ping
    assert_status 0
    assert_equal "$output" "$expected"
}

@test "no command is wrong usage" {
    run_airy
    assert_status 2
    assert_short_error
    assert_equal "$output" ''
}

@test "an unknown command names the nearest" {
    run_airy pong
    assert_status 2
    assert_short_error
    assert_contains "$stderr" "'pong'"
    assert_contains "$stderr" "'ping'"
}

@test "an unknown subcommand: the error names it, the nearest and all others" {
    run_airy queue lss
    assert_status 2
    assert_short_error
    assert_contains "$stderr" "airy queue has no command 'lss'"
    assert_contains "$stderr" "did you mean 'ls'?"
    assert_contains "$stderr" 'ls, show, declare, bind, unbind, delete, purge'
    run_airy pool
    assert_status 2
    assert_contains "$stderr" 'airy pool needs a command'
    run_airy check nothing
    assert_status 3
    assert_contains "$stderr" "'nothing'"
}

@test "an unknown option names the nearest" {
    run_airy ping --quite
    assert_status 2
    assert_short_error
    assert_contains "$stderr" "'--quite'"
    assert_contains "$stderr" '--quiet'
}

@test "an unknown option with a terminal's escape in it is shown as printable text" {
    run_airy ping $'--\e[31mred'
    assert_status 2
    assert_short_error
    refute_contains "$stderr" $'\e'
}

@test "an unknown parameter of a URL names the nearest, a password in it is not shown" {
    run_airy ping --url 'amqp://u:secret@127.0.0.1:1/?hartbeat=5'
    assert_status 2
    assert_short_error
    assert_contains "$stderr" "there is no parameter 'hartbeat', did you mean 'heartbeat'?"
    run_airy ping --url 'amqps://127.0.0.1:1/?password=secret&cacertfile=ca.pem'
    assert_status 2
    assert_short_error
    refute_contains "$stderr" secret
    run_airy ping --url 'amqps://127.0.0.1:1/?cacertfile=ca.pem'
    assert_status 2
    assert_contains "$stderr" 'cacertfile is set by --cacert'
}

@test "a wrong duration names flag, value and the accepted form" {
    run_airy ping --connect-timeout 5parsecs
    assert_status 2
    assert_short_error
    assert_contains "$stderr" '--connect-timeout'
    assert_contains "$stderr" '5parsecs'
    assert_contains "$stderr" '250ms'
}

@test "a wrong choice names flag, value and the choices" {
    run_airy ping --output yaml
    assert_status 2
    assert_short_error
    assert_contains "$stderr" '--output'
    assert_contains "$stderr" 'yaml'
    assert_contains "$stderr" 'json'
}

@test "malformed numbers, or ones out of range, are reported in words" {
    for wrong in -1 abc 1.5 99999999999999999999; do
        run_airy tail '#' --count "$wrong"
        assert_status 2
        assert_short_error
        assert_contains "$stderr" "$wrong"
    done
    run_airy tail '#' --count 0
    assert_status 2
    assert_contains "$stderr" 'at least 1'
    run_airy publish post.deleted '{}' --priority 256
    assert_status 2
    assert_contains "$stderr" '0 to 255'
}

@test "an empty value is wrong usage, not the default" {
    for option in --url --password-file --cacert; do
        run_airy ping "$option" ''
        assert_status 2
        assert_short_error
        assert_contains "$stderr" "$option"
    done
    run_airy publish circle.left '{"circle_id":1,"user_id":2}' --exchange=
    assert_status 2
    assert_contains "$stderr" --exchange
}

@test "times that contradict each other are wrong usage" {
    for wrong in --heartbeat=100000s --connect-timeout=0s; do
        run_airy ping "$wrong"
        assert_status 2
        assert_contains "$stderr" "${wrong%=*}"
    done
    run_airy wait --timeout 0s
    assert_status 2
    assert_short_error
    # Its end would overflow.
    run_airy tail '#' --timeout 106751d
    assert_status 2
    assert_contains "$stderr" 36500d
}

@test "options of the broker may stand before the command" {
    run_airy --connect-timeout 5s --heartbeat 9s --url "$AIRY_URL" ping
    assert_status 0
}

@test "an option without a command is named" {
    run_airy --nope
    assert_status 2
    assert_contains "$stderr" --nope
}
