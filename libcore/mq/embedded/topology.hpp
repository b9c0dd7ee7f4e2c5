// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "mq/embedded/catalogue.hpp"
#include "mq/embedded/sessions.hpp"
#include "mq/embedded/store.hpp"
#include "mq/topology.hpp"

namespace airy::mq::embedded {

// What one file holds.
struct QueueListing {
    QueueSpec spec;
    std::uint64_t ready = 0;
    std::uint64_t unacked = 0;
    std::uint64_t consumers = 0;
    std::uint64_t bytes = 0;                  // of the bodies that are ready
    std::optional<std::int64_t> oldest_at{};  // see oldest_arrival()
};
struct BindingListing {
    std::string exchange;
    std::string queue;
    std::string pattern;
};
struct Contents {
    std::vector<ExchangeSpec> exchanges;  // without the default exchange
    std::vector<QueueListing> queues;     // by name
    std::vector<BindingListing> bindings;
};

// Topology over one connection to the file, on the caller's thread.
class EmbeddedTopology final : public Topology {
  public:
    explicit EmbeddedTopology(const Location& location);
    ~EmbeddedTopology() override;

    void declare_exchange(const ExchangeSpec& spec) override;
    void check_exchange(const std::string& name) override;
    QueueState declare_queue(const QueueSpec& spec) override;
    QueueState check_queue(const std::string& name) override;
    void bind(const std::string& queue, const std::string& exchange,
              const std::string& pattern) override;
    void unbind(const std::string& queue, const std::string& exchange,
                const std::string& pattern) override;
    std::uint64_t delete_queue(const std::string& name, bool if_empty, bool if_unused) override;
    std::uint64_t purge_queue(const std::string& name) override;
    void delete_exchange(const std::string& name) override;
    std::string server() const override;

    // All there is, as of now, in one consistent view.
    Contents contents();

  private:
    bool is_declared(const ExchangeSpec& spec);
    void finish(Change& change);
    void remove_all_remains(std::int64_t queue);
    std::optional<std::int64_t> my_session() const;
    QueueState state_of(const QueueInfo& queue);
    std::optional<Session> create_queue(Change& change, const QueueSpec& spec);

    Store store_;
    Catalogue catalogue_;
    std::optional<Session> session_;  // once it has declared an exclusive queue
};

}  // namespace airy::mq::embedded
