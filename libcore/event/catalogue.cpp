// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/catalogue.hpp"

#include <array>

#include "util/json_text.hpp"
#include "util/text.hpp"

namespace airy::event {
namespace {

constexpr std::array<std::string_view, 2> vote_choices{"up", "down"};
constexpr std::array<std::string_view, 2> entity_choices{"post", "comment"};

constexpr Field id(std::string_view name, std::string_view example) {
    return {name, FieldType::id, false, {}, example};
}
constexpr Field optional_id(std::string_view name, std::string_view example) {
    return {name, FieldType::id, true, {}, example};
}
constexpr Field text(std::string_view name, std::string_view example) {
    return {name, FieldType::string, false, {}, example};
}
constexpr Field vote(std::string_view name, std::string_view example) {
    return {name, FieldType::choice, false, vote_choices, example};
}
constexpr Field entity(std::string_view name, std::string_view example) {
    return {name, FieldType::choice, false, entity_choices, example};
}

constexpr Field post_id = id("post_id", "42");
constexpr Field author_id = id("author_id", "7");
constexpr Field comment_id = id("comment_id", "1001");
constexpr Field voter_id = id("voter_id", "8");
constexpr Field user_id = id("user_id", "7");
constexpr Field circle_id = id("circle_id", "3");
constexpr Field vote_id = id("vote_id", "501");
constexpr Field vote_type = vote("vote_type", "up");

constexpr std::array post_published{post_id, author_id, optional_id("circle_id", "3"),
                                    text("title", "Hello, world")};
constexpr std::array post{post_id, author_id};
constexpr std::array post_voted{post_id, author_id, voter_id, vote_type};
constexpr std::array comment_created{
    comment_id, post_id, author_id, optional_id("parent_id", "1000"), text("content", "Well said")};
constexpr std::array comment_deleted{comment_id, post_id, author_id};
constexpr std::array comment_voted{comment_id, post_id, author_id, voter_id, vote_type};
constexpr std::array follow{id("follower_id", "7"), id("following_id", "8")};
constexpr std::array user_registered{user_id, text("username", "ada"),
                                     text("email", "ada@example.org")};
constexpr std::array circle{circle_id, user_id};
constexpr std::array entity_vote{vote_id, user_id, entity("entity_type", "post"),
                                 id("entity_id", "42"), vote_type};
constexpr std::array entity_vote_updated{vote_id,
                                         user_id,
                                         entity("entity_type", "post"),
                                         id("entity_id", "42"),
                                         vote("old_vote_type", "up"),
                                         vote("new_vote_type", "down")};

constexpr std::array types{
    EventType{"post.published", "a post became visible", post_published, true},
    EventType{"post.updated", "a post was edited", post, true},
    EventType{"post.deleted", "a post was deleted", post, true},
    EventType{"post.voted", "someone voted on a post", post_voted},
    EventType{"comment.created", "someone commented on a post", comment_created, true},
    EventType{"comment.deleted", "a comment was deleted", comment_deleted, true},
    EventType{"comment.voted", "someone voted on a comment", comment_voted},
    EventType{"user.followed", "a user began to follow another", follow},
    EventType{"user.unfollowed", "a user stopped following another", follow},
    EventType{"user.registered", "a user signed up", user_registered},
    EventType{"circle.joined", "a user joined a circle", circle},
    EventType{"circle.left", "a user left a circle", circle},
    EventType{"vote.created", "a vote was cast on a post or comment", entity_vote, true},
    EventType{"vote.updated", "a vote was changed", entity_vote_updated, true},
    EventType{"vote.deleted", "a vote was taken back", entity_vote, true},
};

}  // namespace

std::span<const EventType> airy_types() noexcept {
    return types;
}

const EventType* Catalogue::find(std::string_view name) const noexcept {
    for (const auto& type : types_)
        if (type.name == name) return &type;
    return nullptr;
}

std::string_view Catalogue::nearest_name(std::string_view word) const {
    std::vector<std::string_view> names;
    names.reserve(types_.size());
    for (const auto& type : types_)
        names.push_back(type.name);
    return util::nearest(word, names);
}

std::string_view field_type_name(FieldType type) noexcept {
    switch (type) {
        case FieldType::id:
            return "id";
        case FieldType::string:
            return "string";
        case FieldType::choice:
            break;
    }
    return "choice";
}

std::string example_body(const EventType& type) {
    std::string body = "{";
    for (const auto& field : type.fields) {
        if (body.size() > 1) body += ',';
        util::append_json_string(body, field.name);
        body += ':';
        if (field.type == FieldType::id)
            body += field.example;
        else
            util::append_json_string(body, field.example);
    }
    return body += '}';
}

}  // namespace airy::event
