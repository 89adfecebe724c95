#include "state.hpp"

#include <nlohmann/json.hpp>

namespace mortise::bridge {

std::string state_of(const Link& link) {
  const Counts& counts = link.counts();
  nlohmann::ordered_json state{
      {"state", name_of(link.state())},
      {"since", std::chrono::duration_cast<std::chrono::seconds>(link.since().time_since_epoch()).count()},
      {"address", link.address()},
      {"out", counts.out.load()},
      {"acknowledged", counts.acknowledged.load()},
      {"in", counts.in.load()},
      {"connects", counts.connects.load()},
      {"failures", counts.failures.load()},
      {"loops", counts.loops.load()},
      {"refused", counts.refused()},
  };
  if (const auto& waiting = link.waiting()) {
    state["waiting"] = waiting->messages;
    state["waiting_bytes"] = waiting->bytes;
    if (waiting->messages != 0) state["oldest_s"] = static_cast<std::uint64_t>(Link::age_of(waiting->oldest));
  }
  if (!link.why().empty()) state["why"] = link.why();
  return state.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace mortise::bridge
