// How often each client identifier connects: two devices that share one throw each other out for ever.
//
// A table of fixed size. Of identifiers that fall on the same place the newest has it, so a limit may be
// missed and is never applied to the wrong client.
//
// Thread: the loop that is home to the identifiers.   Cost: 192 KiB from the first CONNECT on, with a limit.
#pragma once

#include <string_view>
#include <vector>

#include "base/hash.hpp"
#include "broker/pace.hpp"

namespace mortise::broker {

class ConnectRates {
 public:
  // 0: unlimited.
  ConnectRates(std::uint32_t per_second, base::HashSeed seed) : per_second_{per_second}, seed_{seed} {}

  // Everybody begins anew.
  void set_rate(std::uint32_t per_second) {
    if (per_second == per_second_) return;
    per_second_ = per_second;
    places_.clear();
  }

  // Whether it may connect now; then it has.
  bool allows(std::string_view client_id, base::TimePoint now) {
    if (per_second_ == 0) return true;
    if (places_.empty()) places_.assign(places, {0, Pace{per_second_}});
    const std::uint64_t hash = base::hash(seed_, client_id);
    Place& place = places_[hash % places];
    if (place.hash != hash) place = {hash, Pace{per_second_}};
    return place.pace.take_one(now);
  }

 private:
  struct Place {
    std::uint64_t hash;
    Pace pace;
  };
  static constexpr std::size_t places = 8192;

  std::uint64_t per_second_;
  base::HashSeed seed_;
  std::vector<Place> places_;
};

}  // namespace mortise::broker
