// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/app.hpp"
#include "mq/broker.hpp"
#include "mq/endpoint.hpp"
#include "util/error.hpp"

namespace airy::tools {

// The options of every subcommand that destroys: whether the user agreed, or only wants to see.
struct Caution {
    bool yes = false;
    bool dry_run = false;

    void add(cli::App& app);
};

// `airy queue delete` and `airy queue purge`.
class QueueRemoval {
  public:
    void add_delete(cli::App& app);
    void add_purge(cli::App& app);

    // Return the exit code. Existing queues are deleted, or purged, even when others are missing.
    int remove(const mq::Endpoint& endpoint, const Caution& caution, bool json);
    int purge(const mq::Endpoint& endpoint, const Caution& caution, bool json);

  private:
    // A queue to delete or purge, with its state when it was looked at.
    struct Target {
        std::string name;
        mq::QueueState state;
    };

    using Family = std::vector<std::string>;

    void add_queues(cli::App& app);
    std::vector<Family> chosen(mq::Broker& broker) const;
    std::vector<std::vector<Target>> look(mq::Topology& topology,
                                          const std::vector<Family>& families);
    void look_at(mq::Topology& topology, const std::string& name, std::vector<Target>& targets);
    void delete_family(mq::Broker& broker, std::unique_ptr<mq::Topology>& topology,
                       const std::vector<Target>& family, bool json);
    void check_conditions(const std::string& name, const mq::QueueState& state) const;
    std::uint64_t delete_one(mq::Broker& broker, std::unique_ptr<mq::Topology>& topology,
                             const std::string& name) const;

    std::vector<std::string> names_;
    std::string match_;
    bool if_empty_ = false;
    bool if_unused_ = false;
    bool with_dlq_ = false;
    std::vector<Error> complaints_;
};

}  // namespace airy::tools
