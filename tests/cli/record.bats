#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load helper

setup() {
    airy_setup
    queue=$(fresh q)
    recording=$BATS_TEST_TMPDIR/recording.jsonl
    page=$BATS_TEST_TMPDIR/page.html
}

teardown() {
    airy_teardown
    forget "$queue" queues
}

samples() { (($(wc -l <"$recording") >= $1)); }

@test "stats --record appends samples, and --report makes one page of them" {
    airy queue declare --plain "$queue" --quiet
    spawn recorder "$AIRY_BIN" stats queues "$queue" --record "$recording" --watch 50ms
    wait_until 20 samples 3
    kill -INT "$spawned_pid"
    status=0
    ended "$spawned_pid" 20 || status=$?
    assert_status 130
    jq -e --arg q "$queue" '.kind == "queue" and .queue == $q and .ready == 0' "$recording"
    run_airy stats --record "$recording" --report "$page"
    assert_status 0
    assert_equal "$output" ''
    # The page is the same from stdin.
    airy stats --report "$page.2" <"$recording"
    cmp "$page" "$page.2"
    grep -q "<code>${AIRY_URL%%//*}//[^<]*</code>" "$page" # the broker, without its password
    refute_contains "$(<"$page")" 'guest:guest'
    grep -q "$queue" "$page"
    # Self-contained: the page fetches nothing.
    run grep -nE 'src=|href=|url\(|@import|<script' "$page"
    assert_equal "$output" ''
}

@test "stats --report: a FIFO, a link and a mode are kept" {
    airy queue declare --plain "$queue" --quiet
    spawn recorder "$AIRY_BIN" stats queues --record "$recording"
    wait_until 20 samples 1
    kill -INT "$spawned_pid"
    ended "$spawned_pid" 20 || true
    mkfifo fifo
    timeout 20 cat fifo >got &
    airy stats --record "$recording" --report fifo --quiet 7>fifo
    wait $!
    [[ -p fifo ]]
    grep -q '</html>' got
    echo old >"$page"
    chmod 640 "$page"
    ln -s "$page" link
    airy stats --record "$recording" --report link --quiet
    [[ -L link ]]
    assert_equal "$(stat -c %a "$page")" 640
    cmp got "$page"
}

@test "a report is seen in a browser, in light and in dark" {
    for i in 0 1 2 3 4 5; do
        printf '{"kind":"queue","time":"2026-01-02T03:04:0%d.000000000Z","queue":"q","ready":%d,"unacked":%d}\n' \
            "$i" "$((i * i))" "$((10 - i))" >>"$recording"
    done
    airy stats --record "$recording" --report "$page" --quiet
    for scheme in 1:2563c9 0:7aa9f7; do # light and dark, and the first line's colour in each
        timeout 60 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$BATS_TEST_TMPDIR/browser" \
            --blink-settings="preferredColorScheme=${scheme%:*}" --window-size=700,600 \
            --screenshot="$BATS_TEST_TMPDIR/page.png" "file://$page" >/dev/null 2>&1
        pixels=$("$BATS_TEST_DIRNAME/../support/png-colours" "$BATS_TEST_TMPDIR/page.png" |
            awk -v colour="#${scheme#*:}" '$1 == colour {print $2}')
        ((${pixels:-0} > 100))
    done
}

@test "stats: options without effect on a recording or a report are wrong usage" {
    for options in "--record $recording --prometheus" "--report $page --watch 1s" "--report $page --prometheus" \
        "--report $page --match x" "queues --report $page"; do
        # shellcheck disable=SC2086 # words
        run_airy stats $options
        assert_status 2
        assert_short_error
    done
    [[ ! -e $recording && ! -e $page ]]
}

@test "stats: neither a report nor a recording replaces another file" {
    sample='{"kind":"queue","time":"2026-01-02T03:04:05Z","queue":"q","ready":1}'
    echo "$sample" >"$recording"
    ln -s "$recording" link
    ln "$recording" hard
    for written in "$recording" link hard; do
        run_airy stats --record "$recording" --report "$written"
        assert_status 2
        assert_short_error
        run_airy stats --report "$written" <"$recording"
        assert_status 2
    done
    # The file to which the page is written first.
    ln -s "$recording" new.html.part
    run_airy stats --record "$recording" --report new.html
    assert_status 2
    assert_equal "$(<"$recording")" "$sample"
    airy queue declare --plain "$queue" --quiet
    for other in 'a letter' '{"event_type":"post.deleted"}' '<!DOCTYPE html>'; do
        printf '%s\n' "$other" >other
        run_airy stats queues "$queue" --record other
        assert_status 2
        assert_short_error
        assert_equal "$(<other)" "$other"
    done
}

@test "stats --report: no recording, an empty one, and lines that are no samples" {
    run_airy stats --report "$page" </dev/null
    assert_status 8
    assert_short_error
    run_airy stats --record "$recording.none" --report "$page"
    assert_status 2
    assert_contains "$stderr" "$recording.none"
    printf '{"kind":"queue","time":"yesterday"}\n' >"$recording"
    run_airy stats --record "$recording" --report "$page"
    assert_status 8
    assert_contains "$stderr" 'line 1'
    [[ ! -e $page ]]
}

@test "stats --record goes on after a line that a kill has torn, and --report skips it" {
    sample='{"kind":"queue","time":"2026-01-02T03:04:05Z","queue":"q","ready":1}'
    printf '%s\n%s' "$sample" "${sample:0:40}" >"$recording"
    run_airy stats --record "$recording" --report "$page"
    assert_status 0
    assert_contains "$stderr" 'skipped 1'
    grep -q ': 1 samples' "$page"
    airy queue declare --plain "$queue" --quiet
    spawn recorder "$AIRY_BIN" stats queues "$queue" --record "$recording" --watch 50ms
    wait_until 20 samples 4
    kill -INT "$spawned_pid"
    ended "$spawned_pid" 20 || true
    assert_equal "$(sed -n 2p "$recording")" "${sample:0:40}"
    sed 1,2d "$recording" | jq -e --arg q "$queue" '.queue == $q'
    run_airy stats --record "$recording" --report "$page"
    assert_status 0
    assert_contains "$stderr" 'skipped 1'
}

@test "stats --record: a file that cannot be written" {
    run_airy stats --record "$BATS_TEST_TMPDIR/none/file"
    assert_status 2
    airy queue declare --plain "$queue" --quiet # so that there is something to write
    run_airy stats queues "$queue" --record /dev/full
    assert_status 1
    assert_short_error
}
