// Messages a plugin publishes as itself, on their way to a loop:
// in order, bounded, tried again while the rings are full.
//
// Thread: any; they are published on one loop, always the same one for an instance, so that their order
// holds. Owns:   references to the messages that wait. Source: mortise/services/publish.h.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>

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

  // E_BUSY: too many under way. E_STATE: no loop runs.
  mortise_status_t add(broker::MessageRef message, const mortise_publish_t* how);
  // Tells who waits that it came to nothing.
  void cancel_all();
  std::size_t size();

 private:
  struct Waiting {
    broker::MessageRef message;
    std::uint8_t hops = 0;
    mortise_done_fn done = nullptr;
    void* context = nullptr;
  };
  void publish_some(broker::Broker& broker);
  bool post();

  Instance& owner_;
  std::mutex mutex_;
  std::deque<Waiting> waiting_;
  bool posted_ = false;
};

}  // namespace mortise::host
