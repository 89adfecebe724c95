// A log line that may be due a million times a second is said once in ten seconds, with how often it was due.
//
// Thread: the loop whose line it is.
#pragma once

#include <string>
#include <utility>

#include "broker/ports.hpp"

namespace mortise::broker {

class Complaint {
 public:
  // `about` is one more field; without a key there is none.
  void say(Log& log, base::TimePoint now, LogLevel level, std::string_view category, std::string_view event,
           std::string_view text, const ClientFacts* client = nullptr, Log::Field about = {}) {
    ++times_;
    if (now < quiet_until_) return;
    quiet_until_ = now + quiet_time;
    const std::string times = std::to_string(std::exchange(times_, 0));
    if (!log.wants(level, category)) return;
    const std::array<Log::Field, 2> fields{{{"times", times}, about}};
    log.write(level, category, event, text, client, std::span{fields}.first(about.key.empty() ? 1 : 2));
  }

 private:
  static constexpr base::Duration quiet_time = std::chrono::seconds{10};
  base::TimePoint quiet_until_{};
  std::uint64_t times_ = 0;
};

}  // namespace mortise::broker
