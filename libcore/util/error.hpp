// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace airy {

// The class of a failure, which a caller usually decides on.
enum class ErrorKind : std::uint8_t {
    general,
    usage,
    unreachable,
    undelivered,
    timeout,
    handler,
    not_found,
    invalid_event,
};

// Why an operation failed. Each reason belongs to one kind; the first of each group is the general
// one. Callers decide by kind and reason, never by the text of a message.
enum class Reason : std::uint8_t {
    general,
    look_unsafe,           // looking into a queue could lose messages
    in_use,                // a queue is not empty, or has consumers
    exclusively_consumed,  // another consumer has the queue for itself alone
    not_implemented,       // the broker does not know the operation for this queue

    usage,
    invalid_argument,   // the broker refuses a queue's argument, or its value
    several_consumers,  // share the name, and one is meant
    argument_taken,     // a work queue sets this argument of its queue itself
    reserved_name,      // the name is the broker's own
    unsupported,        // a capability that this kind of broker lacks
    authorities_unreadable,
    certificate_unusable,     // the client certificate and its key do not belong together
    key_encrypted,            // the client certificate's key needs a passphrase
    part_of_pair_missing,     // a client certificate without its key, or a key without certificate
    url_parameter_elsewhere,  // the subject is an option, not a part of the URL

    unreachable,
    host_not_found,    // its name has no address, or the name server answers with a failure
    nobody_listens,    // the connection was refused: no program listens at the port
    answer_late,       // the server was reached and has not answered in time
    connection_lost,   // there was a connection
    connection_ended,  // the broker, or an operator, closed the connection
    interrupted,       // the caller asked to stop while connecting
    login_refused,
    login_not_offered,  // the broker does not take a user name and a password
    limit_reached,      // the broker allows no more connections, channels or queues
    no_virtual_host,
    tls_too_old,  // no TLS version in common
    certificate_untrusted,
    certificate_expired,
    certificate_of_other_host,
    access_refused,
    handler_too_slow,  // longer than the broker waits for an acknowledgement
    file_of_another_program,
    file_damaged,
    queue_damaged,
    management_unreachable,
    management_late,      // no answer in time
    management_unusable,  // the answer does not come from a management API

    undelivered,
    too_large,
    disk_full,
    publish_refused,    // the broker closes the channel for this message
    publish_forbidden,  // the user may not publish there

    timeout,

    handler,

    not_found,
    queue_not_found,
    queue_deleted,  // while a consumer was reading it
    exchange_not_found,
    consumer_not_found,
    resource_locked,  // the queue is another connection's own
    differs,          // the queue exists with other properties
    exchange_differs,

    invalid_event,
    unknown_event_type,
    field_missing,
    topic_missing,
    no_samples,  // a recording without one
};

ErrorKind kind_of(Reason reason) noexcept;

// The reason as one word that stays the same from release to release, such as "queue_not_found".
std::string_view word_of(Reason reason) noexcept;

// nullopt for any other word.
std::optional<Reason> reason_of(std::string_view word) noexcept;

// Every reason, in the order above.
std::span<const Reason> all_reasons() noexcept;

// The one exception type of the project. `message` names the failed action and its cause, in one
// line without a full stop at the end; `hint` tells the user's next step, names no option of a
// program, and may be empty.
class Error : public std::runtime_error {
  public:
    Error(Reason reason, const std::string& message, std::string hint = {})
        : std::runtime_error(message), reason_(reason), hint_(std::move(hint)) {}
    // Its reason is the first of the kind.
    Error(ErrorKind kind, const std::string& message, std::string hint = {});

    Reason reason() const noexcept { return reason_; }
    ErrorKind kind() const noexcept { return kind_of(reason_); }
    const std::string& hint() const noexcept { return hint_; }

    // The thing that the reason is about, where a hint names it, e.g. the event type of
    // field_missing.
    const std::string& subject() const noexcept { return subject_; }
    Error&& about(std::string subject) && noexcept {
        subject_ = std::move(subject);
        return std::move(*this);
    }

    // Whether trying again cannot help: the broker was reached and refused.
    bool permanent() const noexcept { return permanent_; }
    Error&& as_permanent() && noexcept {
        permanent_ = true;
        return std::move(*this);
    }

    // The same error with another message, for another reason, or with another hint.
    Error reworded(const std::string& message) const;
    Error because(Reason reason) const;
    Error hinted(std::string hint) const;

  private:
    Reason reason_;
    std::string hint_;
    std::string subject_;
    bool permanent_ = false;
};

}  // namespace airy
