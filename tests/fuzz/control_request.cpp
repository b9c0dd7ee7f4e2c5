// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "fuzz.hpp"
#include "inspect/control_server.hpp"

using namespace airy;

namespace {

class Nobody final : public work::ConsumerControl {
  public:
    work::ConsumerStatus status() const override { return {}; }
    void resize(std::size_t slots) override { AIRY_MUST(slots > 0); }
    void pause() override {}
    void resume() override {}
    void drain() override {}
    std::size_t cancel(std::string_view id, work::AfterCancel) override {
        AIRY_MUST(!id.empty());
        return id.size() % 2;
    }
};

}  // namespace

AIRY_FUZZ(text) {
    Nobody consumer;
    AIRY_MUST(inspect::perform_control_request(text, consumer).find('\n') == std::string::npos);
}
