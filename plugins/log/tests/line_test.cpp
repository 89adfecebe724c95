// Lines as people and machines read them.
#include "line.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <limits>
#include <nlohmann/json.hpp>

#include "event.hpp"

namespace mortise::log {
namespace {

class Line : public testing::Test {
 protected:
  Line() {
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
  }
};

const Event denied{MORTISE_WARNING,
                   "auth",
                   "client.denied",
                   "denied publish",
                   {{"client", "pump-7"},
                    {"user", "pumps"},
                    {"address", "10.0.0.17:50122"},
                    {"listener", "public"},
                    {"topic", "alarm/reset"},
                    {"by", "users"},
                    {"rule", "access.yaml:14 pumps may not write alarm/#"},
                    {"times", 41}}};

TEST_F(Line, says_who_what_why_and_who_decided) {
  EXPECT_EQ(text_line(denied.raw(), Clock::time_of_day),
            "17:06:40.123 warning auth     denied publish  client=pump-7 user=pumps address=10.0.0.17:50122 "
            "listener=public topic=alarm/reset by=users rule=\"access.yaml:14 pumps may not write alarm/#\" "
            "times=41");
}

TEST_F(Line, in_a_file_begins_with_the_date) {
  EXPECT_TRUE(
      text_line(denied.raw(), Clock::date_and_time).starts_with("2025-06-15 17:06:40.123 warning auth "));
}

TEST_F(Line, has_its_level_where_the_colour_goes) {
  for (const Clock clock : {Clock::time_of_day, Clock::date_and_time})
    EXPECT_EQ(text_line(denied.raw(), clock).substr(width_of(clock), 8), "warning ");
}

TEST_F(Line, as_json_has_the_same_words_as_keys) {
  EXPECT_EQ(
      json_line(denied.raw()),
      R"({"time":"2025-06-15T15:06:40.123Z","level":"warning","category":"auth","event":"client.denied",)"
      R"("text":"denied publish","client":"pump-7","user":"pumps","address":"10.0.0.17:50122",)"
      R"("listener":"public","topic":"alarm/reset","by":"users",)"
      R"("rule":"access.yaml:14 pumps may not write alarm/#","times":41})");
}

TEST_F(Line, about_a_message_shows_the_first_bytes_of_its_payload) {
  const Event message{
      MORTISE_INFO,
      "messages",
      "message.published",
      "publish",
      {{"client", "sensor"}, {"topic", "a/b"}, {"qos", "1"}, {"size", "4"}, {"payload", "{\"\xFF\n"}}};
  EXPECT_EQ(
      text_line(message.raw(), Clock::time_of_day),
      R"(17:06:40.123 info    messages publish  client=sensor topic=a/b qos=1 size=4 payload="{\"\xFF\n")");
  EXPECT_EQ(nlohmann::json::parse(json_line(message.raw()))["payload"], R"({"\xFF\n)");
}

TEST_F(Line, without_fields_ends_with_its_text) {
  EXPECT_EQ(text_line(Event{}.raw(), Clock::time_of_day), "17:06:40.123 info    clients  connected");
}

TEST_F(Line, leaves_out_what_says_nothing) {
  const Event event{.fields = {{"user", ""}, {"by", std::string_view{}}, {"client", "c"}}};
  EXPECT_EQ(text_line(event.raw(), Clock::time_of_day), "17:06:40.123 info    clients  connected  client=c");
  EXPECT_FALSE(nlohmann::json::parse(json_line(event.raw())).contains("user"));
}

TEST_F(Line, keeps_the_types_of_its_values) {
  const Event event{.fields = {{"a", -4},
                               {"b", std::numeric_limits<std::uint64_t>::max()},
                               {"c", 0.5},
                               {"d", true},
                               {"e", std::numeric_limits<double>::infinity()}}};
  EXPECT_TRUE(text_line(event.raw(), Clock::time_of_day)
                  .ends_with("  a=-4 b=18446744073709551615 c=0.5 d=true e=inf"));
  EXPECT_TRUE(
      json_line(event.raw()).ends_with(R"("a":-4,"b":18446744073709551615,"c":0.5,"d":true,"e":null})"));
}

TEST_F(Line, cannot_be_forged_by_a_text_with_a_new_line) {
  const Event event{.text = "connected\n12:00:00.000 error all is lost", .fields = {{"x\ny", "z"}}};
  EXPECT_EQ(text_line(event.raw(), Clock::time_of_day).find('\n'), std::string::npos);
  EXPECT_EQ(json_line(event.raw()).find('\n'), std::string::npos);
}

TEST_F(Line, gives_way_when_a_field_has_a_name_of_its_own) {
  const Event event{.fields = {{"level", "high"}, {"time", 3}}};
  const auto json = nlohmann::json::parse(json_line(event.raw()));
  EXPECT_EQ(json["level"], "info");
  EXPECT_EQ(json["level_"], "high");
  EXPECT_EQ(json["time_"], 3);
}

TEST_F(Line, of_a_level_nobody_knows_is_called_by_the_nearest) {
  EXPECT_EQ(level_name(0), "debug");
  EXPECT_EQ(level_name(MORTISE_NOTICE), "notice");
  EXPECT_EQ(level_name(9), "error");
}

}  // namespace
}  // namespace mortise::log
