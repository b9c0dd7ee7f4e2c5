# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# `load one_file` gives each test of a file an embedded broker of its own, and no RabbitMQ.

setup_file() { :; }
teardown_file() { :; }

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    unset AMQP_URL AIRY_MANAGEMENT_URL AIRY_EXCHANGE
    export AIRY_URL=sqlite:airy.db
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/runtime
    mkdir -m 700 "$XDG_RUNTIME_DIR"
    spawned=()
}

teardown() {
    local pid
    for pid in "${spawned[@]}"; do kill -KILL -- "-$pid" 2>/dev/null || true; done
}

post() { airy publish post.published --set post_id="$1" --set author_id=1 --set title=hello; }
