// mortise-transcripts: plays transcripts against a running broker, one it starts itself, or the core in
// virtual time.
#include <functional>
#include <iostream>
#include <map>

#include "core_world.hpp"
#include "library.hpp"
#include "player.hpp"
#include "socket_world.hpp"
#include "spawned_broker.hpp"
#include "words.hpp"

namespace mortise::conformance {
namespace {

constexpr const char* usage =
    "usage: mortise-transcripts --core LOOPS FOLDER\n"
    "       mortise-transcripts --connect PORT FOLDER\n"
    "       mortise-transcripts --spawn MORTISE [--plugin-path FOLDER] [--threads N] [--store] FOLDER\n"
    "Plays every *.transcript below FOLDER that can be played in this way, in each of its versions. A broker "
    "that runs\n"
    "already has to listen on 127.0.0.1 and admit anonymous clients; transcripts that want it set up "
    "otherwise are left\n"
    "out. The last line counts; transcripts of virtual time only are counted apart, and so are their "
    "steps.\n";

struct Count {
  std::size_t played = 0;
  std::size_t failed = 0;
  std::size_t steps = 0;
  std::size_t virtual_only = 0;
  std::size_t otherwise = 0;  // wants another broker
};

struct Choices {
  enum class Way { none, core, connect, spawn } way = Way::none;
  std::uint32_t number = 0;  // loops, or the port
  SpawnChoices spawn;
  std::string folder;
};

// Plays one transcript in one version in the world; what it leaves behind is taken away by `tidies`.
void play(World& world, const Transcript& transcript, mqtt::Version version, bool tidies, Count& count) {
  Player player{world, transcript, version};
  ++count.played;
  try {
    player.play();
  } catch (const std::runtime_error& error) {
    ++count.failed;
    std::cout << transcript.title << "\n  " << error.what() << '\n';
  }
  count.steps += player.steps();
  if (tidies) player.tidy();
}

Count play_in_core(const std::vector<Transcript>& library, std::uint32_t loops) {
  Count count;
  for (const Transcript& transcript : library)
    for (const mqtt::Version version : transcript.versions) {
      if (transcript.virtual_time_only) {
        ++count.virtual_only;
        continue;  // so that the counts are those of the other ways; conformance_test plays them
      }
      CoreWorld world{transcript.broker, loops, Storage::durable_at_once};
      play(world, transcript, version, false, count);
    }
  return count;
}

// One broker for all transcripts that want the same settings.
Count play_on_sockets(const std::vector<Transcript>& library, const Choices& choices) {
  Count count;
  std::map<BrokerSettings, std::vector<const Transcript*>> groups;
  for (const Transcript& transcript : library) {
    if (transcript.virtual_time_only)
      count.virtual_only += transcript.versions.size();
    else if (choices.way == Choices::Way::connect && !transcript.broker.empty())
      count.otherwise += transcript.versions.size();
    else
      groups[transcript.broker].push_back(&transcript);
  }
  for (const auto& [settings, transcripts] : groups) {
    std::unique_ptr<SpawnedBroker> broker;
    if (choices.way == Choices::Way::spawn) broker = std::make_unique<SpawnedBroker>(choices.spawn, settings);
    for (const Transcript* transcript : transcripts)
      for (const mqtt::Version version : transcript->versions) {
        SocketWorld world{broker ? broker->port() : static_cast<std::uint16_t>(choices.number)};
        play(world, *transcript, version, true, count);
      }
    const std::string fault = broker ? broker->stop() : std::string{};
    if (fault.empty()) continue;
    ++count.failed;
    std::cout << fault << '\n';
  }
  return count;
}

Choices read(std::vector<std::string> words) {
  Choices choices;
  const auto number = [](const std::string& text) { return static_cast<std::uint32_t>(std::stoul(text)); };
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto value = [&] { return words.at(++i); };
    if (words[i] == "--core")
      choices.way = Choices::Way::core, choices.number = number(value());
    else if (words[i] == "--connect")
      choices.way = Choices::Way::connect, choices.number = number(value());
    else if (words[i] == "--spawn")
      choices.way = Choices::Way::spawn, choices.spawn.program = value();
    else if (words[i] == "--plugin-path")
      choices.spawn.plugin_path = value();
    else if (words[i] == "--threads")
      choices.spawn.threads = number(value());
    else if (words[i] == "--store")
      choices.spawn.with_store = true;
    else
      choices.folder = words[i];
  }
  if (choices.way == Choices::Way::none || choices.folder.empty()) throw std::invalid_argument{"what to do"};
  return choices;
}

int run(int argc, char** argv) {
  Choices choices;
  try {
    choices = read({argv + 1, argv + argc});
  } catch (const std::logic_error&) {
    std::cerr << usage;
    return 2;
  }
  try {
    const std::vector<Transcript> library = read_library(choices.folder);
    const Count count = choices.way == Choices::Way::core ? play_in_core(library, choices.number)
                                                          : play_on_sockets(library, choices);
    std::cout << count.played << " played, " << count.failed << " failed, " << count.steps << " steps, "
              << count.virtual_only << " in virtual time only, " << count.otherwise
              << " for another broker\n";
    return count.failed == 0 && count.played != 0 ? 0 : 1;
  } catch (const std::runtime_error& error) {
    std::cerr << "mortise-transcripts: " << error.what() << '\n';
    return 1;
  }
}

}  // namespace
}  // namespace mortise::conformance

int main(int argc, char** argv) { return mortise::conformance::run(argc, argv); }
