#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# The hint of an error, followed to the letter, works. tests/lint/hints.py checks of all hints that
# their commands and options are there; this file follows those that need a broker, a queue or an
# event. The embedded broker serves: the hints are the same, and it needs no process.

load ../cli/helper

setup() {
    airy_setup
    export AIRY_URL=sqlite:$PWD/hints.db
    unset AIRY_EXCHANGE
    PATH=$(dirname "$AIRY_BIN"):$PATH
}
teardown() {
    AIRY_URL=$AIRY_TEST_URL
    airy_teardown
}

# Words that end a command inside the sentence of a hint.
verbs='shows|tells|makes|lists|waits|binds|appends|removes|there'

# commands_in HINT: each `airy …` of it, up to the verb of its clause.
commands_in() {
    grep -oE "airy [^;?]*" <<<"$1" | sed -E "s/ ($verbs)( .*)?\$//"
}

# fails STATUS ARG...: airy ARG... ends with that status, and has a hint.
fails() {
    local expected=$1
    shift
    run_airy "$@"
    assert_status "$expected"
    assert_short_error
    hint=$(grep '^hint: ' <<<"$stderr")
}

# follow [STATUS] [SED]: runs every command of the hint, edited for the placeholders in capitals.
follow() {
    local line count=0
    while read -r line; do
        count=$((count + 1))
        line=$(sed -E "${2-}" <<<"$line")
        run --separate-stderr timeout 30 bash -c "$line"
        ((status == ${1-0})) || {
            printf 'hint: %s\nfollowed: %s\nexit status %s\n%s\n' "$hint" "$line" "$status" "$stderr" >&2
            return 1
        }
    done < <(commands_in "$hint")
    ((count > 0)) || {
        echo "no command in: $hint" >&2
        return 1
    }
}

publish_one() { airy publish post.published --set post_id=1 --set author_id=7 --set title=t; }

@test "an event that no queue takes: declaring the queue helps" {
    fails 4 publish post.published --set post_id=1 --set author_id=7 --set title=t
    follow 0 "s/QUEUE/search/; s/PATTERN/'post.*'/"
    publish_one
    # The queue that was made so is the one that a consumer wants.
    run_airy consume 'post.*' --queue search --until-empty -- cat
    assert_status 0
    assert_contains "$output" '"post_id":1'
}

@test "a queue that is not there" {
    airy queue declare search --quiet
    for command in "queue show none" "queue peek none" "dlq show none" "queue delete none --yes" \
        "consume # --queue none --no-declare --print" "queue move search none --yes"; do
        # shellcheck disable=SC2086 # words
        fails 7 $command
        follow
    done
}

@test "a queue with other properties, for declare and for consume" {
    airy queue declare search --plain --type classic --quiet
    for command in "queue declare search" "consume # --queue search --print"; do
        # shellcheck disable=SC2086 # words
        fails 7 $command
        follow 0 "s/PATTERN/'post.*'/"
    done
    assert_contains "$hint" --as-is
    publish_one
    run_airy consume '#' --queue search --print --until-empty --as-is
    assert_status 0
    assert_equal "${#lines[@]}" 1
}

@test "an argument that a work queue sets itself" {
    fails 2 queue declare search --arg x-delivery-limit=5
    assert_contains "$hint" --plain
    run_airy queue declare search --arg x-delivery-limit=5 --plain
    assert_status 0
}

@test "a stream on the embedded broker" {
    fails 2 queue declare search --type stream
    assert_contains "$hint" '--type quorum or classic'
    run_airy queue declare search --type quorum
    assert_status 0
}

@test "--if-empty and --if-unused" {
    airy queue declare search --bind '#' --quiet
    publish_one
    fails 1 queue delete search --if-empty --yes
    follow
    assert_contains "$output" 'ready          1'
    spawn consumer "$AIRY_BIN" consume '#' --queue search -- cat
    wait_until consumed
    fails 1 queue delete search --if-unused --yes
    follow
    assert_contains "$output" 'consumers      1'
}
consumed() { airy queue show search --output json | jq -e '.consumers == 1'; }

@test "a handler that fails for good: the dead letters" {
    airy queue declare search --bind '#' --quiet
    publish_one
    fails 6 --quiet consume '#' --queue search --until-empty -- sh -c 'exit 65'
    follow
    assert_contains "$output" '"post_id":1'
}

@test "events that are wrong" {
    for command in 'event show post.publishd' 'event show nothing' 'publish post.updated {"post_id":1}' \
        'publish post.published {}'; do
        # shellcheck disable=SC2086 # words
        fails 8 $command
        follow
    done
}

@test "a queue that wait does not see" {
    fails 5 wait search --for 300ms
    follow
    run_airy wait search --for 300ms
    assert_status 0
}

@test "a broker that --url names and nobody serves: the hint waits for that one, not for another" {
    unset AIRY_MANAGEMENT_URL
    for command in "queue show x" "ping" "publish post.deleted {\"post_id\":1,\"author_id\":2}" "tail # --max-reconnects 0"; do
        # shellcheck disable=SC2086 # words
        fails 3 $command --url amqp://guest:sesame@127.0.0.1:1/
        refute_contains "$hint" sesame
        echo sesame >password
        follow 5 's/60s/200ms/; s/FILE/password/'
        assert_contains "$stderr" '127.0.0.1:1'
    done
    # Where the environment names the broker, the command of the hint finds it there.
    AIRY_URL=amqp://127.0.0.1:1 fails 3 ping
    refute_contains "$hint" --url
    AIRY_URL=amqp://127.0.0.1:1 follow 5 's/60s/200ms/'
}

@test "the broker, its password and its exchange, however the command line gives them" {
    unset AIRY_URL AIRY_MANAGEMENT_URL
    local host=127.0.0.1:$AIRY_TEST_AMQP_PORT user exchange
    user=$(fresh user)
    exchange=$(fresh airy.test)
    queue=$(fresh hint)
    api PUT "users/$user" -d '{"password": "pass", "tags": "management"}'
    api PUT "permissions/%2F/$user" -d '{"configure":".*","write":".*","read":".*"}'
    echo pass >password
    printf 'MQ_HOST=127.0.0.1\nMQ_PORT=%s\n' "$AIRY_TEST_AMQP_PORT" >env
    for broker in "--url amqp://guest:guest@$host" "--url amqp://$user:pass@$host" "--env-file env" \
        "--url amqp://$user@$host --password-file password"; do
        # shellcheck disable=SC2086 # words
        fails 7 queue show none $broker --management-url "$AIRY_TEST_MANAGEMENT_URL"
        assert_contains "$hint" --management-url
        refute_contains "$hint" pass@
        follow 0 's/FILE/password/'
    done
    airy queue declare "$queue" --plain --bind none --exchange "$exchange" --env-file env --quiet
    fails 4 publish post.deleted '{"post_id":1,"author_id":2}' --exchange "$exchange" --env-file env
    follow 0 "s/QUEUE/$queue.2/; s/PATTERN/'post.*'/"
    run_airy publish post.deleted '{"post_id":1,"author_id":2}' --exchange "$exchange" --env-file env
    assert_status 0
    airy queue delete "$queue" "$queue.2" "$queue.2.dlq" --yes --quiet --env-file env
    forget "$exchange" exchanges
    api DELETE "users/$user"
}

@test "a stream is not offered to consume, and the limit of a queue is told as it is" {
    unset AIRY_EXCHANGE
    export AIRY_URL=$AIRY_TEST_URL
    queue=$(fresh hint)
    airy queue declare "$queue" --type stream --quiet
    fails 7 consume '#' --queue "$queue" -- cat
    refute_contains "$hint" --as-is
    follow
    airy queue delete "$queue" --yes --quiet
    airy queue declare "$queue" --plain --arg x-delivery-limit=2 --quiet
    fails 7 consume '#' --queue "$queue" -- cat
    assert_contains "$hint" 'no delivery after 2 failed ones'
    refute_contains "$hint" 'no limit'
    airy queue delete "$queue" --yes --quiet
}

@test "a name with blanks in the hint of a consumer" {
    airy queue declare 'se arch' --bind '#' --quiet
    publish_one
    fails 6 --quiet consume '#' --queue 'se arch' --until-empty -- sh -c 'exit 65'
    follow
    assert_contains "$output" '"post_id":1'
}

@test "--on-dead-letter without a command" {
    for command in '   ' "''"; do
        fails 2 consume '#' --queue search --on-dead-letter "$command" -- cat
        refute_contains "$hint" 'CMD ARG'
        assert_contains "$stderr" '--on-dead-letter names no command'
    done
}

@test "a missing queue at the broker of --url" {
    airy queue declare search --quiet
    fails 7 queue show none --url "sqlite:$PWD/other.db"
    follow
    assert_contains "$stderr" 'no queues'
}

@test "a wrong password: the hint speaks of that, not of hiding it" {
    fails 3 ping --url "${AIRY_TEST_URL/guest:guest/guest:wrong}"
    assert_contains "$hint" 'is the password right?'
    refute_contains "$hint" 'out of the command line'
    echo guest >password
    run_airy ping --url "${AIRY_TEST_URL/guest:guest@/guest@}" --password-file password
    assert_status 0
}

@test "a command that is not there: the hint fits the mistake" {
    fails 2 consume '#' --queue search -- ./index-post
    assert_contains "$hint" "$PWD"
    fails 2 consume '#' --queue search -- index-post
    assert_contains "$hint" PATH
    fails 2 consume '#' --queue search -- 'cat | wc -l'
    assert_contains "$hint" 'no shell'
}

@test "the address of --metrics-listen is taken" {
    airy queue declare search --quiet
    spawn server python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True); time.sleep(60)'
    wait_until test -s server.out
    fails 1 consume '#' --queue search --metrics-listen "127.0.0.1:$(<server.out)" --until-empty -- true
    assert_contains "$hint" 'another port'
}

@test "a full queue: its limit is shown" {
    airy queue declare full --plain --type classic --bind '#' --arg x-max-length=1 --arg x-overflow=reject-publish --quiet
    publish_one
    fails 4 publish post.published --set post_id=2 --set author_id=7 --set title=t
    follow
    assert_contains "${lines[0]}" limit
}

@test "a line that the program does not understand" {
    for command in 'queue declar' 'ping --quite' 'pinng' 'queue peek' 'tail'; do
        # shellcheck disable=SC2086 # words
        run_airy $command
        assert_status 2
        hint=$(grep '^hint: ' <<<"$stderr")
        if [[ $hint == *'airy '* ]]; then follow; fi
    done
}
