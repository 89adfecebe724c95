// Whether one more connection may come in: by how many there are in all, at its door, and from its address,
// and by how fast that address comes.
//
// Addresses are counted for each listener. Of an IPv6 address its network of 64 bits counts, which is what
// one customer has. Who comes through a trusted proxy counts for the address that the proxy tells, once it is
// known.
//
// Thread: any.   Owns: the counts; a Presence it gives lives while somebody is counted in it.
// Cost:   a lock and two loads; with a limit for addresses a look-up, each time a connection's address becomes known.
#pragma once

#include <map>
#include <mutex>
#include <optional>

#include "broker/limit.hpp"
#include "broker/pace.hpp"
#include "net/address.hpp"
#include "net/descriptor.hpp"

namespace mortise::net {

struct GuestLimits {
  std::optional<std::uint32_t> connections{};  // empty: unlimited, all of them
  std::optional<std::uint32_t> per_address{};
  std::optional<std::uint32_t> rate_per_address{};  // a second
  std::optional<std::uint32_t> half_open{};         // at each door: those whose CONNECT is not there yet
};

class Guests {
 public:
  explicit Guests(GuestLimits limits) : limits_{limits} {}

  // What everybody is counted in.
  Presence& all() noexcept { return all_; }
  std::uint32_t count() const noexcept { return all_.count(); }
  GuestLimits limits() const {
    const std::lock_guard lock{mutex_};
    return limits_;
  }
  // For those who come from now on.
  void set_limits(const GuestLimits& limits);

  // Takes the descriptor unless it is refused. `door`: within all(), at most `door_max` (0: unlimited).
  // `address`: empty for a Unix socket, and for one that is not known yet. The socket that comes of it is
  // counted.
  struct Verdict {
    Socket socket;                       // none when refused
    std::optional<broker::Limit> limit;  // why it is refused
  };
  Verdict admit(Descriptor&& descriptor, Presence& door, std::uint32_t door_max,
                const std::optional<Address>& address, base::TimePoint now);
  // The address of one who is in already. A limit: it has to go.
  std::optional<broker::Limit> recognise(Socket& socket, const Address& address, base::TimePoint now);

 private:
  using Key = std::pair<const Presence*, std::array<std::uint8_t, 16>>;
  struct Visitor {
    Visitor(Presence& door, std::uint32_t rate) : presence{&door}, pace{rate} {}
    Presence presence;
    broker::Pace pace;
  };
  static bool knows_addresses(const GuestLimits& limits) noexcept {
    return limits.per_address || limits.rate_per_address;
  }
  std::optional<broker::Limit> enter(Socket& socket, Descriptor&& descriptor, Presence& door,
                                     const Address& address, base::TimePoint now);
  void forget_some(base::TimePoint now);

  Presence all_;
  mutable std::mutex mutex_;
  GuestLimits limits_;               // under mutex_
  std::map<Key, Visitor> visitors_;  // under mutex_
  std::size_t forget_at_ = 1024;     // likewise: how many there may be before those that have left go
};

}  // namespace mortise::net
