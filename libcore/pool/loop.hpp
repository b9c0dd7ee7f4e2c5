// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

namespace airy::pool {

// An io_context and the one thread that runs it, from the construction of this object to its
// destruction. Any thread may post to the context.
class Loop {
  public:
    Loop();
    ~Loop();  // stops the loop; handlers that are left on it do not run
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    boost::asio::io_context& context() noexcept { return context_; }

  private:
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::thread thread_;
};

}  // namespace airy::pool
