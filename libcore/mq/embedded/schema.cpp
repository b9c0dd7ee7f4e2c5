// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/schema.hpp"

#include <fmt/core.h>

#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::mq::embedded {
namespace {

constexpr std::int64_t application_id = 0x61697279;  // "airy", in the file's header

// Times are milliseconds since 1970. `birth` differs between a queue and a later one of the same
// id. A delivered message stays where it is. In the fresh lane, a lease says which keys a session
// holds; in any other lane, `holder` is the session that holds the message.
constexpr const char* tables = R"(
CREATE TABLE setting (name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;
CREATE TABLE exchange (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, type TEXT NOT NULL,
    durable INTEGER NOT NULL);
CREATE TABLE queue (id INTEGER PRIMARY KEY, birth INTEGER NOT NULL, name TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL, durable INTEGER NOT NULL, auto_delete INTEGER NOT NULL, owner INTEGER,
    arguments BLOB NOT NULL, next INTEGER NOT NULL DEFAULT 1, cursor INTEGER NOT NULL DEFAULT 1,
    ready INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
    unacked INTEGER NOT NULL DEFAULT 0, expiring INTEGER NOT NULL DEFAULT 0);
CREATE TABLE binding (exchange INTEGER, pattern TEXT, queue INTEGER,
    PRIMARY KEY (exchange, pattern, queue)) WITHOUT ROWID;
CREATE INDEX binding_queue ON binding (queue);
CREATE TABLE message (id INTEGER PRIMARY KEY, deliveries INTEGER NOT NULL, holder INTEGER,
    expires_at INTEGER, arrived_at INTEGER, exchange TEXT NOT NULL, topic TEXT NOT NULL, meta BLOB NOT NULL,
    body BLOB NOT NULL);
CREATE TABLE session (id INTEGER PRIMARY KEY AUTOINCREMENT, beacon TEXT NOT NULL,
    pid INTEGER NOT NULL);
CREATE TABLE consumer (session INTEGER PRIMARY KEY, queue INTEGER NOT NULL,
    waiting INTEGER NOT NULL);
CREATE INDEX consumer_queue ON consumer (queue, waiting);
CREATE TABLE lease (session INTEGER, first INTEGER, last INTEGER, PRIMARY KEY (session, first))
    WITHOUT ROWID;
CREATE TABLE due (queue INTEGER, kind INTEGER, at INTEGER NOT NULL, PRIMARY KEY (queue, kind))
    WITHOUT ROWID;
CREATE INDEX due_at ON due (at);
CREATE TABLE published (id INTEGER PRIMARY KEY, exchange TEXT NOT NULL, topic TEXT NOT NULL,
    meta BLOB NOT NULL, body BLOB NOT NULL);
INSERT INTO exchange (name, type, durable) VALUES ('amq.direct', 'direct', 1),
    ('amq.fanout', 'fanout', 1), ('amq.topic', 'topic', 1);
INSERT INTO setting VALUES ('topology', 1), ('births', 0), ('retain_ms', 0), ('retain_bytes', 0),
    ('published_bytes', 0);
)";

// One consistent state of the file, as long as it lives.
class OneState {
  public:
    explicit OneState(Database& database) : database_(database) { database_.run("BEGIN"); }
    ~OneState() { sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr); }
    OneState(const OneState&) = delete;
    OneState& operator=(const OneState&) = delete;

  private:
    Database& database_;
};

void execute(Database& database, const char* sql) {
    const int code = sqlite3_exec(database.handle(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK)
        database.fail(sqlite3_extended_errcode(database.handle()), "cannot make the broker");
}

bool has_arrivals(Database& database) {
    return database.value("SELECT 1 FROM pragma_table_info('message') WHERE name = 'arrived_at'")
        .has_value();
}

}  // namespace

FileState look_at_file(Database& database) {
    // The three values are of one moment: another process may be making the file.
    const OneState state(database);
    const auto id = database.value("PRAGMA application_id").value_or(0);
    const auto version = database.value("PRAGMA user_version").value_or(0);
    if (id == application_id && version == schema_version)
        return has_arrivals(database) ? FileState::ready : FileState::older;
    const auto path = util::printable(database.path());
    if (id == application_id && version != 0)
        throw Error(ErrorKind::unreachable,
                    fmt::format("cannot use {}: it has layout {}, and this airy knows layout {}",
                                path, version, schema_version),
                    version > schema_version ? "a newer airy made it: use that one"
                                             : "an older airy made it: use that one")
            .as_permanent();
    if (id != 0 || version != 0 || database.value("SELECT count(*) FROM sqlite_schema") != 0)
        throw Error(Reason::file_of_another_program,
                    fmt::format("cannot use {}: it is another program's SQLite file", path),
                    "give another path")
            .as_permanent();
    return FileState::empty;
}

void create_schema(Database& database) {
    // Lets the file shrink. SQLite takes it only before the first table is made.
    execute(database, "PRAGMA auto_vacuum = INCREMENTAL");
    // The file keeps this mode. SQLite refuses it where processes cannot share memory.
    {
        auto mode = database.query("PRAGMA journal_mode = WAL");
        if (!mode.next() || mode.text(0) != "wal")
            throw Error(ErrorKind::unreachable,
                        fmt::format("cannot make a broker of {}: locks or shared memory do not "
                                    "work on its file system",
                                    util::printable(database.path())),
                        "put the file on a local disk");
    }
    execute(database, "BEGIN IMMEDIATE");
    execute(database, tables);
    execute(database, fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}; COMMIT",
                                  application_id, schema_version)
                          .c_str());
}

void add_columns(Database& database) {
    execute(database, "BEGIN IMMEDIATE");
    if (!has_arrivals(database))
        execute(database, "ALTER TABLE message ADD COLUMN arrived_at INTEGER");
    execute(database, "COMMIT");
}

}  // namespace airy::mq::embedded
