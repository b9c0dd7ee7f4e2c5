// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <thread>
#include <vector>

namespace airy::work {

// The threads on which processes are started: a start blocks its thread until the child has called
// exec. There is one from the beginning, and more, up to four, while several starts are under way;
// where the system gives no more, those that exist do all. Loop thread only.
class StartThreads {
  public:
    // Throws Error{general} that names the limit, when the system gives no thread.
    StartThreads();
    // Waits for the starts under way.
    ~StartThreads();
    StartThreads(const StartThreads&) = delete;
    StartThreads& operator=(const StartThreads&) = delete;

    // One start, as long as it is under way.
    class Turn {
      public:
        explicit Turn(StartThreads& threads);
        ~Turn() { --threads_.turns_; }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;

      private:
        StartThreads& threads_;
    };

    boost::asio::io_context& context() noexcept { return context_; }

  private:
    void add();

    const std::size_t most_;
    boost::asio::io_context context_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::vector<std::thread> threads_;
    std::size_t turns_ = 0;
};

}  // namespace airy::work
