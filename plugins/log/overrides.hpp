// What an operator wants written beside the settings, each for a time: levels of categories, and single
// clients with all there is about them.
//
// Thread: one at a time.   Owns: its texts; a few dozen at most.   Fails: never.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "settings.hpp"

namespace mortise::log {

// Stands for every category but "messages", whose flood nobody should get with the others.
inline constexpr std::string_view every_category = "all";

struct Override {
  std::string sink;      // name_of() one; empty: every sink that is no audit
  std::string category;  // empty: `client` is meant
  std::string client;
  std::int32_t level = MORTISE_INFO;
  std::uint64_t until_ns = 0;  // monotonic
};

class Overrides {
 public:
  static constexpr std::size_t most = 64;

  // Takes the place of an earlier one about the same. False: there are as many as there may be.
  bool put(Override wanted);
  // Those whose time is over.
  std::vector<Override> take_due(std::uint64_t now_ns);
  std::vector<Override> take_all();
  // When the next is over; empty: there is none.
  std::optional<std::uint64_t> next_end() const;

  // The settings with them in force.
  std::vector<SinkSettings> apply(std::vector<SinkSettings> sinks) const;
  // When what a sink does with a category, or a client, ends; empty: it is as configured.
  std::optional<std::uint64_t> end_of_level(const SinkSettings& sink, std::string_view category) const;
  std::optional<std::uint64_t> end_of_client(const SinkSettings& sink, std::string_view client) const;

 private:
  std::vector<Override> all_;  // the last about something counts
};

// What a sink is called: "console", or its path.
std::string name_of(const SinkSettings& sink);

}  // namespace mortise::log
