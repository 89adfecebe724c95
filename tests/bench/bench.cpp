// mortise-bench SCENARIO --port N --pid PID …: drives a running broker and prints one JSON line.
#include <boost/program_options.hpp>
#include <cstdio>
#include <exception>
#include <iostream>

#include "scenario.hpp"
#include "tally.hpp"

namespace mortise::bench {

namespace {

constexpr Scenario scenarios[]{
    {"fan-in", "50 publishers, 1 subscriber, QoS 0, 20,000 messages a second", fan_in},
    {"fan-out", "1 publisher, 200 subscribers, QoS 0, 150 messages a second in", fan_out},
    {"pairs-qos0", "50 pairs, QoS 0, 20 messages outstanding each", pairs_qos0},
    {"pairs-qos1", "50 pairs, QoS 1, 20 messages unacknowledged each", pairs_qos1},
    {"pairs-qos2", "50 pairs, QoS 2, 20 messages unacknowledged each", pairs_qos2},
    {"idle", "10,000 connections that say nothing", idle},
    {"storm", "10,000 connections, each ended when it is accepted, 64 at a time", storm},
    {"fill-and-kill", "50,000 messages for a session that is away, then SIGKILL", fill_and_kill},
    {"drain", "that session returns; --messages says how many it is owed", drain},
    {"start", "runs the command behind --, and ends it", start},
};

int usage(const boost::program_options::options_description& options) {
  std::cerr << "usage: mortise-bench SCENARIO --port N --pid PID [options]\n\n";
  for (const Scenario& row : scenarios) std::fprintf(stderr, "  %-14s %s\n", row.name, row.what);
  std::cerr << '\n' << options;
  return 2;
}

int run(const Scenario& scenario, const Choices& choices) {
  nlohmann::ordered_json line;
  line["scenario"] = scenario.name;
  line.update(scenario.run(choices));
  std::cout << line.dump() << std::endl;
  return 0;
}

}  // namespace

int main_of(int count, char** arguments) {
  namespace options = boost::program_options;
  Choices choices;
  std::string name;
  options::options_description described{"options"};
  auto add = described.add_options();
  add("port", options::value(&choices.port), "the broker's port on 127.0.0.1");
  add("pid", options::value(&choices.pid), "the broker's process");
  add("seconds", options::value(&choices.seconds), "how long, at a fixed rate and for pairs");
  add("rate", options::value(&choices.rate), "messages published a second, at a fixed rate");
  add("connections", options::value(&choices.connections),
      "publishers, subscribers, pairs or idle connections");
  add("messages", options::value(&choices.messages), "fill-and-kill, drain");
  add("window", options::value(&choices.window), "messages outstanding, each publisher");
  add("payload", options::value(&choices.payload), "bytes, at least 20");
  options::options_description all;
  all.add(described).add_options()("scenario", options::value(&name))("command",
                                                                      options::value(&choices.command));
  options::positional_options_description positional;
  positional.add("scenario", 1).add("command", -1);
  options::variables_map found;
  options::store(options::command_line_parser(count, arguments).options(all).positional(positional).run(),
                 found);
  options::notify(found);
  if (choices.port == 0 || choices.payload < Stamp::size) return usage(described);
  for (const Scenario& row : scenarios)
    if (name == row.name) return run(row, choices);
  return usage(described);
}

}  // namespace mortise::bench

int main(int count, char** arguments) {
  try {
    return mortise::bench::main_of(count, arguments);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "mortise-bench: %s\n", problem.what());
    return 1;
  }
}
