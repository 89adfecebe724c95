#include "net/guests.hpp"

#include <algorithm>

namespace mortise::net {

namespace {

std::array<std::uint8_t, 16> counted_part(const Address& address) {
  std::array<std::uint8_t, 16> bytes = address.bytes;
  if (!address.is_v4()) std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return bytes;
}

}  // namespace

Guests::Verdict Guests::admit(Descriptor&& descriptor, Presence& door, std::uint32_t door_max,
                              const std::optional<Address>& address, base::TimePoint now) {
  const GuestLimits now_allowed = limits();
  if (now_allowed.connections && all_.count() >= *now_allowed.connections)
    return {{}, broker::Limit::connections};
  if (door_max != 0 && door.count() >= door_max) return {{}, broker::Limit::listener_connections};
  Verdict verdict;
  if (address && knows_addresses(now_allowed))
    verdict.limit = enter(verdict.socket, std::move(descriptor), door, *address, now);
  else
    verdict.socket = Socket{std::move(descriptor), door};
  return verdict;
}

std::optional<broker::Limit> Guests::recognise(Socket& socket, const Address& address, base::TimePoint now) {
  Presence* const counted = socket.presence();
  if (!counted || !knows_addresses(limits())) return {};
  Presence& door = counted->within() == &all_ ? *counted : *counted->within();
  return enter(socket, {}, door, address, now);
}

// Counts the socket for the address: a new one of `descriptor`, or the one there is.
std::optional<broker::Limit> Guests::enter(Socket& socket, Descriptor&& descriptor, Presence& door,
                                           const Address& address, base::TimePoint now) {
  const std::lock_guard lock{mutex_};
  if (visitors_.size() >= forget_at_) forget_some(now);
  Visitor& visitor =
      visitors_.try_emplace(Key{&door, counted_part(address)}, door, limits_.rate_per_address.value_or(0))
          .first->second;
  if (socket.presence() == &visitor.presence) return {};  // told twice, by two proxies in a row
  if (limits_.per_address && visitor.presence.count() >= *limits_.per_address)
    return broker::Limit::address_connections;
  if (!visitor.pace.take_one(now)) return broker::Limit::address_connect_rate;
  // Under the lock: whoever is not counted may be forgotten.
  if (descriptor)
    socket = Socket{std::move(descriptor), visitor.presence};
  else
    socket.move_to(visitor.presence);
  return {};
}

void Guests::set_limits(const GuestLimits& limits) {
  const std::lock_guard lock{mutex_};
  if (limits.rate_per_address != limits_.rate_per_address)
    for (auto& [key, visitor] : visitors_) visitor.pace = broker::Pace{limits.rate_per_address.value_or(0)};
  limits_ = limits;
}

void Guests::forget_some(base::TimePoint now) {
  std::erase_if(visitors_, [&](const auto& entry) {
    return entry.second.presence.count() == 0 && entry.second.pace.is_rested(now);
  });
  forget_at_ = std::max<std::size_t>(1024, visitors_.size() * 2);
}

}  // namespace mortise::net
