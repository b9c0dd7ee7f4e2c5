// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The limit of request and reply: a bare pair over rabbitmq-c, without threads, checks or retries.
// Requests and replies are confirmed; replies come by direct reply-to.
//   raw_request answer URL QUEUE                      its body is the reply to each; until killed
//   raw_request ask URL EXCHANGE TOPIC FILE WINDOW    a line a request, prints each reply

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "mq/amqp/rabbitmq_c.hpp"

namespace {

constexpr const char* reply_address = "amq.rabbitmq.reply-to";

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "raw_request: %s failed\n", what);
    std::exit(1);
}

amqp_bytes_t view(const std::string& text) {
    return {text.size(), const_cast<char*>(text.data())};
}

amqp_connection_state_t open(std::string url) {
    amqp_connection_info info;
    amqp_default_connection_info(&info);
    if (amqp_parse_url(url.data(), &info) != AMQP_STATUS_OK) fail("the URL");
    const auto state = amqp_new_connection();
    auto* socket = amqp_tcp_socket_new(state);
    if (amqp_socket_open(socket, info.host, info.port) != AMQP_STATUS_OK) fail("connecting");
    const char* vhost = *info.vhost == '\0' ? "/" : info.vhost;
    if (amqp_login(state, vhost, 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, info.user, info.password)
            .reply_type != AMQP_RESPONSE_NORMAL)
        fail("the login");
    amqp_channel_open(state, 1);
    amqp_confirm_select(state, 1);
    if (amqp_get_rpc_reply(state).reply_type != AMQP_RESPONSE_NORMAL) fail("the channel");
    return state;
}

// The next message; false where a confirm came instead, which is then in `frame`.
bool take(amqp_connection_state_t state, amqp_envelope_t& envelope, amqp_frame_t& frame) {
    amqp_maybe_release_buffers(state);
    const auto reply = amqp_consume_message(state, &envelope, nullptr, 0);
    if (reply.reply_type == AMQP_RESPONSE_NORMAL) return true;
    if (reply.library_error != AMQP_STATUS_UNEXPECTED_STATE) fail("taking a message");
    if (amqp_simple_wait_frame(state, &frame) != AMQP_STATUS_OK) fail("waiting for a confirm");
    if (frame.frame_type != AMQP_FRAME_METHOD || frame.payload.method.id != AMQP_BASIC_ACK_METHOD)
        fail("a confirm");
    return false;
}

// The tags of replies and of requests count alike, so a confirmed reply tells which request to ack.
int answer(char** argv) {
    const auto state = open(argv[2]);
    const std::string queue = argv[3];
    amqp_basic_qos(state, 1, 0, 1000, 0);
    amqp_basic_consume(state, 1, view(queue), amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
    if (amqp_get_rpc_reply(state).reply_type != AMQP_RESPONSE_NORMAL) fail("consuming");
    while (true) {
        amqp_envelope_t envelope;
        amqp_frame_t frame;
        if (!take(state, envelope, frame)) {
            const auto* ack = static_cast<const amqp_basic_ack_t*>(frame.payload.method.decoded);
            amqp_basic_ack(state, 1, ack->delivery_tag, ack->multiple);
            continue;
        }
        const auto& asked = envelope.message.properties;
        amqp_basic_properties_t properties{};
        properties._flags = AMQP_BASIC_CORRELATION_ID_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG;
        properties.correlation_id = asked.correlation_id;
        properties.content_type = amqp_cstring_bytes("application/json");
        if (amqp_basic_publish(state, 1, amqp_empty_bytes, asked.reply_to, 0, 0, &properties,
                               envelope.message.body) != AMQP_STATUS_OK)
            fail("replying");
        amqp_destroy_envelope(&envelope);
    }
}

int ask(char** argv) {
    const auto state = open(argv[2]);
    const std::string exchange = argv[3];
    const std::string topic = argv[4];
    std::ifstream file(argv[5]);
    const auto window = std::strtoull(argv[6], nullptr, 10);
    amqp_basic_consume(state, 1, amqp_cstring_bytes(reply_address), amqp_empty_bytes, 0, 1, 0,
                       amqp_empty_table);
    if (amqp_get_rpc_reply(state).reply_type != AMQP_RESPONSE_NORMAL) fail("taking replies");
    std::uint64_t sent = 0;
    std::uint64_t answered = 0;
    std::string line;
    const auto take_reply = [&] {
        amqp_envelope_t envelope;
        amqp_frame_t frame;
        if (!take(state, envelope, frame)) return;
        std::fwrite(envelope.message.body.bytes, 1, envelope.message.body.len, stdout);
        std::fputc('\n', stdout);
        ++answered;
        amqp_destroy_envelope(&envelope);
    };
    while (std::getline(file, line)) {
        while (sent - answered >= window)
            take_reply();
        const auto id = std::to_string(++sent);
        amqp_basic_properties_t properties{};
        properties._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG |
                            AMQP_BASIC_REPLY_TO_FLAG | AMQP_BASIC_CORRELATION_ID_FLAG;
        properties.content_type = amqp_cstring_bytes("application/json");
        properties.delivery_mode = 2;
        properties.reply_to = amqp_cstring_bytes(reply_address);
        properties.correlation_id = view(id);
        if (amqp_basic_publish(state, 1, view(exchange), view(topic), 1, 0, &properties,
                               view(line)) != AMQP_STATUS_OK)
            fail("publishing");
    }
    while (answered < sent)
        take_reply();
    amqp_connection_close(state, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(state);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 4 && std::strcmp(argv[1], "answer") == 0) return answer(argv);
    if (argc == 7 && std::strcmp(argv[1], "ask") == 0) return ask(argv);
    std::fprintf(stderr, "usage: raw_request answer|ask URL …\n");
    return 2;
}
