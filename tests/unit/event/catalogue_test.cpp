// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/catalogue.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "event/envelope.hpp"
#include "event/topic.hpp"
#include "util/error.hpp"

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
    for (const auto& type : airy_types()) {
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
    for (const auto& type : airy_types()) {
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
    const Catalogue catalogue(airy_types());
    REQUIRE(catalogue.find("post.published") != nullptr);
    CHECK(catalogue.find("post.published")->name == "post.published");
    CHECK(catalogue.find("post.publishe") == nullptr);
    CHECK(catalogue.find("Post.published") == nullptr);
    CHECK(catalogue.find("") == nullptr);
    CHECK(catalogue.nearest_name("post.publishd") == "post.published");
    CHECK(catalogue.nearest_name("post.publsihed") == "post.published");
    CHECK(catalogue.nearest_name("coment.created") == "comment.created");
    CHECK(catalogue.nearest_name("order.shipped.twice").empty());
}

TEST_CASE("examples are valid events of their type") {
    const Catalogue catalogue(airy_types());
    for (const auto& type : airy_types()) {
        CAPTURE(type.name);
        check_topic(type.name);
        const auto event = complete(catalogue, example_body(type), {.topic = type.name});
        CHECK(event.type == type.name);
        const auto body = nlohmann::json::parse(event.body);
        CHECK(body.size() == type.fields.size() + 3);
    }
}

TEST_CASE("a catalogue knows the types that it was made of, and no others") {
    static constexpr std::string_view sizes[] = {"small", "large"};
    static constexpr Field fields[] = {{"size", FieldType::choice, false, sizes, "small"}};
    const EventType types[] = {{"order.shipped", "an order left", fields}};
    const Catalogue shop(types);
    CHECK(shop.types().size() == 1);
    REQUIRE(shop.find("order.shipped") != nullptr);
    CHECK(shop.find("post.published") == nullptr);
    CHECK(shop.nearest_name("order.shiped") == "order.shipped");
    CHECK(shop.nearest_name("post.publishd").empty());
    CHECK(complete(shop, R"({"size":"large"})", {.topic = "order.shipped"}).type ==
          "order.shipped");
    CHECK_THROWS_AS(complete(shop, R"({"size":"huge"})", {.topic = "order.shipped"}), airy::Error);
    CHECK_THROWS_AS(complete(shop, "{}", {.topic = "post.updated"}), airy::Error);

    const Catalogue empty{std::span<const EventType>()};
    CHECK(empty.types().empty());
    CHECK(empty.find("") == nullptr);
    CHECK(empty.nearest_name("post.published").empty());
}
