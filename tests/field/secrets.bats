#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load ../cli/helper

setup() {
    airy_setup
    user=$(fresh user)
    word='p@s/w%d?#'
    encoded='p%40s%2Fw%25d%3F%23'
}

teardown() {
    api DELETE "users/$user" || true
    airy_teardown
}

# make_user: a user of that name and password, who may do all.
make_user() {
    api PUT "users/$user" -d "$(jq -n --arg word "$word" '{password: $word, tags: ""}')"
    api PUT "permissions/%2F/$user" -d '{"configure":".*","write":".*","read":".*"}'
}

# The words of the password in the URL are S3cr3t and hunter2.
refute_secret() {
    refute_contains "$output$stderr" S3cr3t
    refute_contains "$output$stderr" hunter2
}

@test "a URL with a bare / ? # or @ in its password is refused before any name is looked up, and shows none of it" {
    local at=127.0.0.1:$AIRY_TEST_AMQP_PORT
    for url in "amqp://weird:S3cr3t/x@$at" "amqp://weird:S3cr3t?hunter2@$at" "amqp://weird:5672/S3cr3t@$at" \
        "amqp://weird:/S3cr3t@$at" "amqp://weird:x@S3cr3t/hunter2@$at" "amqp://weird:S3cr3t/a?b=hunter2@$at" \
        "amqp://weird:S3cr3t" "amqp://weird:S3cr3t/vhost" "amqp://weird:x@$at/?password=S3cr3t@hunter2" \
        "amqp://weird:x@$at/?password=S3cr3t" "amqp://weird:x@$at/?foo=S3cr3t&hunter2" \
        "mqtt://weird:S3cr3t@$at?token=hunter2" "weird:S3cr3t@$at://x" "amqp:weird:S3cr3t@$at" \
        "sqlite:a.db?key=S3cr3t" "sqlite:a.db?S3cr3t"; do
        run_airy ping --url "$url"
        assert_status 2
        assert_short_error
        refute_secret
        AIRY_URL=$url run_airy publish --verbose post.deleted '{"post_id":1,"author_id":2}'
        assert_status 2
        refute_secret
    done
}

@test "a # in a password is part of it, and the login is refused without showing it" {
    run_airy ping --url "amqp://guest:S3cr3t#hunter2@127.0.0.1:$AIRY_TEST_AMQP_PORT/"
    assert_status 3
    refute_secret
}

@test "a management URL with a bare / or ? in its password shows none of it" {
    for login in weird:S3cr3t/x weird:S3cr3t?hunter2 weird:80/S3cr3t 'weird:S3cr3t#hunter2'; do
        run_airy queue ls --management-url "http://$login@127.0.0.1:1"
        assert_status 2
        assert_short_error
        refute_secret
    done
}

@test "a URL in the wrong place of the command line shows no password" {
    local url=amqp://weird:S3cr3t@127.0.0.1
    run_airy ping "$url"
    assert_status 2
    refute_secret
    run_airy "$url"
    assert_status 2
    refute_secret
    run_airy queue "$url"
    assert_status 2
    refute_secret
    run_airy ping "--ur=$url"
    assert_status 2
    refute_secret
}

@test "no operand and no value of an option shows the password of a URL in it" {
    local url=amqp://weird:S3cr3t@127.0.0.1
    for command in "publish $url" "publish post.deleted $url" "tail $url" "tail # --where $url" "queue ls $url" \
        "queue show $url" "queue ls --match $url" "queue delete $url" "event show $url" "event ls --match $url" \
        "event validate $url" "pool show $url" "check pool $url" "check queue $url --output json" \
        "ping --password-file $url" "ping --cacert $url" "ping --env-file $url" "ping --url sqlite://weird:S3cr3t@host/x" \
        "consume # --queue $url --no-declare --print" "consume # --queue q --on-dead-letter $url -- cat" \
        "consume # --queue q -- $url" "publish x --custom --set a=$url --exchange $url" "publish --header x:$url=1" \
        "stats queues $url" "dlq show $url" "queue move $url b --yes" "queue purge --match $url" \
        "ping --connect-timeout $url" "queue declare q --arg $url" "tail # --exchange $url --for 1s"; do
        # shellcheck disable=SC2086 # words
        run_airy $command
        refute_secret || return 1
    done
    MQ_PORT=$url AIRY_URL='' run_airy ping
    refute_secret
    AIRY_EXCHANGE=$url run_airy --verbose tail '#' --for 100ms
    refute_secret
    # The form of a URL in a hint stays.
    run_airy ping --url h
    assert_contains "$stderr" 'amqp://USER:PASSWORD@HOST:PORT/VHOST'
}

@test "ends of line behind a URL, a password and its file do not count" {
    AIRY_URL=$AIRY_TEST_URL$'\n' run_airy ping
    assert_status 0
    run_airy ping --url "  $AIRY_TEST_URL"$'\r\n'
    assert_status 0
    unset AIRY_URL
    MQ_HOST=$'127.0.0.1\n' MQ_PORT=$AIRY_TEST_AMQP_PORT$'\n' MQ_PASSWORD=$'guest\n' MQ_VHOST=$'/\n' run_airy ping
    assert_status 0
    refute_contains "$output" $'\n\n'
    AIRY_MANAGEMENT_URL=$AIRY_TEST_MANAGEMENT_URL$'\n' AIRY_URL=$AIRY_TEST_URL run_airy queue ls
    assert_status 0
    AIRY_URL=$AIRY_TEST_URL run_airy queue ls --management-url $'\n '"$AIRY_TEST_MANAGEMENT_URL  "
    assert_status 0
}

@test "a control character inside a URL is refused, and does not reach the terminal" {
    for url in $'amqp://h/a\nb' $'amqp://u:p@h\e[2J/' $'mqtt://h\a' $'sqlite:a\nb' $'amqp://h%1b[2J/' \
        $'amqp://h/a\u009b2J' $'sqlite:a\u0085b'; do
        run_airy ping --url "$url"
        assert_status 2
        assert_short_error
        refute_contains "$stderr" $'\e'
        refute_contains "$stderr" $'\a'
        refute_contains "$stderr" $'\u009b'
    done
    # A mark that turns the direction of the text is told, wherever the URL is.
    run_airy ping --url $'amqp://guest:guest@127.0.0.1:1/a\u202eb'
    assert_status 3
    refute_contains "$stderr" $'\u202e'
    assert_contains "$stderr" 'u{202e}'
    # Percent-encoded, it may be part of a virtual host's name; the broker's answer repeats it.
    run_airy ping --url "amqp://guest:guest@127.0.0.1:$AIRY_TEST_AMQP_PORT/a%0Ab%1b[2J"
    assert_status 3
    assert_short_error
    refute_contains "$stderr" $'\e'
}

@test "a percent-encoded MQ_PASSWORD is refused, and the hint names the other reading" {
    make_user
    export MQ_HOST=127.0.0.1 MQ_PORT=$AIRY_TEST_AMQP_PORT MQ_USER=$user
    unset AIRY_URL
    MQ_PASSWORD=$word run_airy ping
    assert_status 0
    MQ_PASSWORD=$encoded run_airy ping
    assert_status 3
    assert_short_error
    assert_contains "$stderr" 'if it is percent-encoded, as in a URL, decode it'
    refute_contains "$stderr" "$encoded"
    echo "$encoded" >file
    run_airy ping --password-file file
    assert_status 3
    assert_contains "$stderr" 'decode it'
    # The other way round: % stands in a URL as it is.
    MQ_PASSWORD='' run_airy ping --url "amqp://$user:a%20b@127.0.0.1:$AIRY_TEST_AMQP_PORT/"
    assert_status 3
    assert_contains "$stderr" 'written %25'
    refute_contains "$stderr" 'a%20b'
}

@test "--env-file reads Airy's .env, with .env.local before it and the environment before both" {
    make_user
    unset AIRY_URL AIRY_EXCHANGE
    cat >.env <<EOF
# Airy
MQ_HOST=127.0.0.1
MQ_PORT=1
MQ_USER="$user"
export MQ_PASSWORD=$encoded # as Airy pastes it into its URL
GOROUTINE_POOL_SIZE=10000
EOF
    run_airy ping --env-file .env
    assert_status 3
    assert_contains "$stderr" 127.0.0.1:1
    echo "MQ_PORT=$AIRY_TEST_AMQP_PORT" >.env.local
    run_airy ping --env-file .env
    assert_status 0
    refute_contains "$output" "$encoded"
    MQ_PORT=1 run_airy ping --env-file .env
    assert_status 3
    # As a whole: a URL in the file is no nearer than parts in the environment; a password is no place.
    echo "AIRY_URL=amqp://$user@127.0.0.1:1/" >with-url
    MQ_HOST=127.0.0.1 MQ_PORT=$AIRY_TEST_AMQP_PORT run_airy ping --env-file with-url
    assert_status 0
    echo "AIRY_URL=amqp://$user@127.0.0.1:$AIRY_TEST_AMQP_PORT/" >with-url
    MQ_PASSWORD=$word run_airy ping --env-file with-url
    assert_status 0
    run_airy ping --env-file .
    assert_status 2
    assert_contains "$stderr" 'it is a directory'
    run_airy ping --env-file missing
    assert_status 2
    assert_contains "$stderr" missing.local
    printf 'MQ_HOST=127.0.0.1\nS3cr3t hunter2\n' >bad
    run_airy ping --env-file bad
    assert_status 2
    assert_contains "$stderr" "line 2 of 'bad'"
    refute_secret
}
