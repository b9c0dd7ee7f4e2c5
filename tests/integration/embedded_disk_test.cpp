// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The embedded broker on a full disk, and with files of other programs.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "mq/broker.hpp"
#include "temporary_directory.hpp"
#include "util/error.hpp"

namespace airy::mq {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<Broker> broker(const std::string& file) {
    Endpoint endpoint;
    endpoint.url = "sqlite:" + file;
    return connect(endpoint);
}

// Limits the size of this process's files, as a full disk does (setrlimit(2), RLIMIT_FSIZE).
void limit_files(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = bytes;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

// The outcome of one message with this body.
PublisherEvent publish(Publisher& publisher, const std::string& queue, const std::string& body) {
    event::Message message;
    message.topic = queue;
    message.body = body;
    message.properties.delivery_mode = 2;
    REQUIRE(publisher.try_submit(message) != 0);
    pollfd ready{publisher.event_fd(), POLLIN, 0};
    ::poll(&ready, 1, 60'000);
    auto events = publisher.take();
    for (const auto& event : events)
        if (const auto* lost = std::get_if<Lost>(&event)) std::rethrow_exception(lost->error);
    REQUIRE(events.size() == 1);
    return std::move(events[0]);
}

std::string refused_with(ErrorKind kind, const std::string& file) {
    try {
        broker(file)->topology();
    } catch (const Error& error) {
        CHECK(error.kind() == kind);
        CHECK_FALSE(error.hint().empty());
        return error.what();
    }
    FAIL("the file was accepted");
    return {};
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

void make_database(const std::string& file, const char* sql) {
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
    CHECK(sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(db);
}

}  // namespace

TEST_CASE("on a full disk only stored messages are confirmed, and service goes on afterwards") {
    test::BrokerDirectory directory;
    const auto the_broker = broker(directory.file());
    QueueSpec spec;
    spec.name = "work";
    the_broker->topology()->declare_queue(spec);
    const auto publisher = the_broker->publisher({});
    std::set<std::string> confirmed;
    limit_files(3 << 20);
    bool refused = false;
    for (int i = 0; i < 2000 && !refused; ++i) {
        const auto body = std::to_string(i) + std::string(10'000, 'x');
        const auto event = publish(*publisher, "work", body);
        refused = std::holds_alternative<Refused>(event);
        if (std::holds_alternative<Confirmed>(event)) confirmed.insert(body);
    }
    CHECK(refused);
    CHECK(std::holds_alternative<Refused>(publish(*publisher, "work", std::string(10'000, 'y'))));

    limit_files(RLIM_INFINITY);
    CHECK(std::holds_alternative<Confirmed>(publish(*publisher, "work", "after")));
    confirmed.insert("after");
    SubscribeOptions options;
    options.queue = "work";
    const auto subscription = the_broker->subscribe(options);
    std::set<std::string> got;
    while (got.size() < confirmed.size()) {
        pollfd ready{subscription->event_fd(), POLLIN, 0};
        REQUIRE(::poll(&ready, 1, 60'000) == 1);
        for (auto& event : subscription->take()) {
            auto& delivered = std::get<Delivered>(event);
            subscription->settle(delivered.handle, Disposition::ack);
            got.insert(std::move(delivered.message.body));
        }
    }
    CHECK(std::includes(got.begin(), got.end(), confirmed.begin(), confirmed.end()));
    CHECK(subscription->close(10s));
}

TEST_CASE("a consumer on a full disk settles when there is room again") {
    test::BrokerDirectory directory;
    const auto the_broker = broker(directory.file());
    QueueSpec spec;
    spec.name = "work";
    const auto topology = the_broker->topology();
    topology->declare_queue(spec);
    const auto publisher = the_broker->publisher({});
    CHECK(std::holds_alternative<Confirmed>(publish(*publisher, "work", "one")));
    SubscribeOptions options;
    options.queue = "work";
    const auto subscription = the_broker->subscribe(options);
    pollfd ready{subscription->event_fd(), POLLIN, 0};
    REQUIRE(::poll(&ready, 1, 60'000) == 1);
    auto events = subscription->take();
    REQUIRE(events.size() == 1);
    limit_files(4096);
    subscription->settle(std::get<Delivered>(events[0]).handle, Disposition::ack);
    CHECK(std::holds_alternative<Refused>(publish(*publisher, "work", "two")));
    limit_files(RLIM_INFINITY);
    CHECK(subscription->close(20s));
    CHECK(topology->check_queue("work").ready == 0);
}

TEST_CASE("files and modes: only their owner may read them") {
    test::BrokerDirectory directory;
    ::umask(0);
    const auto the_broker = broker(directory.file());
    QueueSpec spec;
    spec.name = "work";
    the_broker->topology()->declare_queue(spec);
    SubscribeOptions options;
    options.queue = "work";
    const auto subscription = the_broker->subscribe(options);
    int files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory.path())) {
        struct stat status {};
        REQUIRE(::lstat(entry.path().c_str(), &status) == 0);
        CAPTURE(entry.path().string());
        CHECK((status.st_mode & 0777) == (S_ISDIR(status.st_mode) ? 0700 : 0600));
        ++files;
    }
    CHECK(files == 6);  // the file, -wal, -shm, -run, the bell and one beacon
}

TEST_CASE("a file that is not a broker's is refused with the reason") {
    test::BrokerDirectory directory;
    const auto file = directory.file();
    const auto text = [&](const std::string& content) {
        std::ofstream(file, std::ios::trunc) << content;
    };
    CHECK(has(refused_with(ErrorKind::unreachable, directory.path() + "/no/airy.db"),
              "No such file or directory"));
    CHECK(has(refused_with(ErrorKind::unreachable, directory.path()), "Is a directory"));
    text(std::string(5000, 'n'));
    CHECK(has(refused_with(ErrorKind::unreachable, file), "no database"));
    std::filesystem::remove(file);
    make_database(file, "CREATE TABLE other (id)");
    CHECK(has(refused_with(ErrorKind::unreachable, file), "another program's"));
    std::filesystem::remove(file);
    make_database(file, "PRAGMA application_id = 1634300537; PRAGMA user_version = 2");
    CHECK(has(refused_with(ErrorKind::unreachable, file), "layout 2"));
    std::filesystem::remove(file);
    text("");  // as mktemp leaves it
    broker(file)->topology()->check_exchange("amq.topic");
}

TEST_CASE("a damaged file is an error, not a crash") {
    test::BrokerDirectory directory;
    const auto file = directory.file();
    {
        const auto the_broker = broker(file);
        QueueSpec spec;
        spec.name = "work";
        the_broker->topology()->declare_queue(spec);
    }
    make_database(file, "PRAGMA wal_checkpoint(TRUNCATE)");
    const auto size = std::filesystem::file_size(file);
    std::fstream damaged(file, std::ios::in | std::ios::out | std::ios::binary);
    damaged.seekp(4096);
    damaged << std::string(size - 4096, '\x5a');
    damaged.close();
    CHECK_THROWS_AS(broker(file)->topology()->check_queue("work"), Error);
}

}  // namespace airy::mq
