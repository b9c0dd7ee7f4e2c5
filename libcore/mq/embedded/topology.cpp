// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/topology.hpp"

#include <fmt/format.h>

#include <chrono>

#include "mq/embedded/errors.hpp"
#include "mq/embedded/expiry.hpp"
#include "mq/embedded/look.hpp"
#include "mq/embedded/messages.hpp"
#include "mq/embedded/queue_rows.hpp"
#include "mq/embedded/retention.hpp"
#include "mq/embedded/room.hpp"
#include "mq/embedded/schema.hpp"
#include "mq/steps.hpp"
#include "util/error.hpp"
#include "util/text.hpp"
#include "util/uuid.hpp"

namespace airy::mq::embedded {
namespace {

constexpr std::chrono::milliseconds close_patience{250};

void refuse_default_exchange(const std::string& name, std::string_view action) {
    if (name.empty())
        throw Error(ErrorKind::unreachable,
                    fmt::format("cannot {} the default exchange: it leads to every queue by the "
                                "queue's name, and to nothing else",
                                action));
}

}  // namespace

EmbeddedTopology::EmbeddedTopology(const Location& location) : store_(location) {
    if (has_wanted_retention(store_)) return;
    Change change(store_, catalogue_);
    set_retention(change);
    change.commit();
}

EmbeddedTopology::~EmbeddedTopology() {
    if (!session_) return;
    const Store::Patience brief(store_, close_patience);
    try {
        Change change(store_, catalogue_);
        end_session(change, session_->id);
        commit_and_bury(change);
    } catch (const Error&) {
        // Another process finds this session dead and ends it.
    }
}

// Commits. With sync=full the change is on the disk before the answer, since publishers rely on it.
void EmbeddedTopology::finish(Change& change) {
    commit_and_bury(change);
    if (store_.location().sync == Sync::full) store_.sync();
}

std::optional<std::int64_t> EmbeddedTopology::my_session() const {
    return session_ ? std::optional(session_->id) : std::nullopt;
}

void EmbeddedTopology::declare_exchange(const ExchangeSpec& spec) {
    refuse_default_exchange(spec.name, "declare");
    if (is_declared(spec)) return log_declared(spec);
    Change change(store_, catalogue_);
    declare_exchange_row(change, spec);
    finish(change);
    log_declared(spec);
}

// Needs no lock, unlike a Change.
bool EmbeddedTopology::is_declared(const ExchangeSpec& spec) {
    const Reading reading(store_);
    catalogue_.refresh(store_.db());
    return has_exchange(catalogue_, spec);
}

void EmbeddedTopology::check_exchange(const std::string& name) {
    const Reading reading(store_);
    catalogue_.refresh(store_.db());
    existing_exchange(catalogue_, "find the exchange", name);
}

// Within a Reading, or within a Change that has not touched the queue yet.
QueueState EmbeddedTopology::state_of(const QueueInfo& queue) {
    QueueState state;
    state.name = queue.spec.name;
    auto row = store_.db().query(
        "SELECT ready, (SELECT count(*) FROM consumer WHERE queue = ?1) FROM queue WHERE id = ?1",
        queue.id);
    if (!row.next()) return state;
    state.ready = static_cast<std::uint64_t>(row.integer(0));
    state.consumers = static_cast<std::uint32_t>(row.integer(1));
    return state;
}

QueueState EmbeddedTopology::declare_queue(const QueueSpec& wanted) {
    auto spec = normalized(wanted);
    if (spec.name.empty()) spec.name = "amq.gen-" + util::uuid_v4();
    catch_up_all(store_, catalogue_);
    Change change(store_, catalogue_);
    const auto* queue = change.catalogue().queue(spec.name);
    if (queue == nullptr) {
        const auto name = spec.name;
        auto fresh = create_queue(change, spec);
        finish(change);
        if (fresh) session_ = std::move(fresh);  // not before the commit
        const QueueState state{name, 0, 0};
        log_declared(wanted, state);
        return state;
    }
    whole_queue(change.catalogue(), "declare the queue", spec.name, my_session());
    const auto differs = differences(queue->spec, spec);
    if (!differs.empty())
        throw Error(Reason::differs,
                    fmt::format("cannot declare the queue '{}': it is there already, and its {}",
                                util::printable(spec.name), fmt::join(differs, ", its ")),
                    "it exists with other properties: use those, or another name")
            .about(spec.name);
    const auto state = state_of(*queue);
    if (queue->policy.expires && state.consumers == 0)
        change.set_due(queue->id, Due::queue, change.now() + *queue->policy.expires);
    change.commit();
    log_declared(wanted, state);
    return state;
}

// Returns a new session when the queue is exclusive and there was none yet.
std::optional<Session> EmbeddedTopology::create_queue(Change& change, const QueueSpec& spec) {
    std::optional<Session> fresh;
    if (spec.exclusive && !session_) fresh = begin_session(change);
    const auto owner = fresh ? std::optional(fresh->id) : my_session();
    create_queue_rows(change, spec, spec.exclusive ? owner : std::nullopt);
    return fresh;
}

QueueState EmbeddedTopology::check_queue(const std::string& name) {
    catch_up_if_free(store_, catalogue_);
    const Reading reading(store_);
    catalogue_.refresh(store_.db());
    const auto state = state_of(open_queue(catalogue_, "find the queue", name, my_session()));
    log_looked_at(state);
    return state;
}

void EmbeddedTopology::bind(const std::string& queue, const std::string& exchange,
                            const std::string& pattern) {
    refuse_default_exchange(exchange, "bind to");
    Change change(store_, catalogue_);
    const auto& to = open_queue(change.catalogue(), "bind the queue", queue, my_session());
    const auto& from = existing_exchange(change.catalogue(), "bind to the exchange", exchange);
    add_binding_row(change, to.id, from.id, pattern);
    finish(change);
    log_bound(queue, exchange, pattern);
}

void EmbeddedTopology::unbind(const std::string& queue, const std::string& exchange,
                              const std::string& pattern) {
    refuse_default_exchange(exchange, "unbind from");
    Change change(store_, catalogue_);
    const auto& to = open_queue(change.catalogue(), "unbind the queue", queue, my_session());
    const auto& from = existing_exchange(change.catalogue(), "unbind from the exchange", exchange);
    change.db().run("DELETE FROM binding WHERE exchange = ?1 AND pattern = ?2 AND queue = ?3",
                    from.id, pattern, to.id);
    change.topology_changed();
    finish(change);
}

std::uint64_t EmbeddedTopology::delete_queue(const std::string& name, bool if_empty,
                                             bool if_unused) {
    catch_up_all(store_, catalogue_);
    Change change(store_, catalogue_);
    const auto& queue = open_queue(change.catalogue(), "delete the queue", name, my_session());
    const auto state = state_of(queue);
    const auto refuse = [&name](std::string_view why) {
        throw Error(Reason::in_use,
                    fmt::format("cannot delete the queue '{}': it {}", util::printable(name), why));
    };
    if (if_unused && state.consumers > 0) refuse("is in use");
    if (if_empty && state.ready > 0) refuse("is not empty");
    const auto id = queue.id;
    const auto count = static_cast<std::uint64_t>(delete_queue_rows(change, queue));
    finish(change);
    log_deleted(name, count);
    remove_all_remains(id);
    return count;
}

// The queue is deleted already. What cannot be done now is left to other processes.
void EmbeddedTopology::remove_all_remains(std::int64_t queue) try {
    for (bool left = true; left;) {
        const auto begin = std::chrono::steady_clock::now();
        Change change(store_, catalogue_);
        left = remove_remains(change, queue);
        commit_and_bury(change);
        store_.checkpoint_early();
        if (left) let_others_write(begin);
    }
    give_back_all(store_);
} catch (const Locked&) {
} catch (const DiskFull&) {
}

std::uint64_t EmbeddedTopology::purge_queue(const std::string& name) {
    catch_up_all(store_, catalogue_);
    std::uint64_t purged = 0;
    std::optional<std::int64_t> left;  // messages that arrive during the purge stay
    while (true) {
        const auto begin = std::chrono::steady_clock::now();
        std::size_t removed = 0;
        {
            Change change(store_, catalogue_);
            const auto& info =
                open_queue(change.catalogue(), "purge the queue", name, my_session());
            auto& queue = *change.counts(info.id);
            if (!left) left = queue.ready;
            removed = remove_ready(change, queue, static_cast<std::size_t>(*left));
            commit_and_bury(change);
        }
        store_.checkpoint_early();
        purged += removed;
        *left -= static_cast<std::int64_t>(removed);
        if (removed == 0 || *left <= 0) break;
        let_others_write(begin);
    }
    if (store_.location().sync == Sync::full) store_.sync();
    log_purged(name, purged);
    give_back_all(store_);
    return purged;
}

void EmbeddedTopology::delete_exchange(const std::string& name) {
    refuse_default_exchange(name, "delete");
    Change change(store_, catalogue_);
    const auto& exchange = existing_exchange(change.catalogue(), "delete the exchange", name);
    if (name.starts_with("amq."))
        throw Error(ErrorKind::unreachable,
                    fmt::format("cannot delete the exchange '{}': it is the broker's own",
                                util::printable(name)));
    change.db().run("DELETE FROM binding WHERE exchange = ?1", exchange.id);
    change.db().run("DELETE FROM exchange WHERE id = ?1", exchange.id);
    change.topology_changed();
    finish(change);
}

Contents EmbeddedTopology::contents() {
    catch_up_if_free(store_, catalogue_);
    const Reading reading(store_);
    auto& db = store_.db();
    catalogue_.refresh(db);
    Contents out;
    auto exchanges = db.query("SELECT name, type, durable FROM exchange ORDER BY name");
    while (exchanges.next())
        out.exchanges.push_back({std::string(exchanges.text(0)), std::string(exchanges.text(1)),
                                 exchanges.integer(2) != 0});
    for (const auto& [name, info] : catalogue_.queues()) {
        auto row = db.query("SELECT unacked, bytes FROM queue WHERE id = ?1", info.id);
        if (!row.next()) continue;
        const auto state = state_of(info);
        out.queues.push_back({info.spec, state.ready, static_cast<std::uint64_t>(row.integer(0)),
                              state.consumers, static_cast<std::uint64_t>(row.integer(1)),
                              oldest_arrival(db, info)});
    }
    auto bindings = db.query(
        "SELECT e.name, q.name, b.pattern FROM binding AS b JOIN exchange AS e ON e.id = "
        "b.exchange "
        "JOIN queue AS q ON q.id = b.queue ORDER BY 1, 2, 3");
    while (bindings.next())
        out.bindings.push_back({std::string(bindings.text(0)), std::string(bindings.text(1)),
                                std::string(bindings.text(2))});
    return out;
}

std::string EmbeddedTopology::server() const {
    return fmt::format("airy's embedded broker (SQLite {})", sqlite3_libversion());
}

}  // namespace airy::mq::embedded
