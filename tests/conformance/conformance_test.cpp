// Every transcript, on the broker core in virtual time: with 1 and 3 loops, without a store and with one.
#include <gtest/gtest.h>

#include "core_world.hpp"
#include "library.hpp"
#include "player.hpp"

namespace mortise::conformance {
namespace {

const std::vector<Transcript>& library() {
  static const std::vector<Transcript> all = read_library(MORTISE_TRANSCRIPTS);
  return all;
}

struct Playing {
  const Transcript* transcript;
  mqtt::Version version;
};
void PrintTo(const Playing& playing, std::ostream* out) {
  *out << playing.transcript->file << ":" << playing.transcript->line << " in MQTT "
       << word_of(playing.version);
}

std::vector<Playing> playings() {
  std::vector<Playing> all;
  for (const Transcript& transcript : library())
    for (const mqtt::Version version : transcript.versions) all.push_back({&transcript, version});
  return all;
}

// folder_file_line_version, of which the line tells several transcripts of a file apart.
std::string name_of(const testing::TestParamInfo<Playing>& info) {
  const Transcript& transcript = *info.param.transcript;
  std::string name = transcript.file.substr(0, transcript.file.rfind('.')) + "_" +
                     std::to_string(transcript.line) + "_v" + std::string{word_of(info.param.version)};
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

class Conformance : public testing::TestWithParam<Playing> {};

TEST_P(Conformance, plays_as_written) {
  const auto [transcript, version] = GetParam();
  for (const std::uint32_t loops : {1U, 3U})
    for (const Storage storage : {Storage::none, Storage::durable_at_once}) {
      SCOPED_TRACE(std::to_string(loops) + " loops, " + (storage == Storage::none ? "no store" : "a store"));
      CoreWorld world{transcript->broker, loops, storage};
      Player player{world, *transcript, version};
      try {
        player.play();
        world.end();
      } catch (const std::runtime_error& error) {
        ADD_FAILURE() << transcript->title << '\n' << error.what();
      }
      EXPECT_EQ(player.steps(), transcript->steps_in(version));
    }
}

INSTANTIATE_TEST_SUITE_P(Transcripts, Conformance, testing::ValuesIn(playings()), name_of);

TEST(Loops, three_of_them_write_each_other_letters) {
  std::uint64_t letters = 0;
  for (const Playing& playing : playings()) {
    if (playing.transcript->virtual_time_only) continue;  // they take long, and the others write enough
    CoreWorld world{playing.transcript->broker, 3, Storage::none};
    Player player{world, *playing.transcript, playing.version};
    try {
      player.play();
    } catch (const Mismatch&) {
      continue;  // told by the test of that transcript
    }
    letters += world.letters();
  }
  EXPECT_GT(letters, 100U);
}

TEST(Tags, every_one_is_a_statement_of_its_version) {
  const std::set<Statement> statements = read_statements(MORTISE_STATEMENTS);
  ASSERT_EQ(statements.size(), 383U);
  for (const Transcript& transcript : library())
    for (const Statement& tag : transcript.proves)
      EXPECT_TRUE(statements.contains(tag)) << transcript.file << ":" << transcript.line << "  MQTT "
                                            << word_of(tag.version) << " has no statement " << tag.id;
}

}  // namespace
}  // namespace mortise::conformance
