// The transcripts' own language: what it means, and where its faults are found.
#include "transcript.hpp"

#include <gtest/gtest.h>

#include "vocabulary.hpp"
#include "words.hpp"

namespace mortise::conformance {
namespace {

constexpr const char* start = "# What it shows.\nversions 3.1.1 5.0\nproves MQTT-3.1.0-1\n";

std::string fault_of(const std::string& text) {
  try {
    read_transcripts(text, "a.transcript");
  } catch (const Unreadable& fault) {
    return fault.what();
  }
  return "readable";
}

struct Fault {
  const char* name;
  std::string text;
  const char* what;
};
void PrintTo(const Fault& row, std::ostream* out) { *out << row.text; }
class Faults : public testing::TestWithParam<Fault> {};

TEST_P(Faults, are_located_and_told) { EXPECT_EQ(fault_of(GetParam().text), GetParam().what); }

// clang-format off
INSTANTIATE_TEST_SUITE_P(Transcript, Faults, testing::ValuesIn(std::vector<Fault>{
    {"a_step_before_versions", "a connect\n", "a.transcript:1:1  a transcript begins with: versions 3.1.1 5.0"},
    {"no_title", "versions 5.0\n", "a.transcript:1:1  a comment in front has to say what the transcript shows"},
    {"an_unknown_version", "# T\nversions 6.0\n", "a.transcript:2:10  a version is 3.1, 3.1.1 or 5.0"},
    {"no_step", start, "a.transcript:2:1  a transcript without a step"},
    {"no_proof", "# T\nversions 5.0\na connect\n", "a.transcript:2:1  say what it proves: proves MQTT-3.1.2-10"},
    {"a_proof_in_another_version", "# T\nversions 5.0\nproves 3.1.1 MQTT-1\n",
     "a.transcript:3:8  the transcript is not played in this version"},
    {"a_setting_nobody_has", std::string{start} + "broker colour 3\n", "a.transcript:4:8  the broker has no setting of this name here"},
    {"an_unknown_verb", std::string{start} + "a dances\n",
     "a.transcript:4:3  a client can connect, subscribe, unsubscribe, publish, ping, disconnect, drop, open, send, "
     "expect, receive, puback, pubrec, pubrel, pubcomp, auth"},
    {"a_property_in_3_1_1", std::string{start} + "a connect receive_maximum 1\n",
     "a.transcript:4:11  3.1.1 has no properties: put [5.0] in front of the line"},
    {"a_subscription_option_in_3_1_1", std::string{start} + "a subscribe \"a\" no_local\n",
     "a.transcript:4:17  3.1.1 has no subscription options: put [5.0] in front of the line"},
    {"a_reason_code_in_3_1_1", std::string{start} + "a puback 1 unspecified_error\n",
     "a.transcript:4:12  3.1.1 has no reason codes here: put [5.0] in front of the line"},
    {"a_number_too_large", std::string{start} + "a publish \"a\" \"b\" qos 4\n",
     "a.transcript:4:23  here stands a QoS, a number up to 3"},
    {"an_unfinished_quotation", std::string{start} + "a publish \"a\n", "a.transcript:4:11  a quoted word without its end"},
    {"an_unknown_escape", std::string{start} + "a publish \"\\q\" \"\"\n", "a.transcript:4:12  an escape is one of \\\" \\\\ \\n \\xHH"},
    {"words_behind_the_step", std::string{start} + "a ping loudly\n", "a.transcript:4:8  \"loudly\" says nothing here"},
    {"a_byte_that_is_none", std::string{start} + "a sends 0g\n",
     "a.transcript:4:9  a byte is two hexadecimal digits, several as characters in quotes"},
    {"a_long_wait", std::string{start} + "  wait 10 s\n", "a.transcript:2:1  it waits long: say virtual time only"},
    {"no_need_for_virtual_time", std::string{start} + "virtual time only\na connect\n",
     "a.transcript:2:1  it hardly waits: it can be played in real time, too"},
}), [](const testing::TestParamInfo<Fault>& row) { return std::string{row.param.name}; });
// clang-format on

TEST(Transcript, a_file_holds_several) {
  const std::string second =
      "# And this.\n# In two lines.\nversions 5.0\nproves MQTT-1 MQTT-2\n[5.0] a connect\n";
  const auto all =
      read_transcripts(std::string{start} + "a connect  # a comment\n[5.0] a ping\n\n" + second, "f");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].title, "What it shows.");
  EXPECT_EQ(all[0].proves.size(), 2U);
  EXPECT_EQ(all[0].steps_in(mqtt::Version::v3_1_1), 1U);
  EXPECT_EQ(all[0].steps_in(mqtt::Version::v5_0), 2U);
  EXPECT_EQ(all[1].title, "And this. In two lines.");
  EXPECT_EQ(all[1].proves.size(), 2U);
}

TEST(Transcript, words_repeat_and_escape) {
  const auto all = read_transcripts(std::string{start} + "a publish \"t\\x41\\n\" \"ab\"*3\n", "f");
  const auto& publish = std::get<Publish>(all.at(0).steps.at(0).action);
  EXPECT_EQ(publish.topic, "tA\n");
  EXPECT_EQ(publish.payload, "ababab");
}

TEST(Vocabulary, every_reason_code_and_property_has_a_word) {
  int codes = 0;
  for (int code = 0; code < 256; ++code) {
    const auto reason = static_cast<mqtt::ReasonCode>(code);
    if (word_of(reason) == "unknown_reason_code") continue;
    ++codes;
    EXPECT_EQ(reason_of(word_of(reason)), reason);
  }
  EXPECT_EQ(codes, 43);
  int properties = 0;
  for (int id = 0; id < 256; ++id) {
    const auto* row = mqtt::row_of(static_cast<std::uint8_t>(id));
    if (!row) continue;
    ++properties;
    EXPECT_EQ(property_of(word_of(row->id)), row->id);
  }
  EXPECT_EQ(properties, 27);
}

}  // namespace
}  // namespace mortise::conformance
