// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The result of a monitoring check, in the form of Nagios plugins
// (https://www.monitoring-plugins.org/doc/guidelines.html).
namespace airy::tools::check {

// The values are the exit codes.
enum class State : std::uint8_t { ok = 0, warning = 1, critical = 2, unknown = 3 };

// Bounds of a figure; absent: none.
struct Bounds {
    std::optional<double> warn;
    std::optional<double> crit;
};

// One figure. `unit` is Nagios' own: "s", or nothing for a count.
struct Figure {
    std::string label;
    std::optional<double> value;  // absent: unknown
    std::string unit;
    Bounds above;  // bad when the value is above
    Bounds below;  // bad when it is below
};

// Masks the passwords of URLs in all of its texts.
class Verdict {
  public:
    // `what` names the checked thing, e.g. "queue work".
    explicit Verdict(std::string_view what);

    // Judges the figure; a figure with bounds and without a value makes the verdict unknown.
    void add(Figure figure);
    // The worst state wins: critical, then unknown, then warning.
    void raise(State state, std::string_view why);
    void remark(std::string_view text);  // only adds text

    State state() const noexcept { return state_; }
    int exit_code() const noexcept { return static_cast<int>(state_); }

    // `QUEUE OK - work: ready 3, consumers 2 | ready=3;;100;0 consumers=2;;1:`
    std::string text() const;
    // The same as one JSON object and its line end.
    std::string json() const;

  private:
    std::string what_;
    State state_ = State::ok;
    std::vector<std::string> reasons_;
    std::vector<std::string> remarks_;
    std::vector<Figure> figures_;
};

}  // namespace airy::tools::check
