// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The embedded broker beside RabbitMQ: the same random queues, bindings, messages and settlements
// must lead to the same outcomes and the same deliveries of each queue, headers included.
#include <fmt/format.h>

#include <map>
#include <random>

#include "event/message_line.hpp"
#include "fixture.hpp"

namespace airy::mq {
namespace {

constexpr int cases_per_topology = 50;
constexpr auto time_limit = 100s;
constexpr std::size_t queue_count = 4;
// Rejected dead letters go from queue to queue; after so many rounds all messages are acked.
constexpr int most_rounds = 5;
constexpr std::uint64_t ack_all = 0;  // instead of a seed
// No message exceeds its delivery limit in this test: RabbitMQ 3.10 then loses the consumer's
// credit.
constexpr unsigned most_deliveries = 4;

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr || *text == '\0' ? otherwise : std::strtoull(text, nullptr, 10);
}

// The random work, drawn before either broker does it.
struct Plan {
    std::string exchange;
    std::vector<QueueSpec> queues;
};
struct Step {
    std::vector<std::pair<std::size_t, std::string>> bind;    // queue, pattern
    std::vector<std::pair<std::size_t, std::string>> unbind;  // likewise
    std::vector<event::Message> messages;
    std::uint64_t seed = 0;  // of the settlements
};

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}
    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
    bool chance(unsigned percent) { return below(100) < percent; }
    std::uint64_t number() { return random_(); }

    // Few different words, so that patterns often match; some are empty.
    std::string words(bool pattern) {
        static const std::vector<std::string> plain = {"a", "b", "c", ""};
        std::string out;
        const auto count = 1 + below(4);
        for (std::uint64_t i = 0; i < count; ++i) {
            if (i > 0) out += '.';
            if (pattern && chance(25))
                out += '*';
            else if (pattern && chance(25))
                out += '#';
            else
                out += plain[below(plain.size())];
        }
        return out;
    }

  private:
    std::mt19937_64 random_;
};

Plan draw_plan(Dice& dice, bool as_version_3) {
    Plan plan;
    plan.exchange = fresh("exchange");
    for (std::size_t i = 0; i < queue_count; ++i) {
        QueueSpec spec;
        spec.name = fresh("queue");
        spec.type = as_version_3 && dice.chance(50) ? "quorum" : "classic";
        plan.queues.push_back(spec);
    }
    // RabbitMQ tells nobody when a dead letter has arrived. One that comes late finds other room in
    // a queue with a limit, so a plan has dead letters or limits.
    const bool dead_letters = as_version_3 && dice.chance(75);
    for (std::size_t i = 0; i < queue_count; ++i) {
        auto& spec = plan.queues[i];
        auto& arguments = spec.arguments;
        if (dead_letters && dice.chance(70)) {
            const bool by_key = dice.chance(80);
            arguments.push_back(
                {"x-dead-letter-exchange", {by_key ? std::string() : plan.exchange}});
            if (by_key || dice.chance(50))
                arguments.push_back(
                    {"x-dead-letter-routing-key",
                     {by_key ? plan.queues[dice.below(queue_count)].name : dice.words(false)}});
        }
        if (spec.type == "quorum" && dice.chance(50))
            arguments.push_back({"x-delivery-limit", {std::int64_t{most_deliveries}}});
        // A dead letter that comes back to its own queue may overtake others only by priority, and
        // not always in time.
        if (spec.type == "classic" && arguments.empty() && dice.chance(60))
            arguments.push_back({"x-max-priority", {std::int64_t{5}}});
        if (!dead_letters && arguments.empty() && dice.chance(60)) {
            arguments.push_back({"x-max-length", {static_cast<std::int64_t>(1 + dice.below(4))}});
            // A quorum queue rejects only some time after it is full.
            if (spec.type == "classic" && dice.chance(50))
                arguments.push_back({"x-overflow", {std::string("reject-publish")}});
        }
    }
    return plan;
}

Step draw_step(Dice& dice, const Plan& plan, std::uint64_t number) {
    Step step;
    step.seed = dice.number();
    for (std::uint64_t i = dice.below(3); i > 0; --i)
        step.bind.emplace_back(dice.below(queue_count), dice.words(true));
    for (std::uint64_t i = dice.below(2); i > 0; --i)
        step.unbind.emplace_back(dice.below(queue_count), dice.words(true));
    for (std::uint64_t i = 1 + dice.below(4); i > 0; --i) {
        event::Message message;
        const bool direct = dice.chance(15);
        message.exchange = direct ? "" : plan.exchange;
        message.topic = direct ? plan.queues[dice.below(queue_count)].name : dice.words(false);
        message.body = fmt::format("{}-{}", number, i);
        message.properties.message_id = message.body;
        message.properties.delivery_mode = static_cast<std::uint8_t>(1 + dice.below(2));
        if (dice.chance(40)) message.properties.priority = static_cast<std::uint8_t>(dice.below(7));
        if (dice.chance(10)) message.properties.expiration = "60000000";
        if (dice.chance(30)) {
            message.has_headers = true;
            message.headers = {{"z", {std::int32_t{1}}}, {"a", {std::string("text")}}};
        }
        step.messages.push_back(std::move(message));
    }
    return step;
}

// The settlement is drawn from properties of the message that both brokers agree on.
Disposition draw_settlement(std::uint64_t seed, const Delivered& delivered, unsigned nth,
                            std::size_t queue) {
    const auto dice = std::hash<std::string>{}(
        fmt::format("{} {} {} {}", seed, delivered.message.body, nth, queue));
    if (seed == ack_all || nth >= most_deliveries || dice % 100 < 60) return Disposition::ack;
    return dice % 100 < 75 ? Disposition::requeue : Disposition::reject;
}

// The message line without the members that depend on the time.
std::string shown(Delivered delivered) {
    if (auto* deaths = [&]() -> event::HeaderArray* {
            for (auto& field : delivered.message.headers)
                if (field.first == "x-death")
                    return std::get_if<event::HeaderArray>(&field.second.value);
            return nullptr;
        }())
        for (auto& death : *deaths)
            if (auto* table = std::get_if<event::HeaderTable>(&death.value))
                std::erase_if(*table, [](const auto& field) { return field.first == "time"; });
    delivered.message.headers = test::by_name(delivered.message.headers);
    std::string line;
    event::append_message_line(line, delivered.message, delivered.queue, delivered.redelivered, {});
    return line;
}

// One of the two brokers.
class Side {
  public:
    explicit Side(const char* variable) {
        const char* url = std::getenv(variable);
        REQUIRE_MESSAGE((url != nullptr && *url != '\0'), variable << " must name a broker");
        endpoint_.url = url;
        broker_ = connect(endpoint_);
    }

    // The embedded broker does as RabbitMQ 3. Since version 4, a dead letter keeps the count of its
    // deliveries, and a quorum queue has two priorities and puts what is returned to its old place:
    // plans leave dead letters and quorum queues out there.
    bool as_version_3() { return broker_->topology()->server().starts_with("RabbitMQ 3."); }

    void declare(const Plan& plan) {
        topology_ = broker_->topology();
        topology_->declare_exchange({plan.exchange, "topic", true});
        for (const auto& spec : plan.queues)
            topology_->declare_queue(spec);
        PublisherOptions options;
        options.exchange.name = plan.exchange;
        publisher_ = broker_->publisher(options);
        published_ = 0;
    }

    void remove(const Plan& plan) {
        publisher_.reset();
        for (const auto& spec : plan.queues)
            topology_->delete_queue(spec.name, false, false);
        topology_->delete_exchange(plan.exchange);
    }

    std::vector<std::string> publish(const Plan& plan, const Step& step) {
        for (const auto& [queue, pattern] : step.bind)
            topology_->bind(plan.queues[queue].name, plan.exchange, pattern);
        for (const auto& [queue, pattern] : step.unbind)
            topology_->unbind(plan.queues[queue].name, plan.exchange, pattern);
        for (auto message : step.messages)
            publisher_->try_submit(message);
        std::vector<std::string> out(step.messages.size(), "no outcome");
        for (const auto& event : outcomes(*publisher_, step.messages.size())) {
            if (const auto* good = std::get_if<Confirmed>(&event))
                out[(good->sequence - 1 - published_) % out.size()] = "confirmed";
            if (const auto* lost = std::get_if<Unroutable>(&event))
                out[(lost->sequence - 1 - published_) % out.size()] = "unroutable";
            if (const auto* refused = std::get_if<Refused>(&event))
                out[(refused->sequence - 1 - published_) % out.size()] = "refused";
        }
        published_ += out.size();
        return out;
    }

    // Takes and settles all messages of the queue; for a broker that reports deliveries under way.
    std::vector<std::string> empty(const Plan& plan, std::size_t queue, std::uint64_t seed) {
        std::vector<std::string> out;
        std::map<std::string, unsigned> seen;
        const auto subscription = subscribe(plan, queue);
        while (holds_any(plan.queues[queue].name))
            take_one(*subscription, queue, seed, 1ms, seen, out);
        subscription->close(close_deadline);
        return out;
    }

    // Takes and settles `count` messages.
    std::vector<std::string> take(const Plan& plan, std::size_t queue, std::uint64_t seed,
                                  std::size_t count) {
        std::vector<std::string> out;
        std::map<std::string, unsigned> seen;
        if (count == 0) return out;
        const auto subscription = subscribe(plan, queue);
        while (out.size() < count && take_one(*subscription, queue, seed, patience, seen, out)) {
        }
        subscription->close(close_deadline);
        return out;
    }

    // Waits until the queue holds `count` messages.
    bool holds(const Plan& plan, std::size_t queue, std::uint64_t count) {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (topology_->check_queue(plan.queues[queue].name).ready != count)
            if (std::chrono::steady_clock::now() > deadline) return false;
        return true;
    }

    std::uint64_t ready(const Plan& plan, std::size_t queue) {
        return topology_->check_queue(plan.queues[queue].name).ready;
    }

  private:
    bool holds_any(const std::string& name) {
        const auto inventory = broker_->inventory({.queues = {name}});
        return std::ranges::any_of(inventory.queues, [](const QueueReport& report) {
            return report.queue.ready.value_or(0) + report.queue.unacked.value_or(0) > 0;
        });
    }

    std::unique_ptr<Subscription> subscribe(const Plan& plan, std::size_t queue) {
        SubscribeOptions options;
        options.queue = plan.queues[queue].name;
        options.prefetch = 1;
        return broker_->subscribe(options);
    }

    bool take_one(Subscription& subscription, std::size_t queue, std::uint64_t seed,
                  std::chrono::milliseconds limit, std::map<std::string, unsigned>& seen,
                  std::vector<std::string>& out) {
        const auto got = deliveries(subscription, 1, limit);
        if (got.empty()) return false;
        out.push_back(shown(got[0]));
        const auto nth = ++seen[got[0].message.body];
        subscription.settle(got[0].handle, draw_settlement(seed, got[0], nth, queue));
        return true;
    }

    Endpoint endpoint_;
    std::unique_ptr<Broker> broker_;
    std::unique_ptr<Topology> topology_;
    std::unique_ptr<Publisher> publisher_;
    std::uint64_t published_ = 0;
};

std::string explained(const Plan& plan) {
    std::string out;
    for (const auto& spec : plan.queues) {
        out += fmt::format("{} {}:", spec.type, spec.name);
        for (const auto& field : spec.arguments)
            if (const auto* text = std::get_if<std::string>(&field.second.value))
                out += fmt::format(" {}='{}'", field.first, *text);
            else
                out +=
                    fmt::format(" {}={}", field.first, std::get<std::int64_t>(field.second.value));
        out += '\n';
    }
    return out;
}

void require_ready(Side& rabbit, const Plan& plan, std::size_t queue, std::uint64_t count) {
    REQUIRE_MESSAGE(rabbit.holds(plan, queue, count), "RabbitMQ has " << rabbit.ready(plan, queue)
                                                                      << ", not " << count << " in "
                                                                      << plan.queues[queue].name);
}

void run_case(Side& embedded, Side& rabbit, const Plan& plan, const Step& step) {
    REQUIRE(embedded.publish(plan, step) == rabbit.publish(plan, step));
    // Emptying one queue may dead-letter messages into another that is empty already.
    std::size_t moved = 1;
    for (int round = 0; moved > 0; ++round) {
        REQUIRE_MESSAGE(round < 2 * most_rounds, "messages go round and round");
        moved = 0;
        for (std::size_t queue = 0; queue < queue_count; ++queue) {
            const auto held = embedded.ready(plan, queue);
            if (held == 0) continue;
            CAPTURE(plan.queues[queue].name);
            require_ready(rabbit, plan, queue, held);
            const auto seed = round < most_rounds ? step.seed : ack_all;
            const auto ours = embedded.empty(plan, queue, seed);
            const auto theirs = rabbit.take(plan, queue, seed, ours.size());
            REQUIRE_MESSAGE(ours == theirs, "embedded:\n"
                                                << fmt::format("{}", fmt::join(ours, "\n"))
                                                << "\nRabbitMQ:\n"
                                                << fmt::format("{}", fmt::join(theirs, "\n")));
            moved += ours.size();
        }
    }
    for (std::size_t queue = 0; queue < queue_count; ++queue)
        require_ready(rabbit, plan, queue, 0);
}

}  // namespace

TEST_CASE("random work has the same results as on RabbitMQ") {
    const auto seed = number_from_environment("AIRY_TEST_SEED", std::random_device{}());
    const auto cases = number_from_environment("AIRY_TEST_CASES", 2000);
    MESSAGE("AIRY_TEST_SEED=" << seed << " AIRY_TEST_CASES=" << cases);
    Dice dice(seed);
    Side embedded("AIRY_TEST_URL");
    Side rabbit("AIRY_TEST_PEER_URL");
    // A busy machine runs fewer cases: RabbitMQ takes most of the time.
    const bool as_version_3 = rabbit.as_version_3();
    const auto enough = std::chrono::steady_clock::now() + time_limit;
    std::uint64_t number = 0;
    while (number < cases && std::chrono::steady_clock::now() < enough) {
        const auto plan = draw_plan(dice, as_version_3);
        INFO(explained(plan));
        embedded.declare(plan);
        rabbit.declare(plan);
        for (int i = 0; i < cases_per_topology && number < cases; ++i, ++number) {
            CAPTURE(number);
            run_case(embedded, rabbit, plan, draw_step(dice, plan, number));
        }
        embedded.remove(plan);
        rabbit.remove(plan);
    }
    MESSAGE(number << " cases");
    CHECK(number > 0);
}

}  // namespace airy::mq
