// Messages that may go round between brokers that cannot mark them (MQTT 3.1.1 has no user properties): the
// same one leaves a link again and again, faster than anybody is likely to mean. A guess: it is told, and
// nothing is held back.
//
// Thread: one.   Cost: one look at one of 256 places; a message that is one's neighbour there is forgotten.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string_view>

namespace mortise::bridge {

class Rounds {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr unsigned times = 50;
  static constexpr std::chrono::seconds within{5};

  // What tells a message from others; never 0.
  static std::size_t print_of(std::string_view topic, std::string_view payload) {
    const std::hash<std::string_view> hash;
    return (hash(topic) * 31 + hash(payload)) | 1;
  }

  // Whether a message with this print has left so often so fast; once for each so many times.
  bool is_one(std::size_t print, Clock::time_point now) {
    Place& place = places_[(print >> 1) % places_.size()];
    if (place.print != print || now - place.since > within) place = {print, 0, now};
    if (++place.count < times) return false;
    place.print = 0;
    return true;
  }

 private:
  struct Place {
    std::size_t print = 0;
    unsigned count = 0;
    Clock::time_point since{};
  };
  std::array<Place, 256> places_;
};

}  // namespace mortise::bridge
