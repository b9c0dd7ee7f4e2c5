// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include "mq/copies/broker.hpp"
#include "mq/embedded/location.hpp"

namespace airy::mq::embedded {

// The broker in one SQLite file that any number of processes share.
class EmbeddedBroker final : public copies::CopyingBroker {
  public:
    // Throws Error{usage} that says why the URL cannot be used.
    explicit EmbeddedBroker(const Endpoint& endpoint);

    std::unique_ptr<Publisher> publisher(const PublisherOptions& options) override;
    std::unique_ptr<Subscription> subscribe(const SubscribeOptions& options) override;
    std::unique_ptr<Topology> topology() override;
    Look look_into(const std::string& queue, std::uint64_t limit,
                   const std::function<bool(const Delivered&)>& see,
                   util::SignalFd& signals) override;
    Inventory inventory(const InventoryQuery& query) override;
    std::vector<std::string> alarms() override;
    std::vector<std::string> concerns() override;

  protected:
    copies::ReturnRule return_rule(const std::string& queue) override;

  private:
    const Location location_;
};

}  // namespace airy::mq::embedded
