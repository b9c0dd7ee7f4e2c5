// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/place.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "mq/embedded/lock_holders.hpp"
#include "mq/embedded/schema.hpp"
#include "mq/embedded/store.hpp"
#include "temporary_directory.hpp"
#include "util/error.hpp"

namespace airy::mq::embedded {
namespace {

class Place {
  public:
    std::string at(const std::string& name) const { return directory_.path() + "/" + name; }
    Location location(const std::string& name) const {
        return parse_location("sqlite:" + at(name));
    }
    std::string refusal(const std::string& name) const {
        try {
            const Store store(location(name));
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::unreachable);
            return error.what() + (" / " + error.hint());
        }
        return "none";
    }

  private:
    test::TemporaryDirectory directory_;
};

bool contains(const std::string& text, std::string_view part) {
    CAPTURE(text);
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a file with two names is refused by both, and taken again with one") {
    const Place place;
    { const Store made(place.location("a.db")); }
    std::filesystem::create_hard_link(place.at("a.db"), place.at("b.db"));
    for (const auto* const name : {"a.db", "b.db"}) {
        const auto refusal = place.refusal(name);
        CHECK(contains(refusal, "2 names (hard links)"));
        CHECK(contains(refusal, "mount the directory"));
    }
    CHECK_FALSE(std::filesystem::exists(place.at("b.db-wal")));
    CHECK_FALSE(std::filesystem::exists(place.at("b.db-run")));
    std::filesystem::remove(place.at("b.db"));
    CHECK(place.refusal("a.db") == "none");
}

TEST_CASE("a log with two names is refused") {
    const Place place;
    const Store open(place.location("a.db"));
    std::filesystem::create_hard_link(place.at("a.db-wal"), place.at("copy"));
    CHECK(contains(place.refusal("a.db"), "a.db-wal: it has 2 names"));
}

TEST_CASE("symbolic links lead to one path") {
    const Place place;
    std::filesystem::create_directory(place.at("real"));
    std::filesystem::create_directory_symlink("real", place.at("other"));
    const Store real(place.location("real/a.db"));
    std::filesystem::create_symlink("real/a.db", place.at("link.db"));
    const Store by_link(place.location("link.db"));
    const Store by_directory(place.location("other/a.db"));
    CHECK(by_link.directory() == real.directory());
    CHECK(by_directory.directory() == real.directory());
    CHECK_FALSE(std::filesystem::exists(place.at("link.db-run")));
}

TEST_CASE("what is no file is refused in true words") {
    const Place place;
    std::filesystem::create_symlink("nowhere", place.at("link.db"));
    CHECK(contains(place.refusal("link.db"), "symbolic link to a file that does not exist"));
    std::filesystem::create_directory(place.at("dir.db"));
    CHECK(contains(place.refusal("dir.db"), "Is a directory"));
    CHECK(contains(place.refusal("missing/a.db"), "No such file or directory"));
    auto kept = place.location("b.db");
    kept.create = false;
    CHECK_THROWS_WITH_AS(find_place(kept), doctest::Contains("No such file"), Error);
    CHECK_FALSE(std::filesystem::exists(place.at("b.db")));
}

TEST_CASE("mount points are read from the system's list") {
    constexpr auto list =
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        "90 22 8:1 /srv/a.db /data/a.db rw - ext4 /dev/sda1 rw\n"
        "91 22 8:1 /srv/b.db /data/with\\040space\\134.db rw - ext4 /dev/sda1 rw\n";
    CHECK(is_mount_point(list, "/data/a.db"));
    CHECK(is_mount_point(list, "/data/with space\\.db"));
    CHECK_FALSE(is_mount_point(list, "/srv/a.db"));
    CHECK_FALSE(is_mount_point(list, "/data"));
    CHECK_FALSE(is_mount_point("", "/data/a.db"));
}

TEST_CASE("file systems of several hosts are known by their numbers") {
    CHECK(shared_file_system(0x6969) == "NFS");
    CHECK(shared_file_system(static_cast<long>(static_cast<int>(0xff534d42))) == "SMB");
    CHECK(shared_file_system(0xef53).empty());      // ext4
    CHECK(shared_file_system(0x01021994).empty());  // tmpfs
    CHECK(shared_file_system(0x794c7630).empty());  // overlayfs
}

TEST_CASE("the holders of a lock are read from the system's list") {
    constexpr auto list =
        "1: POSIX  ADVISORY  READ 21 08:01:77 124 124\n"
        "2: POSIX  ADVISORY  WRITE 22 08:01:77 120 120\n"
        "2: -> POSIX  ADVISORY  WRITE 23 08:01:77 120 120\n"
        "3: FLOCK  ADVISORY  WRITE 24 08:01:77 0 EOF\n"
        "4: POSIX  ADVISORY  WRITE 25 08:01:78 120 120\n"
        "5: POSIX  ADVISORY  READ 21 08:01:77 125 EOF\n"
        "6: POSIX  ADVISORY  WRITE -1 08:01:77 120 120\n";
    CHECK(lock_holders(list, 77, 120, 120) == std::vector<pid_t>{22});
    CHECK(lock_holders(list, 77, 124, 127) == std::vector<pid_t>{21});
    CHECK(lock_holders(list, 79, 0, 200).empty());
    CHECK(lock_holders("", 77, 120, 120).empty());
}

TEST_CASE("a file of an earlier airy gains what it lacks, and keeps its messages") {
    const Place place;
    {
        Store store(place.location("a.db"));
        store.db().run(
            "INSERT INTO message (id, deliveries, exchange, topic, meta, body) VALUES "
            "(7, 0, '', 't', x'00', x'61')");
        store.db().run("ALTER TABLE message DROP COLUMN arrived_at");
        CHECK(look_at_file(store.db()) == FileState::older);
    }
    Store store(place.location("a.db"));
    CHECK(look_at_file(store.db()) == FileState::ready);
    CHECK(store.db().value("SELECT count(*) FROM message WHERE arrived_at IS NULL") == 1);
}

}  // namespace airy::mq::embedded
