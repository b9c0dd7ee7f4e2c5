// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <chrono>

#include "command.hpp"
#include "mq/broker.hpp"
#include "options.hpp"
#include "output/stream.hpp"
#include "util/json_writer.hpp"

namespace airy::tools {
namespace {

class Ping final : public Command {
  public:
    void add_options(cli::App& app) override {
        broker_.add(app);
        output_.add(app);
    }

    int run() override {
        const auto endpoint = broker_.endpoint("ping");
        const auto start = std::chrono::steady_clock::now();
        const auto topology = mq::connect(endpoint)->topology();
        const std::chrono::duration<double, std::milli> took =
            std::chrono::steady_clock::now() - start;
        if (output_.json())
            output::print(util::JsonObject()
                              .add("url", mq::masked_url(endpoint.url))
                              .add("server", topology->server())
                              .add("connect_ms", util::JsonFixed{took.count(), 3})
                              .line());
        else if (!common_options().quiet)
            output::print(fmt::format("{} at {} answered in {:.1f} ms\n", topology->server(),
                                      output::shown_line(mq::masked_url(endpoint.url)),
                                      took.count()));
        return 0;
    }

  private:
    BrokerOptions broker_;
    OutputOption output_;
};

}  // namespace

std::unique_ptr<Command> make_ping() {
    return std::make_unique<Ping>();
}

}  // namespace airy::tools
