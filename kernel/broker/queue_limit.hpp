// How much may wait in one session, where that is not what the operator says of all.
//
// Source: mortise/services/inline.h; in kernel/config it is session.queue.
#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace mortise::broker {

struct QueueLimit {
  std::uint64_t messages = 0;  // 0: as session.queue says
  std::uint64_t bytes = 0;     // of topics and payloads; likewise
  base::Duration age{};        // older ones are not sent; zero: any age
  friend bool operator==(const QueueLimit&, const QueueLimit&) = default;
};

}  // namespace mortise::broker
