// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace airy::test {

// A directory that its destructor removes with all its files; its path fits socket addresses.
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

// A directory for the file of an embedded broker.
struct BrokerDirectory : TemporaryDirectory {
    std::string file() const { return path() + "/airy.db"; }
    std::string url() const { return "sqlite:" + file(); }
};

}  // namespace airy::test
