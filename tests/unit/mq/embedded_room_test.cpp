// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// Much is removed: the file shrinks, step by step.
#include "mq/embedded/room.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "mq/embedded/expiry.hpp"
#include "mq/embedded/messages.hpp"
#include "mq/embedded/queue_rows.hpp"
#include "mq/embedded/schema.hpp"
#include "mq/embedded/sessions.hpp"
#include "mq/embedded/topology.hpp"
#include "temporary_directory.hpp"

namespace airy::mq::embedded {
namespace {

constexpr int many = 3000;  // more than one transaction removes

class FullFile {
  public:
    FullFile() {
        for (const auto* const name : {"work", "other"}) {
            QueueSpec spec;
            spec.name = name;
            Change change(store, catalogue);
            create_queue_rows(change, normalized(spec), std::nullopt);
            change.commit();
        }
        put("other", 1);
        put("work", many);
    }
    void put(const std::string& queue, int times) {
        Change change(store, catalogue);
        const std::string meta(1, '\0');  // no properties
        const std::string body(4000, 'x');
        for (int i = 0; i < times; ++i)
            put_message(change, *change.counts(change.catalogue().queue(queue)->id),
                        {"", queue, meta, body});
        change.commit();
    }
    std::int64_t messages() { return *store.db().value("SELECT count(*) FROM message"); }
    std::uintmax_t size() const { return std::filesystem::file_size(location.path); }

    test::TemporaryDirectory directory;
    const Location location = parse_location("sqlite:" + directory.path() + "/airy.db");
    Store store{location};
    Catalogue catalogue;
};

constexpr std::uintmax_t little = 2 << 20;

}  // namespace

TEST_CASE("a purged queue gives its room back") {
    FullFile file;
    file.store.checkpoint_all();
    CHECK(file.size() > many * 4000);
    CHECK(EmbeddedTopology(file.location).purge_queue("work") == many);
    CHECK(file.messages() == 1);
    CHECK(file.size() < little);
    file.put("work", 10);
    CHECK(EmbeddedTopology(file.location).check_queue("work").ready == 10);
}

TEST_CASE("a deleted queue gives its room back, and its name and number are free") {
    FullFile file;
    EmbeddedTopology topology(file.location);
    CHECK(topology.delete_queue("work", false, false) == many);
    CHECK(file.messages() == 1);
    CHECK(file.store.db().value("SELECT count(*) FROM queue") == 1);
    CHECK(file.store.db().value("SELECT count(*) FROM due") == 0);
    CHECK(file.size() < little);
}

TEST_CASE("a queue deleted in passing goes step by step, and its messages do not come back") {
    FullFile file;
    {
        Change change(file.store, file.catalogue);
        CHECK(delete_queue_rows(change, *change.catalogue().queue("work")) == many);
        change.commit();
    }
    CHECK(file.messages() > 1);
    CHECK(file.messages() < many);
    EmbeddedTopology topology(file.location);
    CHECK(topology.contents().queues.size() == 1);
    QueueSpec again;
    again.name = "work";
    CHECK(topology.declare_queue(again).ready == 0);
    file.put("work", 1);
    for (int i = 0; file.store.db().value("SELECT 1 FROM due") && i < 10; ++i) {
        file.store.db().run("UPDATE due SET at = 0");
        catch_up(file.store, file.catalogue);
    }
    CHECK(file.messages() == 2);
    CHECK(file.store.db().value("SELECT count(*) FROM queue") == 2);
    CHECK(topology.check_queue("work").ready == 1);
}

TEST_CASE("the room for new messages stays") {
    FullFile file;
    file.store.db().run("DELETE FROM message");
    CHECK_FALSE(give_back_part(file.store, Keep::for_new_messages));
    CHECK(give_back_part(file.store, Keep::little));
}

}  // namespace airy::mq::embedded
