// Writes the seeds: the rows of the tests, each as a file of the targets it says something to.
//
//   fuzz-seeds FOLDER CONFIG_FOLDER
//
// The rows are read from the tests themselves. Their files are linked into this program, GoogleTest knows the
// rows they register, and each row prints what it is about. So a new row is a new seed, and no row has a
// second home.
//
// Fails: with a sentence, when a suite named here has no rows any more, or a file cannot be written.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <stdexcept>

#include "mqtt/valid_packets.hpp"
#include "net/tls_peer.hpp"
#include "script.hpp"

namespace mortise::fuzz {
namespace {

namespace fs = std::filesystem;
using mqtt::Wire;

constexpr std::size_t seed_bytes_max = 4096;  // a fuzzer learns little from more

class Seeds {
 public:
  explicit Seeds(fs::path folder) : folder_{std::move(folder)} { fs::remove_all(folder_); }

  void write(const char* target, const std::string& name, const Wire& bytes) {
    if (bytes.size() > seed_bytes_max) return;
    fs::create_directories(folder_ / target);
    std::ofstream out{folder_ / target / name, std::ios::binary};
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!out.flush()) throw std::runtime_error{"the seed " + name + " of " + target + " cannot be written"};
    ++count_;
  }
  std::size_t count() const { return count_; }

 private:
  fs::path folder_;
  std::size_t count_ = 0;
};

// ---- what rows print

// "name 10 0c 00 …"
Wire bytes_in_row(std::string_view printed) {
  Wire bytes;
  printed.remove_prefix(std::min(printed.find(' '), printed.size()));
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (; printed.size() >= 3; printed.remove_prefix(3))
    bytes.push_back(static_cast<std::uint8_t>(digit(printed[1]) << 4 | digit(printed[2])));
  return bytes;
}
Wire text_in_row(std::string_view printed) { return mqtt::chars(printed); }
// "filter on topic", a line each.
Wire lines_in_row(std::string_view printed) {
  constexpr std::string_view between = " on ";
  const std::size_t at = printed.find(between);
  return mqtt::wire(mqtt::chars(printed.substr(0, at)), '\n',
                    mqtt::chars(printed.substr(at + between.size())));
}

struct Source {
  std::string_view suite;  // behind the slash
  Wire (*bytes)(std::string_view printed);
  std::vector<const char*> targets;
};

const std::array sources{
    Source{"Faults", bytes_in_row, {"frame", "decode"}},
    Source{"BadFrames", bytes_in_row, {"frame"}},
    Source{"Matches", lines_in_row, {"topic_filter"}},
    Source{"Shares", text_in_row, {"topic_filter"}},
    Source{"Headers", bytes_in_row, {"proxy_header"}},
    Source{"MalformedHeaders", bytes_in_row, {"proxy_header"}},
    Source{"Offers", bytes_in_row, {"websocket"}},
    Source{"Refusals", bytes_in_row, {"websocket"}},
    Source{"Forwards", bytes_in_row, {"websocket"}},
    Source{"Frames", bytes_in_row, {"websocket"}},
    Source{"BadFile", text_in_row, {"yaml"}},
    Source{"Yaml", text_in_row, {"yaml"}},
};

// ---- scripts for the broker

Wire command(Command word) { return mqtt::wire(int{mark}, static_cast<int>(word)); }

// Bytes to be sent, as a script has them.
Wire sent(const Wire& bytes) {
  Wire script;
  for (const std::uint8_t byte : bytes) {
    if (byte == mark) script.push_back(mark);
    script.push_back(byte);
  }
  return script;
}

// On a connection that has been let in, and on one that has not.
void write_scripts(Seeds& seeds, const std::string& name, mqtt::Version version, const Wire& packet) {
  const Command connect = version == mqtt::v5 ? Command::connect_5_0 : Command::connect_3_1_1;
  const bool is_connect = packet[0] >> 4 == 1;
  const int settings = static_cast<int>(name.size() % 16);  // all of them come
  seeds.write("broker", name,
              is_connect ? mqtt::wire(settings, sent(packet), command(Command::exchange), sent(packet))
                         : mqtt::wire(settings, command(connect), sent(packet), command(Command::exchange),
                                      command(Command::drop), command(connect)));
}

void write_conversations(Seeds& seeds) {
  using namespace mqtt;
  const Wire everything = packet(0x82, two(9), no_properties, text("#"), 2);
  const Wire retained = packet(0x35, text("a/b"), two(7), no_properties, chars("kept"));
  const Wire shared = packet(0x82, two(9), no_properties, text("$share/g/a/#"), 2);
  const auto one = command(Command::first_connection), other = command(Command::second_connection);
  const auto exchange = command(Command::exchange), drop = command(Command::drop);
  const auto connect = command(Command::connect_5_0), kept = command(Command::connect_kept);
  for (int settings = 0; settings < 16; ++settings) {
    const auto write = [&](const char* name, const Wire& script) {
      seeds.write("broker", std::string{name} + '_' + std::to_string(settings), wire(settings, script));
    };
    write("one_hears_all_and_answers_nothing",
          wire(connect, sent(everything), exchange, other, connect, sent(retained), exchange));
    write("one_says_goodbye_in_the_middle_of_a_flow",
          wire(kept, sent(everything), other, connect, sent(retained), sent(packet(0x62, two(7))), one,
               sent(packet(0xE0)), exchange, kept, sent(packet(0x50, two(1))), sent(packet(0x70, two(1)))));
    write("one_takes_its_own_session_over", wire(kept, sent(everything), other, kept, exchange, kept, drop));
    write("a_will_comes_late", wire(other, connect, sent(everything), one, kept, drop,
                                    command(Command::wait_1_s), command(Command::wait_100_s), exchange));
    write("members_of_a_group_go",
          wire(kept, sent(shared), other, kept, sent(shared), drop, command(Command::third_connection),
               connect, sent(retained), exchange));
    write("a_packet_in_two_reads",
          wire(connect, Wire(retained.begin(), retained.begin() + 5), command(Command::cut),
               Wire(retained.begin() + 5, retained.end()), exchange));
    write("a_connection_says_nothing", wire(command(Command::open), other, sent(wire(0x10)), exchange));
    write(
        "authentication_in_steps",
        wire(sent(packet(0x10, head(5, 2), sized(0x15, text("password-game"), 0x16, text("again")),
                         text("m"))),
             sent(packet(0xF0, 0x18, sized(0x15, text("password-game"), 0x16, text("a friend")))), exchange));
  }
}

// ---- all of them

// Properties as they stand in a packet, without their length.
mqtt::Bytes properties_of(const mqtt::Packet& packet) {
  return std::visit(
      [](const auto& known) -> mqtt::Bytes {
        if constexpr (requires { known.raw; })
          return known.raw;
        else if constexpr (requires { known.properties.raw; })
          return known.properties.raw;
        else
          return {};
      },
      packet);
}

void write_valid_packets(Seeds& seeds) {
  for (const mqtt::ValidPacket& row : mqtt::valid_packets()) {
    seeds.write("frame", row.name, row.bytes);
    seeds.write("decode", row.name, row.bytes);
    if (row.bytes.size() <= seed_bytes_max) write_scripts(seeds, row.name, row.version, row.bytes);
    const auto decoded = mqtt::decode_wire(row.bytes, row.version);
    if (!decoded) throw std::runtime_error{std::string{row.name} + " is no valid packet"};
    const mqtt::Bytes raw = properties_of(*decoded);
    if (!raw.empty())
      seeds.write("properties", row.name, mqtt::wire(row.bytes[0] >> 4, Wire(raw.begin(), raw.end())));
  }
}

void write_rows(Seeds& seeds) {
  std::map<std::string_view, int> rows;
  const ::testing::UnitTest& all = *::testing::UnitTest::GetInstance();
  for (int i = 0; i < all.total_test_suite_count(); ++i) {
    const ::testing::TestSuite& suite = *all.GetTestSuite(i);
    const std::string_view name =
        std::string_view{suite.name()}.substr(std::string_view{suite.name()}.find('/') + 1);
    const auto source = std::ranges::find(sources, name, &Source::suite);
    if (source == sources.end()) continue;
    for (int j = 0; j < suite.total_test_count(); ++j) {
      const ::testing::TestInfo& test = *suite.GetTestInfo(j);
      if (!test.value_param()) continue;
      std::string file = std::string{suite.name()} + '-' +
                         std::string{test.name()}.substr(std::string_view{test.name()}.find('/') + 1);
      std::ranges::replace(file, '/', '-');
      const Wire bytes = source->bytes(test.value_param());
      for (const char* target : source->targets) seeds.write(target, file, bytes);
      if (name == "Faults" && bytes.size() <= seed_bytes_max) write_scripts(seeds, file, mqtt::v5, bytes);
      ++rows[source->suite];
    }
  }
  for (const Source& source : sources)
    if (rows[source.suite] == 0)
      throw std::runtime_error{"no test has rows of the suite " + std::string{source.suite} + " any more"};
}

// What clients begin a TLS connection with; the only seeds that are not the same in each build.
void write_client_hellos(Seeds& seeds) {
  const testing::TlsAuthority authority;
  using Choices = testing::TlsPeer::Choices;
  const auto hello = [&](const char* name, auto choose) {
    Choices choices;
    choose(choices);
    testing::TlsPeer peer{authority.certificate(), choices};
    peer.take({});
    seeds.write("tls", name, peer.sent());
  };
  hello("tls_1_2", [](Choices& choices) { choices.highest = TLS1_2_VERSION; });
  hello("tls_1_3", [](Choices& choices) { choices.lowest = TLS1_3_VERSION; });
  hello("with_a_server_name", [](Choices& choices) {
    choices.server_name = "broker.example";
    choices.protocols = {"mqtt"};
  });
  hello("of_another_protocol", [](Choices& choices) {
    choices.protocols = {"http/1.1", "h2"};
    choices.groups = "X448";
  });
}

void write_configurations(Seeds& seeds, const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator{folder}) {
    if (entry.path().extension() != ".yaml") continue;
    std::ifstream in{entry.path(), std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    seeds.write("yaml", entry.path().filename(), mqtt::chars(text));
  }
}

}  // namespace
}  // namespace mortise::fuzz

int main(int count, char** arguments) try {
  testing::InitGoogleTest(&count, arguments);
  if (count != 3) throw std::runtime_error{"usage: fuzz-seeds FOLDER CONFIG_FOLDER"};
  mortise::fuzz::Seeds seeds{arguments[1]};
  mortise::fuzz::write_valid_packets(seeds);
  mortise::fuzz::write_rows(seeds);
  mortise::fuzz::write_conversations(seeds);
  mortise::fuzz::write_client_hellos(seeds);
  mortise::fuzz::write_configurations(seeds, arguments[2]);
  std::cout << seeds.count() << " seeds\n";
  return 0;
} catch (const std::exception& fault) {
  std::cerr << "fuzz-seeds: " << fault.what() << '\n';
  return 1;
}
