// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "inspect/control_client.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <nlohmann/json.hpp>
#include <tuple>

#include "inspect/consumer_json.hpp"
#include "inspect/control_directory.hpp"
#include "util/error.hpp"
#include "util/json_writer.hpp"
#include "util/text.hpp"

namespace airy::inspect {
namespace {

namespace asio = boost::asio;
using Protocol = asio::local::stream_protocol;
using nlohmann::json;

constexpr std::size_t answer_limit = 1 << 20;  // bytes

// The result of asking on one socket.
struct Reply {
    enum class State { silent, gone, answered };
    State state = State::silent;
    std::string line;
};

asio::awaitable<void> ask(std::string path, std::string request, Reply& reply) {
    Protocol::socket socket(co_await asio::this_coro::executor);
    try {
        const Protocol::endpoint endpoint(path);
        co_await socket.async_connect(endpoint, asio::use_awaitable);
    } catch (const boost::system::system_error& error) {
        // No process has the socket open, or the socket is gone.
        if (error.code() == asio::error::connection_refused ||
            error.code() == boost::system::errc::no_such_file_or_directory)
            reply.state = Reply::State::gone;
        co_return;
    }
    try {
        co_await asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
        std::string line;
        auto buffer = asio::dynamic_buffer(line, answer_limit);
        const auto size =
            co_await asio::async_read_until(socket, buffer, '\n', asio::use_awaitable);
        reply.line = line.substr(0, size - 1);
        reply.state = Reply::State::answered;
    } catch (const boost::system::system_error&) {
        // The consumer ended meanwhile or drops its clients: as good as no answer.
    }
}

std::vector<Reply> ask_all(const std::vector<std::string>& paths, const std::string& request,
                           std::chrono::milliseconds deadline) {
    std::vector<Reply> replies(paths.size());
    asio::io_context io;
    for (std::size_t i = 0; i < paths.size(); ++i)
        asio::co_spawn(io, ask(paths[i], request, replies[i]), asio::detached);
    io.run_for(deadline);
    return replies;
}

std::string request_line(ControlOperation operation, std::size_t size) {
    const auto name = [](std::string_view op) { return util::JsonObject().add("op", op); };
    switch (operation) {
        case ControlOperation::status:
            return name("status").line();
        case ControlOperation::resize:
            return name("resize").add("size", size).line();
        case ControlOperation::pause:
            return name("pause").line();
        case ControlOperation::resume:
            return name("resume").line();
        case ControlOperation::drain:
            break;
    }
    return name("drain").line();
}

// The status in an answer. Throws the consumer's refusal, or Error{general} when the text is not an
// answer.
work::ConsumerStatus status_in(const std::string& line) {
    const json answer = json::parse(line, nullptr, false);
    if (answer.is_object() && answer.contains("status") && answer["status"].is_object())
        return parse_consumer_status(answer["status"].dump());
    if (!answer.is_object() || !answer.contains("error") || !answer["error"].is_string())
        throw Error(ErrorKind::general, "the answer on the control socket is not a consumer's");
    auto reason = Reason::general;
    if (const auto found = answer.find("reason"); found != answer.end() && found->is_string())
        reason = reason_of(found->get_ref<const std::string&>()).value_or(Reason::general);
    std::string hint;
    if (const auto found = answer.find("hint"); found != answer.end() && found->is_string())
        hint = found->get<std::string>();
    throw Error(reason, util::printable(answer["error"].get<std::string>()), util::printable(hint));
}

// Consumers of several containers, which number their processes alike.
Error same_pid(const std::vector<const Consumer*>& consumers) {
    std::string paths;
    for (const auto* consumer : consumers)
        paths += fmt::format("{}{}", paths.empty() ? "" : ", ", util::printable(consumer->path));
    return Error(ErrorKind::usage,
                 fmt::format("{} consumers have the pid {}: {}", consumers.size(),
                             consumers.front()->pid, paths),
                 "they run in several containers: give the path of the socket instead");
}

std::string who_runs(const std::vector<Consumer>& consumers) {
    if (consumers.empty()) return std::string(none_seen);
    std::string text = "these run:";
    constexpr std::size_t shown = 5;
    for (std::size_t i = 0; i < std::min(shown, consumers.size()); ++i)
        text += fmt::format("{} {} ({})", i > 0 ? "," : "", util::printable(consumers[i].name, 60),
                            consumers[i].pid);
    if (consumers.size() > shown) text += fmt::format(", and {} more", consumers.size() - shown);
    return text;
}

}  // namespace

std::vector<Consumer> list_consumers(std::chrono::milliseconds deadline) {
    const auto sockets = control_sockets();
    std::vector<std::string> paths;
    for (const auto& socket : sockets)
        paths.push_back(socket.path);
    const auto replies = ask_all(paths, request_line(ControlOperation::status, 0), deadline);

    std::vector<Consumer> consumers;
    for (std::size_t i = 0; i < sockets.size(); ++i) {
        if (replies[i].state == Reply::State::gone) {
            ::unlink(sockets[i].path.c_str());
            continue;
        }
        Consumer consumer{sockets[i].name, sockets[i].pid, sockets[i].path, {}};
        if (replies[i].state == Reply::State::answered) {
            try {
                consumer.status = status_in(replies[i].line);
                consumer.name = consumer.status->name;
            } catch (const Error&) {
                // Not an answer: the consumer is listed as one that does not answer.
            }
        }
        consumers.push_back(std::move(consumer));
    }
    std::ranges::sort(consumers, {}, [](const Consumer& consumer) {
        return std::tie(consumer.name, consumer.pid);
    });
    return consumers;
}

bool is_named(const Consumer& consumer, std::string_view name) {
    if (consumer.status) return consumer.name == name;
    return consumer.name == name || may_be_socket_of(consumer.path, name, consumer.pid);
}

const Consumer& find_consumer(const std::vector<Consumer>& consumers, std::string_view who) {
    std::vector<const Consumer*> found;
    for (const auto& consumer : consumers)
        if (std::to_string(consumer.pid) == who || consumer.path == who) found.push_back(&consumer);
    if (found.size() > 1) throw same_pid(found);
    if (!found.empty()) return *found.front();
    for (const auto& consumer : consumers)
        if (is_named(consumer, who)) found.push_back(&consumer);
    if (found.empty())
        throw Error(Reason::consumer_not_found,
                    fmt::format("no consumer '{}' is seen from here", util::printable(who)),
                    who_runs(consumers));
    if (found.size() > 1 && std::ranges::all_of(found, [&found](const auto* consumer) {
            return consumer->pid == found.front()->pid;
        }))
        throw same_pid(found);
    if (found.size() > 1) {
        std::string pids;
        for (const auto* consumer : found)
            pids += fmt::format("{}{}", pids.empty() ? "" : ", ", consumer->pid);
        throw Error(Reason::several_consumers,
                    fmt::format("{} consumers are named '{}': pids {}", found.size(),
                                util::printable(who), pids),
                    "give the pid instead of the name");
    }
    return *found.front();
}

namespace {

work::ConsumerStatus request(const Consumer& consumer, const std::string& line,
                             std::chrono::milliseconds deadline) {
    const auto reply = ask_all({consumer.path}, line, deadline).front();
    const auto who =
        fmt::format("consumer '{}' ({})", util::printable(consumer.name), consumer.pid);
    if (reply.state == Reply::State::gone)
        throw Error(Reason::consumer_not_found, who + " has ended");
    if (reply.state == Reply::State::silent)
        throw Error(ErrorKind::timeout,
                    fmt::format("{} does not answer (waited {:.3g} s)", who,
                                std::chrono::duration<double>(deadline).count()),
                    "is it stopped (SIGSTOP), or hung?");
    return status_in(reply.line);
}

}  // namespace

work::ConsumerStatus control(const Consumer& consumer, ControlOperation operation, std::size_t size,
                             std::chrono::milliseconds deadline) {
    return request(consumer, request_line(operation, size), deadline);
}

work::ConsumerStatus cancel(const Consumer& consumer, std::string_view id, work::AfterCancel then,
                            std::chrono::milliseconds deadline) {
    const auto line = util::JsonObject()
                          .add("op", "cancel")
                          .add("id", id)
                          .add("dead_letter", then == work::AfterCancel::dead_letter)
                          .line();
    return request(consumer, line, deadline);
}

}  // namespace airy::inspect
