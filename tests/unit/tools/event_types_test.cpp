// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event_types.hpp"

#include <doctest/doctest.h>

using namespace airy;

TEST_CASE("the example of a type is a command that sets the needed fields") {
    for (const auto& type : tools::catalogue().types()) {
        CAPTURE(type.name);
        const auto command = tools::example_command(type);
        CHECK(command.starts_with("airy publish " + std::string(type.name) + " --set "));
        for (const auto& field : type.fields)
            CHECK((command.find(" " + std::string(field.name) + "=") != std::string::npos) !=
                  field.optional);
    }
    CHECK(tools::example_command(*tools::catalogue().find("post.published")) ==
          "airy publish post.published --set post_id=42 --set author_id=7 "
          "--set title='Hello, world'");
}
