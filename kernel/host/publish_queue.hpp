// Messages a plugin publishes as itself, on their way to a loop:
// in order, bounded, tried again while the rings are full; and those who wait until theirs is stored.
//
// Thread: any; they are published on one loop, always the same one for an instance, so that their order
//         holds.
// Owns:   references to the messages that wait.
// Source: mortise/services/publish.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "broker/message.hpp"
#include "mortise/services/publish.h"

namespace mortise::broker {
class Broker;
}

namespace mortise::host {

struct Instance;

class PublishQueue {
 public:
  static constexpr std::size_t waiting_max = 1024;

  explicit PublishQueue(Instance& owner) : owner_{owner} {}

  // E_BUSY: too many under way. E_STATE: no loop runs, or there is no store that could keep it.
  mortise_status_t add(broker::MessageRef message, const mortise_publish_t* how);
  // On a loop: what was published under this ticket is kept as well as was asked. Nothing happens the second
  // time, or when it was cancelled.
  void kept(std::uint64_t ticket);
  // The number of the instance that a ticket is of.
  static std::size_t owner_of(std::uint64_t ticket) noexcept { return ticket >> serial_bits; }
  // Tells who waits that it came to nothing.
  void cancel_all();
  std::size_t size();

 private:
  struct Waiting {
    broker::MessageRef message;
    std::uint8_t hops = 0;
    mortise_done_fn done = nullptr;
    void* context = nullptr;
    broker::Level level = broker::Level::memory;  // when done is called
  };
  static constexpr int serial_bits = 48;
  void publish_some(broker::Broker& broker);
  bool post();
  void tell(const Waiting& told, mortise_status_t status);

  Instance& owner_;
  std::mutex mutex_;
  std::deque<Waiting> waiting_;
  std::unordered_map<std::uint64_t, Waiting> for_store_;  // published; by ticket, without their messages
  std::uint64_t last_serial_ = 0;
  bool posted_ = false;
};

}  // namespace mortise::host
