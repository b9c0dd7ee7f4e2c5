#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load ../cli/helper
load ../cli/publish

# message N [MEMBERS]: a message line whose body is N; the members begin with a comma.
message() { printf '{"topic":"post.published","body":%s%s}\n' "$1" "${2-}"; }

# How often each body is in the queue, as "BODY:COUNT …".
copies() { drained "$queue" | jq .body | sort -n | uniq -c | awk '{printf "%s%s:%s", sep, $2, $1; sep = " "}'; }

# proxied close|drop: sets $AIRY_URL to a proxy that ends a connection for the word POISON.
proxied() {
    local authority=${AIRY_TEST_URL#amqp://*@}
    authority=${authority%%/*}
    spawn proxy python3 "$BATS_TEST_DIRNAME/closing_proxy.py" "${authority%:*}" "${authority##*:}" "$1"
    wait_until grep -q . proxy.out
    export AIRY_URL=${AIRY_TEST_URL/"$authority"/"127.0.0.1:$(head -n 1 proxy.out)"}
}

# user NAME WRITE_TOPIC: a user with its own name as password; its topics match a pattern.
user() {
    api PUT "users/$1" -d "{\"password\":\"$1\",\"tags\":\"\"}" -H 'content-type: application/json'
    api PUT "permissions/%2F/$1" -d '{"configure":".*","write":".*","read":".*"}' -H 'content-type: application/json'
    api PUT "topic-permissions/%2F/$1" -H 'content-type: application/json' \
        -d "{\"exchange\":\"$AIRY_EXCHANGE\",\"write\":\"$2\",\"read\":\".*\"}"
}

@test "NaN and infinity in a header: the line is named, exit 4, the others once" {
    for value in '"NaN"' '"Infinity"' '"-Infinity"'; do
        {
            for i in 1 2 3; do message "$i"; done
            message 4 ",\"headers\":{\"deep\":[{\"x\":$value}]},\"header_types\":{\"/deep/0/x\":\"float\"}"
            message 5
        } >in
        run_airy publish --lines message --max-reconnects 1 <in
        assert_status 4
        assert_short_error
        assert_contains "$stderr" 'line 4: the header '
        assert_contains "$stderr" '3 were confirmed'
        assert_equal "$(copies)" '1:1 2:1 3:1'
        run_airy publish --lines message --max-reconnects 1 --keep-going --rejects bad <in
        assert_status 4
        assert_contains "$stderr" 'airy: line 4: '
        assert_contains "$stderr" 'published 4 events'
        assert_contains "$stderr" '; 1 not delivered'
        assert_equal "$(copies)" '1:1 2:1 3:1 5:1'
    done
    assert_equal "$(wc -l <bad)" 3
}

@test "a message for which the broker closes the connection each time is found and named" {
    proxied close
    { message 1; message 2; message 3 ',"headers":{"x":"POISON"}'; message 4; message 5; } >in
    run_airy publish --lines message --max-reconnects 1 --output json <in
    assert_status 4
    assert_contains "$stderr" 'line 3: post.published was not delivered: the broker closes the connection for it: 541'
    assert_contains "$stderr" '--keep-going passes it by'
    # Twice in the window, and twice alone; a confirm in between begins the count anew.
    (($(grep -c ended proxy.out) <= 7))
    run_airy publish --lines message --max-reconnects 1 --keep-going --output json <in
    assert_status 4
    assert_contains "$stderr" 'airy: line 3: post.published was not delivered: '
    assert_contains "$stderr" 'published 4 events'
    assert_equal "$(jq -sc '[.[] | .routed]' <<<"$output")" '[true,true,false,true,true]'
    (($(grep -c ended proxy.out) <= 14))
    # At least once, and no copies without end; those behind it once in each run.
    copies | tee counts
    grep -E '^1:[1-9] 2:[1-9] 4:2 5:2$' counts
}

@test "a message at which each connection is lost without a word is found, and reconnects are counted" {
    proxied drop
    { message 1; message 2 ',"headers":{"x":"POISON"}'; message 3; } >in
    run_airy publish --lines message --keep-going <in
    assert_status 4
    assert_contains "$stderr" 'airy: line 2: post.published was not delivered: each connection was lost'
    assert_contains "$stderr" 'published 2 events'
    run_airy publish --lines message --max-reconnects 2 <<<"$(sed -n 2p in)"
    assert_status 3
}

@test "user_id of another user: the line is named, and with -k the others go" {
    { message 1; message 2 ',"properties":{"user_id":"somebody"}'; message 3; } >in
    run_airy publish --lines message <in
    assert_status 4
    assert_short_error
    assert_contains "$stderr" 'line 2: post.published was not delivered: the broker closes the channel for it: 406'
    assert_contains "$stderr" user_id
    run_airy publish --lines message --keep-going --rejects bad --max-reconnects 0 <in
    assert_status 4
    assert_contains "$stderr" 'airy: line 2: '
    assert_contains "$stderr" 'published 2 events'
    refute_contains "$stderr" 'not connected'
    cmp bad <(sed -n 2p in)
    copies | tee counts
    grep -E '^1:[1-4] 3:[1-2]$' counts
}

@test "many messages that the broker refuses among good ones: each is named, each good one confirmed" {
    for i in {1..40}; do
        if ((i % 4 == 0)); then message "$i" ',"properties":{"user_id":"somebody"}'; else message "$i"; fi
    done >in
    run_airy publish --lines message --keep-going --output json <in
    assert_status 4
    assert_equal "$(grep -c 'was not delivered' <<<"$stderr")" 10
    assert_equal "$(jq -s 'map(select(.routed)) | length' <<<"$output")" 30
    assert_equal "$(copies | wc -w)" 30
}

@test "a topic that the user may not write: the line is named, and with -k the others go" {
    name=airy-topics-$RANDOM
    user "$name" '^post\\.'
    export AIRY_URL=${AIRY_TEST_URL/guest:guest/$name:$name}
    {
        echo '{"event_type":"post.deleted","post_id":1,"author_id":2}'
        echo '{"event_type":"circle.left","circle_id":1,"user_id":2}'
        echo '{"event_type":"post.deleted","post_id":3,"author_id":2}'
    } >in
    run_airy publish --keep-going <in
    api DELETE "users/$name"
    assert_status 4
    assert_contains "$stderr" 'airy: line 2: circle.left was not delivered: the broker closes the channel for it: 403'
    assert_contains "$stderr" 'published 2 events'
    assert_equal "${#lines[@]}" 2
}

@test "an exchange that is deleted in mid-stream ends it: exit 7" {
    airy publish post.deleted '{"post_id":1,"author_id":2}' --quiet # makes the exchange
    mkfifo in
    spawn publish sh -c 'exec "$0" publish --keep-going --exchange "$1" <in' "$AIRY_BIN" "$AIRY_EXCHANGE"
    exec 7>in
    events 1 >&7
    wait_until grep -q . publish.out
    forget "$AIRY_EXCHANGE" exchanges
    events 1 >&7
    status=0
    ended "$spawned_pid" 10 || status=$?
    exec 7>&-
    ((status == 7))
    assert_contains "$(cat publish.err)" 404
}

# A queue that refuses beyond one message, and has a message. make_full URL_OPTIONS…
make_full() {
    full=$(fresh full)
    airy queue declare "$full" --bind 'circle.*' --type classic --arg x-max-length=1 --arg x-overflow=reject-publish --quiet
    airy publish circle.left '{"circle_id":1,"user_id":1}' --quiet
}

left() { seq "$1" "$2" | sed 's/.*/{"event_type":"circle.left","circle_id":1,"user_id":&}/'; }

# Empties the queue whenever airy has told of a refusal, and puts the bodies into `taken`.
take_from_full() {
    wait_until grep -q 'refuses events' publish.err
    while kill -0 "$spawned_pid" 2>/dev/null; do drained "$full" 2>/dev/null; done | jq .body.user_id >taken
    drained "$full" | jq .body.user_id >>taken
}

@test "what a full queue refuses is sent again after a pause, in order with a window of one" {
    airy queue delete "$queue" --yes --quiet
    make_full
    left 2 5 >in
    spawn publish sh -c 'exec "$0" publish --window 1 --max-refusals 50 <in' "$AIRY_BIN"
    take_from_full
    status=0
    ended "$spawned_pid" 20 || status=$?
    ((status == 0))
    forget "$full" queues
    assert_equal "$(wc -l <publish.out)" 4
    assert_equal "$(tr '\n' ' ' <taken)" '1 2 3 4 5 '
    assert_equal "$(grep -c 'refuses events' publish.err)" 1
}

@test "a queue that stays full is told after the last refusal: by number, or by time" {
    airy queue delete "$queue" --yes --quiet
    make_full
    left 2 4 >in
    run_airy publish --max-refusals 2 <in
    assert_status 4
    assert_contains "$stderr" 'line 1: circle.left was not delivered: the broker refused it 3 times'
    run_airy publish --reconnect-for 300ms --keep-going --rejects bad <in
    assert_status 4
    assert_contains "$stderr" 'published 0 events'
    assert_contains "$stderr" '3 not delivered'
    sort bad | cmp - in
    run_airy publish --max-refusals 0 <in
    assert_status 4
    assert_contains "$stderr" 'the broker refused it (a full queue'
    # One event fails at once, unless it is told to wait.
    run_airy publish circle.left '{"circle_id":1,"user_id":9}'
    assert_status 4
    assert_contains "$stderr" 'the broker refused it (a full queue'
    spawn publish "$AIRY_BIN" publish circle.left '{"circle_id":1,"user_id":9}' --max-refusals 50
    airy queue purge "$full" --yes --quiet
    ended "$spawned_pid" 20
    assert_equal "$(drained "$full" | jq .body.user_id)" 9
    forget "$full" queues
}

@test "the embedded broker's refusals are tried again as well" {
    export AIRY_URL=sqlite:airy.db
    make_full
    left 2 4 >in
    spawn publish sh -c 'exec "$0" publish --max-refusals 50 <in' "$AIRY_BIN"
    take_from_full
    ended "$spawned_pid" 20
    assert_equal "$(sort -n taken | tr '\n' ' ')" '1 2 3 4 '
    left 2 2 | run_airy publish
    left 3 3 >in
    run_airy publish --max-refusals 1 <in
    assert_status 4
    assert_contains "$stderr" 'the broker refused it 2 times'
}

@test "SIGTERM tells refused events at once" {
    airy queue delete "$queue" --yes --quiet
    make_full
    left 2 4 >in
    spawn publish sh -c 'exec "$0" publish --keep-going --max-refusals 1000 <in' "$AIRY_BIN"
    wait_until grep -q 'refuses events' publish.err
    kill -TERM "$spawned_pid"
    status=0
    ended "$spawned_pid" 10 || status=$?
    forget "$full" queues
    ((status == 143))
    assert_equal "$(grep -c 'was not delivered' publish.err)" 3
}

@test "a byte order mark and blank lines are passed over; line numbers count them" {
    { printf '\xef\xbb\xbf'; events 1; printf '\n \t\n\r\n'; events 1; echo oops; printf '\n\n'; } >in
    run_airy publish --keep-going <in
    assert_status 8
    assert_contains "$stderr" 'line 6: '
    assert_contains "$stderr" 'published 2 events'
    assert_contains "$stderr" '; 1 invalid'
    sed -i /oops/d in
    run_airy publish <in
    assert_status 0
    assert_equal "${#lines[@]}" 2
    { printf '\xef\xbb\xbf'; message 1; echo; message 2; echo; } >in
    run_airy publish --lines message <in
    assert_status 0
    printf '\n\n' >in
    run_airy publish <in
    assert_status 0
    assert_contains "$stderr" 'nothing published'
    { printf '\xef\xbb\xbf'; events 1; echo; events 1; echo; } >in
    run_airy event validate <in
    assert_status 0
    assert_contains "$stderr" '2 valid, 0 not'
    # A body of raw bytes is what it is.
    assert_equal "$(depth "$queue")" 6
    printf 'a\n\nb\n' >in
    run_airy publish my.raw --custom --lines raw <in
    assert_status 0
    assert_equal "$(depth "$queue")" 9
}

@test "JSON over several lines, in an array, and compressed input have a hint that helps" {
    events 2 | jq . >in
    run_airy publish <in
    assert_status 8
    assert_short_error
    assert_contains "$stderr" 'line 1'
    assert_contains "$stderr" 'jq -c .'
    jq -c . in >lines
    run_airy publish <lines
    assert_status 0
    events 2 | jq -cs . >in
    run_airy publish <in
    assert_status 8
    assert_contains "$stderr" "jq -c '.[]'"
    events 2 | gzip >in
    run_airy publish --keep-going <in
    assert_status 8
    assert_short_error
    assert_contains "$stderr" 'compressed by gzip'
    assert_contains "$stderr" 'gzip -dc'
    events 2 | iconv -t UTF-16 >in
    run_airy publish <in
    assert_status 8
    assert_contains "$stderr" 'UTF-16'
}

@test "headers with types, message id and content encoding arrive" {
    run_airy publish my.own --custom '{}' --header k:int=5 --header f:double=2 --header b:bool=true \
        --header t:timestamp=1700000000 --header s=5 --header j:json='[1,"x"]' --header i:int32=7 \
        --message-id mine --content-encoding identity
    assert_status 0
    drained "$queue" >line
    assert_equal "$(jq -cS .headers line)" '{"b":true,"f":2,"i":7,"j":[1,"x"],"k":5,"s":"5","t":1700000000}'
    assert_equal "$(jq -cS .header_types line)" '{"/f":"double","/i":"int32","/t":"timestamp"}'
    assert_equal "$(jq -r '.properties | .message_id, .content_encoding' line)" $'mine\nidentity'
    run_airy publish my.own --custom --lines raw --message-id mine <<<x
    assert_status 0
    assert_equal "$output" mine
    run_airy publish my.own --custom '{}' --header k:itn=5
    assert_status 2
    assert_short_error
    assert_contains "$stderr" "there is no type 'itn'"
}

@test "a header has one value: the option's goes before the line's, and twice the same option is refused" {
    message 1 ',"headers":{"k":"old","other":"o"}' | airy publish --lines message --header k=new --quiet
    drained "$queue" >line
    assert_equal "$(jq -cS .headers line)" '{"k":"new","other":"o"}'
    grep -o '"k":' line | wc -l | grep -qx 1
    run_airy publish my.own --custom '{}' --header k=1 --header k:int=2
    assert_status 2
    assert_short_error
    assert_contains "$stderr" "--header gives 'k' twice"
    run_airy publish my.own --custom '{}' --header k:json=12345678901234567890
    assert_status 2
    refute_contains "$stderr" 'is not JSON'
}

@test "check flow: its probe is a transient event in JSON that expires soon" {
    run_airy check flow --timeout 5s
    assert_status 0
    drained "$queue" >line
    jq -e '.topic | startswith("airy.probe.")' line
    jq -e '.body.event_type == .topic and .body.event_id == .properties.message_id' line
    jq -e '.body.timestamp | test("^2.*T.*Z$")' line
    jq -e '.properties | .content_type == "application/json" and .delivery_mode == 1' line
    jq -e '.properties.expiration | tonumber <= 5000' line
}

@test "the exchange that publish and tail need is made by the command in the hint" {
    export AIRY_EXCHANGE=
    missing=$(fresh missing)
    for command in 'publish circle.left {"circle_id":1,"user_id":2}' 'tail #'; do
        # shellcheck disable=SC2086 # words
        run_airy $command --exchange "$missing"
        assert_status 7
        assert_contains "$stderr" "airy queue declare QUEUE --bind PATTERN --exchange $missing"
    done
    airy queue declare "$missing.q" --bind '#' --exchange "$missing" --quiet
    run_airy publish circle.left '{"circle_id":1,"user_id":2}' --exchange "$missing"
    assert_status 0
    forget "$missing.q" queues
    forget "$missing" exchanges
}
