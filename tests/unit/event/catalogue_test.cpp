// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/catalogue.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "event/envelope.hpp"
#include "event/topic.hpp"
#include "util/json_text.hpp"

using namespace airy::event;

TEST_CASE("the 15 types of the contract, in its order, with their fields") {
    const std::vector<std::string> expected{
        "post.published: post_id author_id circle_id? title",
        "post.updated: post_id author_id",
        "post.deleted: post_id author_id",
        "post.voted: post_id author_id voter_id vote_type",
        "comment.created: comment_id post_id author_id parent_id? content",
        "comment.deleted: comment_id post_id author_id",
        "comment.voted: comment_id post_id author_id voter_id vote_type",
        "user.followed: follower_id following_id",
        "user.unfollowed: follower_id following_id",
        "user.registered: user_id username email",
        "circle.joined: circle_id user_id",
        "circle.left: circle_id user_id",
        "vote.created: vote_id user_id entity_type entity_id vote_type",
        "vote.updated: vote_id user_id entity_type entity_id old_vote_type new_vote_type",
        "vote.deleted: vote_id user_id entity_type entity_id vote_type",
    };
    std::vector<std::string> found;
    for (const auto& type : all()) {
        std::string line(type.name);
        line += ':';
        for (const auto& field : type.fields) {
            line += ' ';
            line += field.name;
            if (field.optional) line += '?';
        }
        found.push_back(line);
    }
    CHECK(found == expected);
}

TEST_CASE("field types follow the names") {
    for (const auto& type : all()) {
        CHECK_FALSE(type.summary.empty());
        for (const auto& field : type.fields) {
            CAPTURE(field.name);
            const bool id = field.name.ends_with("_id");
            const bool choice = field.name.ends_with("_type");
            CHECK((field.type == FieldType::id) == id);
            CHECK((field.type == FieldType::choice) == choice);
            CHECK(field.choices.empty() != choice);
            CHECK_FALSE(field.example.empty());
            if (choice) CHECK(field.choices[0] == (field.name == "entity_type" ? "post" : "up"));
        }
    }
    CHECK(field_type_name(FieldType::id) == "id");
    CHECK(field_type_name(FieldType::string) == "string");
    CHECK(field_type_name(FieldType::choice) == "choice");
}

TEST_CASE("types are found by name, and near names by distance") {
    REQUIRE(find("post.published") != nullptr);
    CHECK(find("post.published")->name == "post.published");
    CHECK(find("post.publishe") == nullptr);
    CHECK(find("Post.published") == nullptr);
    CHECK(find("") == nullptr);
    CHECK(nearest_name("post.publishd") == "post.published");
    CHECK(nearest_name("post.publsihed") == "post.published");
    CHECK(nearest_name("coment.created") == "comment.created");
    CHECK(nearest_name("order.shipped.twice").empty());
}

TEST_CASE("examples are valid events of their type") {
    for (const auto& type : all()) {
        CAPTURE(type.name);
        check_topic(type.name);
        const auto event = complete(example_body(type), {.topic = type.name});
        CHECK(event.type == type.name);
        const auto body = nlohmann::json::parse(event.body);
        CHECK(body.size() == type.fields.size() + 3);
        const auto command = example_command(type);
        CHECK(command.starts_with("airy publish " + std::string(type.name) + " --set "));
        for (const auto& field : type.fields)
            CHECK((command.find(" " + std::string(field.name) + "=") != std::string::npos) !=
                  field.optional);
    }
    CHECK(example_command(*find("post.published")) ==
          "airy publish post.published --set post_id=42 --set author_id=7 "
          "--set title='Hello, world'");
}
