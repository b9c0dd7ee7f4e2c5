// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// A command for several messages at once.
#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "util/text.hpp"
#include "work/command_handler.hpp"
#include "work/exit_status.hpp"
#include "work/meant_answer.hpp"
#include "work/worker_protocol.hpp"

namespace airy::work {
namespace asio = boost::asio;
namespace {

// The message lines, each with the message's number in the batch, from 1 on, as its id.
std::string text_of(std::span<const mq::Delivered> batch, BatchFormat format) {
    std::string text;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        if (format == BatchFormat::array) text += i == 0 ? '[' : ',';
        append_object(text, i + 1, batch[i]);
        if (format == BatchFormat::lines) text += '\n';
    }
    if (format == BatchFormat::array) text += "]\n";
    return text;
}

// What the command has answered so far.
class Answers {
  public:
    explicit Answers(std::span<HandlerResult> results)
        : results_(results), answered_(results.size()) {}

    // Takes the line of output if it is the first answer for one of the messages. Notes one that
    // was meant as an answer and is none.
    bool take(std::string_view line, bool whole) {
        const auto meant = meant_answer(line);
        if (!meant) return false;
        auto read = read_answer(line);
        auto* answer = whole ? std::get_if<WorkerAnswer>(&read) : nullptr;
        if (answer == nullptr) {
            const auto* none = std::get_if<NoAnswer>(&read);
            note(*meant,
                 none != nullptr ? none->why : "no answer: " + util::printable(line, shown));
            return false;
        }
        if (answer->id < 1 || answer->id > answered_.size()) {
            unread_ = "an answer for no message of the batch: " + util::printable(line, shown);
            return false;
        }
        const auto index = static_cast<std::size_t>(answer->id - 1);
        if (answered_[index]) return false;
        set(index, std::move(answer->result));
        return true;
    }

    bool any() const { return std::ranges::find(answered_, true) != answered_.end(); }
    bool all() const { return std::ranges::find(answered_, false) == answered_.end(); }

    // Gives the messages without an answer this result. One that has an answer which cannot be read
    // is to be tried again, and after a run that has succeeded, all are of which that is not known.
    void fill_up(const HandlerResult& result) {
        for (std::size_t i = 0; i < answered_.size(); ++i) {
            if (answered_[i]) continue;
            const auto why = unread_of_.find(i);
            if (why != unread_of_.end() && result.verdict != Verdict::not_handled)
                results_[i] = unread(why->second);
            else if (result.verdict != Verdict::success)
                results_[i] = result;
            else if (!unread_.empty())
                results_[i] = unread(unread_);
            else if (any() || !unread_of_.empty())
                results_[i] = unread("the command answered for others only");
            else
                results_[i] = result;
        }
    }
    void leave_alone(const std::string& why) {
        for (std::size_t i = 0; i < answered_.size(); ++i)
            if (!answered_[i]) results_[i] = {.verdict = Verdict::alone, .reason = why};
    }
    void set(std::size_t index, HandlerResult result) {
        answered_[index] = true;
        results_[index] = std::move(result);
    }

  private:
    static constexpr std::size_t shown = 80;  // bytes of a line in a reason

    void note(const MeantAnswer& meant, const std::string& why) {
        bool known = !meant.unknown;
        for (const auto id : meant.ids) {
            if (id >= 1 && id <= answered_.size())
                unread_of_[static_cast<std::size_t>(id - 1)] = why;
            else
                known = false;
        }
        if (!known) unread_ = why;
    }
    static HandlerResult unread(const std::string& why) {
        return {.verdict = Verdict::retry, .reason = why, .detail = {.line = why}};
    }

    std::span<HandlerResult> results_;
    std::vector<bool> answered_;
    std::map<std::size_t, std::string> unread_of_{};  // by message
    std::string unread_{};                            // about an unknown one
};

// Whether a batch that ended so may succeed in part.
bool may_split(const HandlerResult& judged) {
    switch (judged.verdict) {
        case Verdict::retry:
            return !judged.interrupted;
        case Verdict::reject:
        case Verdict::requeue:
            return true;
        default:
            return false;
    }
}

}  // namespace

// Handles the messages together. After a failure of all, those without an answer are to be handled
// one by one, so that one bad message does not take the others with it.
asio::awaitable<void> CommandHandler::run_batch(std::span<const mq::Delivered> batch,
                                                std::span<HandlerResult> results) {
    const std::string text = text_of(batch, batch_->format);
    const std::vector<std::string> environment{
        variable("AIRY_BATCH_SIZE", std::to_string(batch.size())),
        variable("AIRY_QUEUE", batch[0].queue)};
    Answers answers(results);
    const auto running = running_.emplace(running_.end(), Running{batch});
    ChildRequest request{text, environment, {}, &running->end, {}};
    request.take_line = [&answers](std::string_view line, bool whole) {
        return answers.take(line, whole);
    };
    const ChildResult result = co_await runner_.run(std::move(request));
    auto judged = judge(result);
    const auto cancelled = std::move(running->cancelled);
    if (judged.detail.line.empty() && result.kind == ChildResult::Kind::cancelled)
        judged.detail.line = judged.reason;
    if (result.kind == ChildResult::Kind::cancelled) {
        for (std::size_t i = 0; i < cancelled.size(); ++i) {
            if (!cancelled[i]) continue;
            auto own = judged;
            own.verdict = running->when_cancelled;
            answers.set(i, std::move(own));
        }
    }
    running_.erase(running);
    if (answers.all()) co_return;
    if (batch.size() == 1 || !batch_->split || !may_split(judged))
        co_return answers.fill_up(judged);
    if (!no_more_) split_notice_.tell(batch.size(), judged);
    answers.leave_alone(judged.reason);
}

}  // namespace airy::work
