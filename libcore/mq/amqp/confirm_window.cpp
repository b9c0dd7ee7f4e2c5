// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/confirm_window.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace airy::mq::amqp {

std::uint64_t ConfirmWindow::fingerprint(std::string_view topic, std::string_view message_id,
                                         std::string_view body) noexcept {
    const std::hash<std::string_view> hash;
    std::uint64_t value = hash(body);
    value = value * 0x9E3779B97F4A7C15u + hash(message_id);
    value = value * 0x9E3779B97F4A7C15u + hash(topic);
    return value;
}

void ConfirmWindow::published(std::uint64_t fingerprint, Numbered kept) {
    bytes_ += kept.message.body.size();
    entries_.push_back({fingerprint, std::move(kept), false, 0, {}});
    ++open_;
}

bool ConfirmWindow::returned(std::uint64_t fingerprint, int code, std::string reason) {
    for (auto& entry : entries_) {
        if (entry.settled || entry.code != 0 || entry.fingerprint != fingerprint) continue;
        entry.code = code;
        entry.reason = std::move(reason);
        return true;
    }
    return false;
}

void ConfirmWindow::settle_one(std::size_t index, bool acknowledged,
                               std::vector<PublisherEvent>& out) {
    Entry& entry = entries_[index];
    if (entry.settled) return;
    entry.settled = true;
    --open_;
    bytes_ -= entry.kept.message.body.size();
    std::shared_ptr<event::Message> refused;
    if (!acknowledged && give_back_)
        refused = std::make_shared<event::Message>(std::move(entry.kept.message));
    entry.kept.message = {};
    const std::uint64_t sequence = entry.kept.sequence;
    if (!acknowledged)
        out.push_back(Refused{sequence, {}, std::move(refused)});
    else if (entry.code != 0)
        out.push_back(Unroutable{sequence, entry.code, std::move(entry.reason)});
    else
        out.push_back(Confirmed{sequence});
}

void ConfirmWindow::settle(std::uint64_t tag, bool multiple, bool acknowledged,
                           std::vector<PublisherEvent>& out) {
    if (multiple) {
        // Tag 0 means all outstanding messages (AMQP 0-9-1, basic.ack).
        const std::uint64_t end = base_ + entries_.size();
        const std::uint64_t last = tag == 0 || tag >= end ? end - 1 : tag;
        for (std::uint64_t t = base_; t <= last; ++t)
            settle_one(static_cast<std::size_t>(t - base_), acknowledged, out);
    } else if (tag >= base_ && tag - base_ < entries_.size()) {
        settle_one(static_cast<std::size_t>(tag - base_), acknowledged, out);
    }
    while (!entries_.empty() && entries_.front().settled) {
        entries_.pop_front();
        ++base_;
    }
}

std::vector<Numbered> ConfirmWindow::restart() {
    std::vector<Numbered> open;
    open.reserve(open_);
    for (auto& entry : entries_)
        if (!entry.settled) open.push_back(std::move(entry.kept));
    *this = ConfirmWindow(give_back_);
    return open;
}

}  // namespace airy::mq::amqp
