// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "settings.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <map>
#include <set>
#include <utility>

using namespace airy::tools;

namespace {

// A source that finds settings by their keys, as a settings file does.
class Written final : public SettingSource {
  public:
    Written(std::string name, std::map<std::string, std::string> values)
        : name_(std::move(name)), values_(std::move(values)) {}

    std::optional<SettingValue> find(const SettingRow& row) const override {
        const auto found = values_.find(std::string(row.key));
        if (found == values_.end()) return std::nullopt;
        return SettingValue{found->second, name_};
    }

  private:
    std::string name_;
    std::map<std::string, std::string> values_;
};

Settings made_of(std::map<std::string, std::string> near, std::map<std::string, std::string> far) {
    std::vector<std::unique_ptr<SettingSource>> sources;
    sources.push_back(std::make_unique<Written>("near", std::move(near)));
    sources.push_back(std::make_unique<Written>("far", std::move(far)));
    return Settings(std::move(sources));
}

// Sets a variable for the duration of a test.
class Variable {
  public:
    Variable(const char* name, const char* value) : name_(name) {
        if (const char* former = ::getenv(name)) former_ = former;
        value != nullptr ? ::setenv(name, value, 1) : ::unsetenv(name);
    }
    ~Variable() {
        if (former_)
            ::setenv(name_, former_->c_str(), 1);
        else
            ::unsetenv(name_);
    }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

  private:
    const char* name_;
    std::optional<std::string> former_;
};

}  // namespace

TEST_CASE("no two settings share a key, a flag or a variable") {
    std::set<std::string_view> names;
    for (const auto& row : setting_rows()) {
        CAPTURE(std::string(row.key));
        CHECK(&row_of(row.setting) == &row);
        REQUIRE_FALSE(row.key.empty());
        CHECK(names.insert(row.key).second);
        for (const auto variable : row.variables)
            if (!variable.empty()) CHECK(names.insert(variable).second);
        CHECK((row.flags.empty() || row.flags.find("--") != row.flags.npos));
        CHECK(row.flags.empty() == row.help.empty());
    }
    CHECK(setting_rows().back().setting == Setting::pool_size);
}

TEST_CASE("the flag comes first, then each source, then the default") {
    const auto settings = made_of({{"exchange", "a"}}, {{"exchange", "b"}, {"url", "c"}});
    CHECK(settings.value(Setting::exchange, "flag") == "flag");
    CHECK(settings.given(Setting::exchange, "flag")->name == "--exchange");
    CHECK(settings.given(Setting::url, "flag")->name == "--url");

    CHECK(settings.value(Setting::exchange) == "a");
    CHECK(settings.given(Setting::exchange)->name == "near");
    CHECK(settings.value(Setting::url) == "c");
    CHECK(settings.given(Setting::url)->name == "far");

    CHECK_FALSE(settings.given(Setting::port));
    CHECK(settings.value(Setting::port) == "5672");
    CHECK_FALSE(settings.given(Setting::management_url));
    CHECK(settings.value(Setting::management_url).empty());
}

TEST_CASE("ends of line behind a value are left out") {
    const auto settings =
        made_of({{"url", "amqp://h\n"}, {"exchange", "\n"}}, {{"exchange", "b\r\n\n"}});
    CHECK(settings.value(Setting::url) == "amqp://h");
    CHECK(settings.value(Setting::url, "amqp://f\n") == "amqp://f");
    CHECK(settings.value(Setting::exchange) == "b");
}

TEST_CASE("blanks around a URL are left out, those of other values stay") {
    const auto settings = made_of(
        {{"url", " \n amqp://h \t"}, {"management_url", "\nhttp://m \n"}, {"password", " a \n"}},
        {});
    CHECK(settings.value(Setting::url) == "amqp://h");
    CHECK(settings.value(Setting::management_url) == "http://m");
    CHECK(settings.value(Setting::management_url, " http://f ") == "http://f");
    CHECK(settings.value(Setting::password) == " a ");
}

TEST_CASE("a value tells how far away its source is") {
    const auto settings = made_of({{"exchange", "a"}}, {{"url", "b"}});
    CHECK(settings.given(Setting::exchange, "flag")->distance == 0);
    CHECK(settings.given(Setting::exchange)->distance == 1);
    CHECK(settings.given(Setting::url)->distance == 2);
}

TEST_CASE("the environment gives the first variable that is set and not empty") {
    const EnvironmentSource source;
    const auto& url = row_of(Setting::url);
    Variable amqp("AMQP_URL", "amqp://second");
    {
        Variable airy("AIRY_URL", "amqp://first");
        CHECK(source.find(url)->text == "amqp://first");
        CHECK(source.find(url)->name == "AIRY_URL");
    }
    {
        Variable airy("AIRY_URL", "");
        CHECK(source.find(url)->text == "amqp://second");
        CHECK(source.find(url)->name == "AMQP_URL");
    }
    Variable airy("AIRY_URL", nullptr);
    CHECK(source.find(url)->text == "amqp://second");
    Variable none("AMQP_URL", nullptr);
    CHECK_FALSE(source.find(url));
    CHECK_FALSE(source.find({Setting::url, "url", "--url", {}, "", "", ""}));
}

TEST_CASE("a setting is known by each of its flags, and by no part of one") {
    CHECK(row_of(Setting::url).has_flag("-u"));
    CHECK(row_of(Setting::url).has_flag("--url"));
    CHECK_FALSE(row_of(Setting::url).has_flag("--ur"));
    CHECK_FALSE(row_of(Setting::url).has_flag(""));
    CHECK_FALSE(row_of(Setting::host).has_flag(""));
    CHECK(row_of(Setting::exchange).has_flag("--exchange"));
}
