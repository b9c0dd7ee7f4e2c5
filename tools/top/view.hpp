// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "top/collector.hpp"
#include "top/frame.hpp"
#include "top/model.hpp"
#include "util/clock.hpp"

namespace airy::tools::top {

// The current view, and the effect of keys on it. Main thread.
class View {
  public:
    View(Charset charset, std::string broker, const util::Clock& clock);

    void take(News news);

    // Returns an order for a consumer, if the key means one.
    std::optional<Order> press(int key);
    bool over() const noexcept { return over_; }

    // The lines of the screen; `time` stands in its corner.
    std::vector<Line> lines(Size size, std::string time);

  private:
    enum class Page { overview, details, help };

    void say(std::string message);
    void back();
    void move(std::ptrdiff_t rows);
    void open_details();
    void ask_to_drain();
    const inspect::Consumer* subject() const;  // the consumer that keys change
    std::optional<Order> order(inspect::ControlOperation operation, int slots = 0);
    std::optional<Order> answer(int key);

    const util::Clock& clock_;
    Model model_;
    Page page_ = Page::overview;
    Page before_help_ = Page::overview;
    std::string opened_;  // row id of the consumer of the details
    std::size_t scroll_ = 0;
    std::string broker_;
    std::vector<std::string> queue_notes_;
    bool looked_ = false;  // at the pools, at least once
    std::string message_;
    util::SteadyTime said_{};
    std::optional<Order> question_;  // to drain it?
    bool over_ = false;
};

}  // namespace airy::tools::top
