#!/usr/bin/env bats
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT

load helper

@test "bench pool: both lanes, as JSON with the limit beside it" {
    for lane in async threads; do
        run_airy bench pool --tasks 200 --cap 100 --wait 5ms --lane "$lane" --output json
        assert_status 0
        jq -e '.elapsed_s >= .limit_s and .limit_s == 0.01 and .tasks_per_s > 0' <<<"$output"
    done
}

@test "bench pool: wrong values are exit 2" {
    run_airy bench pool --lane sideways
    assert_status 2
    run_airy bench pool --tasks 0
    assert_status 2
    run_airy bench
    assert_status 2
}
