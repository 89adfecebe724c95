// What happened in one turn of a loop, copied so that it can be shown at the turn's end,
// or later on a strand.
//
// Thread: filled by one loop, then read only.   Owns: its texts and references to messages.
// Cost:   in steady state no allocation: the memory is used again.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "broker/ports.hpp"
#include "host/client_data.hpp"
#include "host/hook_set.hpp"
#include "mortise/hooks/observe.h"

namespace mortise::host {

class EventBatch {
 public:
  void add(const broker::Event& event, base::WallTime now);
  bool empty() const noexcept { return events_.empty(); }
  void clear();

  // The events one observer wants, shown by `show` in order, all at once; not called when there are none.
  void show(const HookSet::Observer& observer,
            const std::function<void(std::span<const mortise_event_t* const>)>& show) const;

 private:
  struct Text {
    std::uint32_t at = 0;
    std::uint32_t size = 0;
  };
  struct Kept {
    std::uint16_t type = 0;
    mqtt::ReasonCode reason{};
    mqtt::Qos qos{};
    bool has_client = false;
    bool is_bodiless = false;  // there was a message, and its body has left memory
    base::WallTime when{};
    broker::ClientFacts client;  // its views are set from the texts when it is shown
    ClientData data;
    Text client_id, username, address, identity, cipher, name;
    broker::MessageRef message;
  };
  Text keep(std::string_view text);
  std::string_view text(Text kept) const { return std::string_view{texts_}.substr(kept.at, kept.size); }

  std::string texts_;
  std::vector<Kept> events_;
};

}  // namespace mortise::host
