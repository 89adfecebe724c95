// Settings read through the C++ wrapper, and what becomes of those a plugin refuses.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "testkit/driven.hpp"

namespace mortise::test {
namespace {

// -----------------------------------------------------------------------------------------------

struct Reads {
  Reads(mortise::host, config from) {
    result = std::string{from.text("/text")} + " " + std::to_string(from.integer("/count", 9)) + " " +
             std::to_string(from.boolean("/on")) + " " + std::to_string(from.duration("/wait").count()) +
             " " + std::to_string(from.bytes("/room")) + " " + std::to_string(from.number("/part") > 0.4);
    from.each("/list",
              [&](const config& entry) { result += " " + entry.path() + "=" + std::string{entry.text()}; });
    from.each("/map", [&](std::string_view key, const config& entry) {
      result += " " + std::string{key} + "@" + entry.path();
    });
  }
  std::string result;
};

TEST(Config, reads_every_kind_of_value_and_knows_its_place) {
  Driven<Reads> driven{Json::parse(R"({"text": "t", "on": true, "wait": "30s", "room": "2KiB", "part": 0.5,
                                       "list": ["x", "y"], "map": {"a/b": 1}})")};
  ASSERT_EQ(driven.configured, MORTISE_OK);
  EXPECT_EQ(driven.plugin().result, "t 9 1 30000000000 2048 1 /list/0=x /list/1=y a/b@/map/a~1b");
}

struct Picky {
  Picky(mortise::host, config from) {
    const std::string_view how = from.text("/how");
    if (how == "pointer") throw std::invalid_argument{"/secrets/1: use 16 bytes or more"};
    if (how == "path") throw std::runtime_error{"/etc/secrets: no such file"};
    if (how == "missing") throw std::invalid_argument{"/secrets: give some"};
    if (how == "long") throw std::runtime_error{"/" + std::string(300, 'x') + ": no such file"};
    if (how == "plain") throw std::invalid_argument{"no database"};
    if (how == "file") throw finding{"/users", "is there twice", "remove one"}.in("users.yaml", 3, 9);
    if (how == "number") throw 42;
    from.integer("/how");
  }
};

struct Refusal {
  const char* name;
  const char* config;
  const char* found;
};
void PrintTo(const Refusal& row, std::ostream* out) { *out << row.name; }

class RefusedConfig : public testing::TestWithParam<Refusal> {};

TEST_P(RefusedConfig, becomes_a_located_finding) {
  Driven<Picky> driven{Json::parse(GetParam().config)};
  EXPECT_EQ(driven.configured, MORTISE_E_INVALID);
  EXPECT_EQ(driven.host.findings, std::vector<std::string>{GetParam().found});
}

INSTANTIATE_TEST_SUITE_P(
    Config, RefusedConfig,
    testing::Values(
        Refusal{"a_text_with_a_pointer", R"({"how": "pointer", "secrets": ["a", "b"]})",
                "/secrets/1|use 16 bytes or more||"},
        Refusal{"a_text_with_an_absolute_path", R"({"how": "path", "secrets": []})",
                "|/etc/secrets: no such file||"},
        Refusal{"a_text_with_a_pointer_to_nothing", R"({"how": "missing"})", "|/secrets: give some||"},
        Refusal{"a_text_without_one", R"({"how": "plain"})", "|no database||"},
        Refusal{"a_place_in_an_own_file", R"({"how": "file"})",
                "/users|is there twice|remove one|users.yaml:3:9"},
        Refusal{"something_that_is_no_exception", R"({"how": "number"})", "|an exception of unknown type||"},
        Refusal{"a_missing_key", "{}", "/how|is missing|give a text|"},
        Refusal{"a_value_of_another_type", R"({"how": "text"})", "/how|is not a whole number||"}),
    [](const auto& row) { return row.param.name; });

TEST(Config, a_path_too_long_for_any_key_is_told_whole) {
  Driven<Picky> driven{Json::parse(R"({"how": "long"})")};
  EXPECT_EQ(driven.host.findings,
            std::vector<std::string>{"|/" + std::string(300, 'x') + ": no such file||"});
}

struct PickyLater {
  PickyLater(mortise::host, config from) : text{from.text("/text")} {}
  void start() { throw std::runtime_error{text}; }
  std::string text;
};

TEST(Config, what_start_throws_has_its_place_too) {
  Driven<PickyLater> pointing{Json::parse(R"({"text": "/text: is taken"})")};
  EXPECT_EQ(pointing.start(), MORTISE_DENY);
  EXPECT_EQ(pointing.host.findings, std::vector<std::string>{"/text|is taken||"});
  Driven<PickyLater> opening{Json::parse(R"({"text": "/var/lib/x.db: is locked"})")};
  EXPECT_EQ(opening.start(), MORTISE_DENY);
  EXPECT_EQ(opening.host.findings, std::vector<std::string>{"|/var/lib/x.db: is locked||"});
}

struct Plain {
  explicit Plain(mortise::host) {}
};

TEST(Config, a_class_without_settings_takes_none) {
  void* self = nullptr;
  FakeHost host;
  ASSERT_EQ(detail::tables<Plain>::life.create(host.raw(), &self), MORTISE_OK);
  EXPECT_EQ(detail::tables<Plain>::life.configure(self, nullptr, host.report()), MORTISE_OK);
  detail::tables<Plain>::life.destroy(self);
}

}  // namespace
}  // namespace mortise::test
