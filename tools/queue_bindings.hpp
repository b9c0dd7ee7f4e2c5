// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "cli/app.hpp"
#include "mq/endpoint.hpp"
#include "options.hpp"

namespace airy::tools {

// `airy queue bind` and `airy queue unbind`.
class QueueBindings {
  public:
    void add_bind(cli::App& app, ExchangeOption& exchange);
    void add_unbind(cli::App& app, ExchangeOption& exchange);

    // Return the exit code.
    int bind(const mq::Endpoint& endpoint, const std::string& exchange, bool json);
    int unbind(const mq::Endpoint& endpoint, const std::string& exchange, bool json);

  private:
    void add_operands(cli::App& app, ExchangeOption& exchange);
    void report(const char* verb, const std::string& exchange, bool json) const;

    std::string queue_;
    std::vector<std::string> patterns_;
};

}  // namespace airy::tools
