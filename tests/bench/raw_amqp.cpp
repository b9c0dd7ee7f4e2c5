// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The limit that airy is measured against: bare loops over rabbitmq-c, without threads, checks or
// retries.
//   raw_amqp publish URL EXCHANGE TOPIC FILE WINDOW   confirmed, a line a message
//   raw_amqp consume URL QUEUE COUNT PREFETCH FILE    acks every 100th with multiple

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "mq/amqp/rabbitmq_c.hpp"

namespace {

[[noreturn]] void die(const char* what) {
    std::fprintf(stderr, "raw_amqp: %s failed\n", what);
    std::exit(1);
}

amqp_bytes_t bytes_of(const std::string& text) {
    return {text.size(), const_cast<char*>(text.data())};
}

amqp_connection_state_t connect(std::string url) {
    amqp_connection_info info;
    amqp_default_connection_info(&info);
    if (amqp_parse_url(url.data(), &info) != AMQP_STATUS_OK) die("the URL");
    const auto state = amqp_new_connection();
    auto* socket = amqp_tcp_socket_new(state);
    if (amqp_socket_open(socket, info.host, info.port) != AMQP_STATUS_OK) die("connecting");
    const char* vhost = *info.vhost == '\0' ? "/" : info.vhost;
    if (amqp_login(state, vhost, 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, info.user, info.password)
            .reply_type != AMQP_RESPONSE_NORMAL)
        die("the login");
    amqp_channel_open(state, 1);
    if (amqp_get_rpc_reply(state).reply_type != AMQP_RESPONSE_NORMAL) die("the channel");
    return state;
}

// Takes one ack; returns the number of messages that it confirms.
std::uint64_t take_ack(amqp_connection_state_t state, std::uint64_t confirmed) {
    amqp_frame_t frame;
    amqp_maybe_release_buffers(state);
    if (amqp_simple_wait_frame(state, &frame) != AMQP_STATUS_OK) die("waiting for a confirm");
    if (frame.frame_type != AMQP_FRAME_METHOD || frame.payload.method.id != AMQP_BASIC_ACK_METHOD)
        die("a confirm");
    const auto* ack = static_cast<const amqp_basic_ack_t*>(frame.payload.method.decoded);
    return ack->multiple != 0 ? std::max(confirmed, ack->delivery_tag) : confirmed + 1;
}

int publish(char** argv) {
    const auto state = connect(argv[2]);
    const std::string exchange = argv[3];
    const std::string topic = argv[4];
    std::ifstream file(argv[5]);
    const auto window = std::strtoull(argv[6], nullptr, 10);
    amqp_confirm_select(state, 1);
    amqp_basic_properties_t properties{};
    properties._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG;
    properties.content_type = amqp_cstring_bytes("application/json");
    properties.delivery_mode = 2;
    std::uint64_t sent = 0;
    std::uint64_t confirmed = 0;
    std::string line;
    while (std::getline(file, line)) {
        while (sent - confirmed >= window)
            confirmed = take_ack(state, confirmed);
        if (amqp_basic_publish(state, 1, bytes_of(exchange), bytes_of(topic), 1, 0, &properties,
                               bytes_of(line)) != AMQP_STATUS_OK)
            die("publishing");
        ++sent;
    }
    while (confirmed < sent)
        confirmed = take_ack(state, confirmed);
    amqp_connection_close(state, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(state);
    return 0;
}

int consume(char** argv) {
    const auto state = connect(argv[2]);
    const std::string queue = argv[3];
    const auto count = std::strtoull(argv[4], nullptr, 10);
    const auto prefetch = static_cast<std::uint16_t>(std::atoi(argv[5]));
    std::FILE* file = std::fopen(argv[6], "w");
    if (file == nullptr) die("opening the file");
    amqp_basic_qos(state, 1, 0, prefetch, 0);
    amqp_basic_consume(state, 1, bytes_of(queue), amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
    if (amqp_get_rpc_reply(state).reply_type != AMQP_RESPONSE_NORMAL) die("consuming");
    for (std::uint64_t n = 1; n <= count; ++n) {
        amqp_envelope_t envelope;
        amqp_maybe_release_buffers(state);
        if (amqp_consume_message(state, &envelope, nullptr, 0).reply_type != AMQP_RESPONSE_NORMAL)
            die("taking a message");
        std::fwrite(envelope.message.body.bytes, 1, envelope.message.body.len, file);
        std::fputc('\n', file);
        if (n % 100 == 0 || n == count) amqp_basic_ack(state, 1, envelope.delivery_tag, 1);
        amqp_destroy_envelope(&envelope);
    }
    std::fclose(file);
    amqp_channel_close(state, 1, AMQP_REPLY_SUCCESS);
    amqp_connection_close(state, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(state);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 7 && std::strcmp(argv[1], "publish") == 0) return publish(argv);
    if (argc == 7 && std::strcmp(argv[1], "consume") == 0) return consume(argv);
    std::fprintf(stderr, "usage: raw_amqp publish|consume URL …\n");
    return 2;
}
