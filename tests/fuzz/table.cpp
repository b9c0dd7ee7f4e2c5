// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/table.hpp"

#include "fuzz.hpp"

using namespace airy;

namespace {

struct Pool {
    Pool() { init_amqp_pool(&pool, 4096); }
    ~Pool() { empty_amqp_pool(&pool); }
    amqp_pool_t pool;
};

}  // namespace

// A field table as on the wire; an accepted table comes out as it went in.
AIRY_FUZZ(text) {
    Pool pool;
    amqp_table_t wire{};
    std::size_t offset = 0;
    if (amqp_decode_table(mq::amqp::bytes_of(text), &pool.pool, &wire, &offset) != AMQP_STATUS_OK)
        return;
    const auto table = mq::amqp::table_from(wire);
    const auto again = mq::amqp::table_to(table, pool.pool);
    AIRY_MUST(mq::amqp::table_from(again).size() == table.size());
}
