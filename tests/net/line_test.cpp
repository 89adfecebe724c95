// Filters in a row: what goes up through them, down through them, and what their ends mean.
#include "net/line.hpp"

#include <gtest/gtest.h>

#include "net/fake_filter.hpp"

namespace mortise::net {
namespace {

mqtt::Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
std::string text_of(mqtt::Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

Filters fakes(int count) {
  Filters filters;
  for (int i = 0; i < count; ++i)
    filters.push_back(std::make_unique<FakeFilter>("filter " + std::to_string(i)));
  return filters;
}

// What `count` clients, one inside the other, send for this; the innermost one says `letters` behind it.
std::string sealed(std::string_view plain, int count, std::string_view letters = "") {
  mqtt::Buffer raw;
  const mqtt::Bytes inner = bytes_of(plain);
  raw.assign(inner.begin(), inner.end());
  for (int i = 0; i < count; ++i) {
    mqtt::Buffer outer{FakeFilter::greeting.begin(), FakeFilter::greeting.end()};
    fake_seal(raw, outer);
    if (i == 0)
      for (const char letter : letters) fake_say(letter, outer);
    raw = outer;
  }
  return text_of(raw);
}

struct Outcome {
  std::string plain, down, wrong, address;
  bool ended = false;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome played(Line line, std::string_view input, std::size_t cut) {
  Line::Scratch scratch;
  Outcome outcome;
  for (const std::string_view piece : {input.substr(0, cut), input.substr(cut)}) {
    outcome.plain += text_of(line.take(bytes_of(piece), scratch));
    if (const auto learnt = line.take_introduction()) outcome.address = learnt->address;
  }
  outcome.down = text_of(line.sealed());
  outcome.wrong = line.wrong();
  outcome.ended = line.has_ended();
  return outcome;
}

class Depth : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Line, Depth, ::testing::Values(1, 2, 3),
                         [](const auto& row) { return "filters_" + std::to_string(row.param); });

TEST_P(Depth, every_split_of_the_input_gives_the_same_result) {
  for (const std::string_view letters : {"", "p", "q", "i", "f", "!", "iq", "i!"}) {
    const std::string input = sealed("some plain text", GetParam(), letters);
    const Outcome whole = played(Line{fakes(GetParam())}, input, 0);
    EXPECT_EQ(whole.plain, "some plain text");
    EXPECT_EQ(whole.ended, letters.ends_with('q') || letters.ends_with('!')) << letters;
    EXPECT_EQ(whole.wrong.empty(), !letters.ends_with('!')) << letters;
    EXPECT_EQ(whole.address, letters.starts_with('i') ? "192.0.2.7:7" : "") << letters;
    for (std::size_t cut = 1; cut < input.size(); ++cut)
      ASSERT_EQ(played(Line{fakes(GetParam())}, input, cut), whole) << letters << " cut at " << cut;
  }
}

TEST_P(Depth, what_is_given_comes_out_sealed_by_all) {
  Line line{fakes(GetParam())};
  Line::Scratch scratch;
  line.take(bytes_of(sealed("x", GetParam())), scratch);
  const std::string greetings = text_of(line.sealed());
  const std::vector<mqtt::Bytes> parts{bytes_of("ab"), bytes_of(""), bytes_of("c")};
  line.give(parts, scratch);
  mqtt::Buffer expected{'a', 'b', 'c'};
  for (int i = 0; i < GetParam(); ++i) {
    mqtt::Buffer outer;
    fake_seal(expected, outer);
    expected = outer;
  }
  EXPECT_EQ(text_of(line.sealed()), greetings + text_of(expected));
}

TEST(Line, an_answer_of_an_upper_filter_goes_through_the_lower_ones) {
  Line line{fakes(2)};
  Line::Scratch scratch;
  line.take(bytes_of(sealed("", 2)), scratch);
  mqtt::Buffer inner;
  fake_seal(bytes_of("welcome\n"), inner);
  EXPECT_EQ(text_of(line.sealed()), "welcome\n" + text_of(inner));
}

TEST(Line, last_words_are_said_from_the_top_and_once) {
  Line line{fakes(2)};
  Line::Scratch scratch;
  line.take(bytes_of(sealed("", 2)), scratch);
  line.sent(line.sealed().size(), scratch);
  line.finish(scratch);
  line.finish(scratch);
  mqtt::Buffer expected;
  fake_seal(bytes_of("q."), expected);
  fake_say('q', expected);
  EXPECT_EQ(text_of(line.sealed()), text_of(expected));
  EXPECT_TRUE(line.is_finished());
}

TEST(Line, after_a_failure_only_those_below_say_goodbye) {
  Line line{fakes(2)};
  Line::Scratch scratch;
  line.take(bytes_of(sealed("", 2, "!")), scratch);
  EXPECT_EQ(line.wrong(), "filter 1: the seal is broken");
  line.sent(line.sealed().size(), scratch);
  line.finish(scratch);
  EXPECT_EQ(text_of(line.sealed()), "q.");
}

TEST(Line, the_lowest_failure_is_the_one_that_is_told) {
  Line line{fakes(2)};
  Line::Scratch scratch;
  mqtt::Buffer raw{'h', 'i', '\n'};
  fake_seal(bytes_of("bad"), raw);
  fake_say('!', raw);
  line.take(raw, scratch);
  EXPECT_EQ(line.wrong(), "filter 0: the seal is broken");
}

TEST(Line, nothing_is_heard_after_the_end) {
  Line line{fakes(1)};
  Line::Scratch scratch;
  line.take(bytes_of(sealed("", 1, "q")), scratch);
  EXPECT_TRUE(line.take(bytes_of("d0d0"), scratch).empty());
  EXPECT_EQ(line.wrong(), "");
}

TEST(Line, a_filter_that_is_over_is_taken_out_and_what_follows_goes_past_it) {
  Line line{fakes(1)};
  Line::Scratch scratch;
  EXPECT_EQ(text_of(line.take(bytes_of(sealed("a", 1, "f") + "bc"), scratch)), "abc");
  EXPECT_FALSE(line.is_plain());  // its welcome is not written yet
  line.sent(line.sealed().size(), scratch);
  EXPECT_TRUE(line.is_plain());
  EXPECT_EQ(text_of(line.take(bytes_of("d"), scratch)), "d");
}

TEST(Line, an_idle_line_keeps_no_bytes) {
  Line line{fakes(1)};
  Line::Scratch scratch;
  const std::size_t before = line.memory();
  line.take(bytes_of(sealed(std::string(5000, 'x'), 1)), scratch);
  const std::string much(5000, 'y');
  const mqtt::Bytes part = bytes_of(much);
  line.give({&part, 1}, scratch);
  EXPECT_GT(line.memory(), before + 10'000);
  line.sent(line.sealed().size(), scratch);
  EXPECT_EQ(line.memory(), before);
}

}  // namespace
}  // namespace mortise::net
