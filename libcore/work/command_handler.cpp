// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/command_handler.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>
#include <variant>

#include "event/event_id.hpp"
#include "event/message_line.hpp"
#include "util/text.hpp"
#include "work/exit_status.hpp"
#include "work/output_end.hpp"
#include "work/reply.hpp"

namespace airy::work {
namespace asio = boost::asio;
namespace {

constexpr std::size_t value_limit = 1024;
// After the request to stop: the wait for a reader that does not read our output.
constexpr std::chrono::seconds output_grace{1};

// Commands end a line of text with a line break, which is no part of a reply.
std::string reply_from(OutputCapture&& capture) {
    auto& bytes = capture.bytes;
    if (!capture.is_cut() && bytes.ends_with('\n') && util::is_utf8(bytes)) bytes.pop_back();
    return std::move(bytes);
}

std::string_view header_text(const event::HeaderTable& headers, std::string_view name) {
    for (const auto& [key, header] : headers)
        if (const auto* text = std::get_if<std::string>(&header.value); text && key == name)
            return *text;
    return {};
}

}  // namespace

std::string variable(std::string_view name, std::string_view value) {
    std::string text(name);
    text += '=';
    if (value.size() <= value_limit && value.find('\0') == value.npos) text += value;
    return text;
}

std::vector<std::string> message_environment(const mq::Delivered& delivered) {
    const auto& message = delivered.message;
    const auto& properties = message.properties;
    const auto id = event::id_of(message);
    std::vector<std::string> variables;
    variables.reserve(8);
    variables.push_back(variable("AIRY_TOPIC", message.topic));
    variables.push_back(variable("AIRY_EVENT_ID", id));
    variables.push_back(variable("AIRY_EVENT_TYPE", properties.type.value_or(message.topic)));
    variables.push_back(variable("AIRY_QUEUE", delivered.queue));
    variables.push_back(variable("AIRY_ATTEMPT", std::to_string(delivered.attempt())));
    variables.push_back(variable("AIRY_REDELIVERED", delivered.redelivered ? "true" : "false"));
    variables.push_back(variable("AIRY_MESSAGE_ID", id));
    variables.push_back(variable("AIRY_TRACEPARENT", header_text(message.headers, "traceparent")));
    return variables;
}

CommandHandler::CommandHandler(asio::io_context& loop, Timers& timers, Command command,
                               const CommandOptions& options, OutputStream& out, OutputStream& err)
    : runner_(loop, timers, std::move(command), options.child, out, err),
      out_(out),
      err_(err),
      tag_output_(options.tag_output),
      whole_message_(options.whole_message),
      most_of_reply_(options.most_of_reply),
      batch_(options.batch),
      split_notice_(timers.clock()) {}

asio::awaitable<HandlerResult> CommandHandler::run(const mq::Delivered& delivered) {
    const auto& message = delivered.message;
    const auto environment = message_environment(delivered);
    std::string tag;
    if (tag_output_)
        tag = "[" + util::printable(message.topic) + " " + util::printable(event::id_of(message)) +
              "] ";
    std::string line;
    if (whole_message_) {
        event::append_message_line(line, message, delivered.queue, delivered.redelivered,
                                   delivered.received_at);
        line += '\n';
    }
    const bool replies = most_of_reply_ && wants_reply(message);
    OutputCapture capture{most_of_reply_.value_or(0)};
    const auto running = running_.emplace(running_.end(), Running{{&delivered, 1}});
    const ChildRequest request{whole_message_ ? line : message.body, environment, tag,
                               &running->end, replies ? &capture : nullptr};
    const ChildResult result = co_await runner_.run(request);
    auto judged = result.kind == ChildResult::Kind::cancelled
                      ? cancelled(running->when_cancelled, result.last_line)
                      : judge(result);
    if (replies && judged.verdict == Verdict::success)
        judged.reply = HandlerReply{.body = reply_from(std::move(capture))};
    running_.erase(running);
    co_return judged;
}

asio::awaitable<void> CommandHandler::handle(std::span<const mq::Delivered> batch,
                                             std::span<HandlerResult> results, pool::TaskContext&) {
    if (batch_)
        co_await run_batch(batch, results);
    else
        results[0] = co_await run(batch[0]);
    note_end(results);
    // The output of a message's command leaves this process before the message is settled.
    co_await out_.drained();
    co_await err_.drained();
}

void CommandHandler::note_end(std::span<const HandlerResult> results) {
    const auto found = std::ranges::find(results, Verdict::cannot_run, &HandlerResult::verdict);
    if (found == results.end() || cannot_run_) return;
    cannot_run_.emplace(ErrorKind::general, "cannot run the command any more: " + found->reason,
                        results.size() == 1 ? "its message went back to the queue"
                                            : "its messages went back to the queue");
}

std::optional<HandlerEnd> CommandHandler::end() const {
    if (cannot_run_) return HandlerEnd{*cannot_run_};
    return end_of(out_);
}

std::size_t CommandHandler::cancel(std::string_view id, Verdict verdict) {
    std::size_t found = 0;
    for (auto& running : running_) {
        for (std::size_t i = 0; i < running.messages.size(); ++i) {
            if (event::id_of(running.messages[i].message) != id) continue;
            ++found;
            running.when_cancelled = verdict;
            running.cancelled.resize(running.messages.size());
            running.cancelled[i] = true;
            running.end.cancel();
        }
    }
    return found;
}

void CommandHandler::ask_to_stop() {
    runner_.ask_to_stop();
    out_.abandon_after(output_grace);
    err_.abandon_after(output_grace);
}

void CommandHandler::kill() {
    runner_.kill_all();
    out_.abandon();
    err_.abandon();
}

}  // namespace airy::work
