// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace airy::test {

// A directory that is removed with all it holds at the end; short enough for socket addresses.
class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        char name[] = "/tmp/airy-test-XXXXXX";
        path_ = ::mkdtemp(name);
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    const std::string& path() const noexcept { return path_; }

  private:
    std::string path_;
};

// Sets an environment variable (nullptr: unsets it) and puts it back at the end.
class ScopedVariable {
  public:
    ScopedVariable(const char* name, const char* value) : name_(name) {
        const char* former = std::getenv(name);
        had_ = former != nullptr;
        if (had_) former_ = former;
        if (value != nullptr)
            ::setenv(name, value, 1);
        else
            ::unsetenv(name);
    }
    ~ScopedVariable() {
        if (had_)
            ::setenv(name_, former_.c_str(), 1);
        else
            ::unsetenv(name_);
    }
    ScopedVariable(const ScopedVariable&) = delete;
    ScopedVariable& operator=(const ScopedVariable&) = delete;

  private:
    const char* name_;
    bool had_ = false;
    std::string former_;
};

}  // namespace airy::test
