// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// Included by http_client.cpp alone, since Beast is slow to compile.
#pragma once

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/read_size.hpp>
#include <boost/beast/http.hpp>
#include <boost/optional.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace airy::net {

// The body of an answer, up to a number of bytes (a Body of Beast). Reading ends with
// boost::beast::http::error::body_limit once more bytes than `limit` have come.
struct KeptBody {
    struct value_type {
        std::string text;
        std::size_t most = 0;     // bytes kept
        std::uint64_t limit = 0;  // bytes read
        std::uint64_t read = 0;
    };

    class reader {
      public:
        template <bool is_request, class Fields>
        reader(boost::beast::http::header<is_request, Fields>&, value_type& body) : body_(body) {}

        void init(const boost::optional<std::uint64_t>&, boost::system::error_code& error) {
            error = {};
        }
        template <class Buffers>
        std::size_t put(const Buffers& buffers, boost::system::error_code& error) {
            std::size_t size = 0;
            for (auto at = boost::asio::buffer_sequence_begin(buffers);
                 at != boost::asio::buffer_sequence_end(buffers); ++at) {
                const boost::asio::const_buffer part(*at);
                const auto kept = std::min(part.size(), body_.most - body_.text.size());
                body_.text.append(static_cast<const char*>(part.data()), kept);
                size += part.size();
            }
            body_.read += size;
            error = {};
            if (body_.read > body_.limit) error = boost::beast::http::error::body_limit;
            return size;
        }
        void finish(boost::system::error_code& error) { error = {}; }

      private:
        value_type& body_;
    };
};

using AnswerParser = boost::beast::http::response_parser<KeptBody>;

// Inserts the blank of the status line `HTTP/1.1 200`, which RFC 9112 section 4 wants there
// although there is no reason phrase; many servers leave it out. Returns false while too few bytes
// have come.
inline bool complete_status_line(boost::beast::flat_buffer& buffer) {
    constexpr std::size_t status_end = std::string_view("HTTP/1.1 200").size();
    const auto bytes = buffer.cdata();
    const std::string_view text(static_cast<const char*>(bytes.data()), bytes.size());
    if (text.size() <= status_end) return false;
    if (text[status_end] != '\r' || !text.starts_with("HTTP/1.")) return true;
    if (buffer.size() == buffer.max_size()) return true;
    buffer.prepare(1);
    buffer.commit(1);
    auto* const line = static_cast<char*>(buffer.data().data());
    std::memmove(line + status_end + 1, line + status_end, buffer.size() - status_end - 1);
    line[status_end] = ' ';
    return true;
}

// Whether the answer announces a body that its status forbids (RFC 9110 section 6.4.1). The parser
// reads none, so that the bytes of such a body would begin the next answer.
inline bool announces_forbidden_body(const AnswerParser& parser) {
    const auto& answer = parser.get();
    const auto status = answer.result_int();
    if (status != 204 && status != 304) return false;
    using boost::beast::http::field;
    const auto length = answer.find(field::content_length);
    return answer.count(field::transfer_encoding) > 0 ||
           (length != answer.end() && length->value() != "0");
}

// Reads one answer to its end; bytes behind it stay in `buffer`, whose size bounds the head, and
// each line and the trailers of a chunked body. `answered` becomes true with the first byte.
template <class Stream>
boost::asio::awaitable<boost::system::error_code> read_answer(Stream& stream,
                                                              boost::beast::flat_buffer& buffer,
                                                              AnswerParser& parser,
                                                              bool& answered) {
    constexpr std::size_t most_at_once = 64 * 1024;  // bytes
    constexpr auto as_tuple = boost::asio::as_tuple(boost::asio::use_awaitable);
    bool complete = false;  // the status line
    parser.eager(true);
    for (;;) {
        boost::system::error_code error = boost::beast::http::error::need_more;
        if (buffer.size() > 0) {
            answered = true;
            complete = complete || complete_status_line(buffer);
            buffer.consume(parser.put(buffer.data(), error));
            if (parser.is_done() || (error && error != boost::beast::http::error::need_more))
                co_return error;
            if (!error) continue;
        }
        const auto room = boost::beast::read_size(buffer, most_at_once);
        if (room == 0) co_return boost::beast::http::error::buffer_overflow;
        const auto [failure, size] =
            co_await stream.async_read_some(buffer.prepare(room), as_tuple);
        buffer.commit(size);
        if (failure == boost::asio::error::eof) {
            if (!parser.got_some()) co_return boost::beast::http::error::end_of_stream;
            error = {};
            parser.put_eof(error);
            co_return error;
        }
        if (failure) co_return failure;
    }
}

}  // namespace airy::net
