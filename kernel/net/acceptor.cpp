#include "net/acceptor.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace mortise::net {

namespace {

constexpr int accepted_a_turn = 64;
constexpr int accepted_at_the_end = 8192;  // more than a backlog holds
constexpr base::Duration rest_time = std::chrono::milliseconds{100};

bool is_of_one_connection(int error) {  // not of the listener: the next one may be fine
  return error == ECONNABORTED || error == EINTR || error == EPROTO || error == EPERM || error == ENETDOWN ||
         error == EHOSTUNREACH || error == ENETUNREACH || error == EHOSTDOWN || error == ETIMEDOUT;
}

std::string_view text_of(broker::Limit limit) {
  using broker::Limit;
  switch (limit) {
    case Limit::connections: return "limits.connections is reached; new connections are closed";
    case Limit::listener_connections:
      return "the listener's limits.connections is reached; its new connections are closed";
    case Limit::address_connections:
      return "limits.connections_per_address is reached; more from this address are closed";
    case Limit::address_connect_rate:
      return "an address connects more often than limits.connect_rate_per_address allows; what is too much "
             "is "
             "closed";
    case Limit::half_open:
      return "limits.half_open is reached at this listener; its new connections wait until others have sent "
             "their CONNECT";
    default: return name_of(limit);  // none of the door's
  }
}

}  // namespace

void Acceptor::add(Listening listening, Door& door, std::uint64_t token) {
  if (!poller_.add(listening.socket.number(), is_held_ ? 0 : readable, token)) {
    shared_.log.write(broker::LogLevel::error, "listeners", "listener.failed",
                      "the system watches no more sockets", nullptr, {});
    return;
  }
  watched_.push_back({std::move(listening), &door, token});
}

void Acceptor::replace(const Door& door, Door& by) {
  for (Watched& one : watched_)
    if (one.door == &door) one.door = &by;
}

void Acceptor::remove(const Door& door, bool turns_away, base::TimePoint now,
                      std::vector<Arrival>& accepted) {
  for (const Watched& one : watched_) {
    if (one.door != &door) continue;
    if (!turns_away) accept(one, accepted_at_the_end, now, accepted);
    poller_.remove(one.listening.socket.number());
  }
  std::erase_if(watched_, [&](const Watched& one) { return one.door == &door; });
}

void Acceptor::hold(bool is_held) {
  is_held_ = is_held;
  for (Watched& one : watched_) watch(one);
}

void Acceptor::watch(Watched& one) {
  poller_.change(one.listening.socket.number(), one.is_resting || is_held_ ? 0 : readable, one.token);
}

void Acceptor::close() {
  for (const Watched& one : watched_) poller_.remove(one.listening.socket.number());
  watched_.clear();
  resting_until_ = base::never;
}

void Acceptor::accept(std::uint64_t token, base::TimePoint now, std::vector<Arrival>& accepted) {
  if (is_held_) return;
  const auto ready = std::ranges::find(watched_, token, &Watched::token);
  if (ready != watched_.end()) accept(*ready, accepted_a_turn, now, accepted);
}

void Acceptor::accept(const Watched& entrance, int most, base::TimePoint now,
                      std::vector<Arrival>& accepted) {
  for (int i = 0; i < most; ++i) {
    Door& door = *entrance.door;
    if (most == accepted_a_turn && is_crowded(door, accepted)) {
      refuse(door, broker::Limit::half_open, {}, now);
      return rest(&door, now);
    }
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    Descriptor socket{::accept4(entrance.listening.socket.number(), reinterpret_cast<sockaddr*>(&peer), &size,
                                SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!socket) {
      const int error = errno;
      if (error == EAGAIN || error == EWOULDBLOCK) return;
      if (is_of_one_connection(error)) continue;
      exhausted_.say(
          shared_.log, now, broker::LogLevel::error, "listeners", "listener.exhausted",
          std::string{"cannot accept connections: "} + std::strerror(error) + "; trying again every 100 ms");
      return rest(nullptr, now);
    }
    const Peer who = peer_of(peer);
    const bool is_known = who.address && !(door.learns_address && door.learns_address(who));
    Guests::Verdict verdict = guests_.admit(std::move(socket), door.presence, door.listener.connections_max,
                                            is_known ? who.address : std::nullopt, now);
    if (verdict.limit) {
      refuse(door, *verdict.limit, who, now);
      continue;
    }
    entrance.door->accepted.add(1);
    Arrival& arrival = accepted.emplace_back();
    arrival.socket = std::move(verdict.socket);
    arrival.door = &door;
    arrival.peer = who;
    arrival.address = arrival.peer.address ? text_of(*arrival.peer.address, arrival.peer.port)
                                           : unix_peer_text(arrival.socket.number(), entrance.listening.path);
  }
}

void Acceptor::refuse(const Door& door, broker::Limit limit, const Peer& peer, base::TimePoint now) {
  shared_.ledgers.front()->hit(limit);
  const std::string about = peer.address ? peer.address->text() : door.listener.name;
  over_limit_[static_cast<std::size_t>(limit)].say(shared_.log, now, broker::LogLevel::error, "listeners",
                                                   "listener.full", text_of(limit), nullptr,
                                                   {peer.address ? "address" : "listener", about});
}

// Whether too many have come to its listener, those `under_way` too, that have not been let in yet.
bool Acceptor::is_crowded(const Door& door, const std::vector<Arrival>& under_way) const {
  const auto most = guests_.limits().half_open;
  if (!most) return false;
  const auto of_this_listener = [&](const Arrival& arrival) {
    return &arrival.door->listener == &door.listener;
  };
  const auto half_open = door.listener.half_open.load(std::memory_order_relaxed) +
                         static_cast<std::uint64_t>(std::ranges::count_if(under_way, of_this_listener));
  return half_open >= *most;
}

// What an entrance has to offer stays there: watching it would spin. Without a descriptor to spare none can
// take anything; otherwise the others go on.
void Acceptor::rest(const Door* door, base::TimePoint now) {
  resting_until_ = now + rest_time;
  for (Watched& entrance : watched_) {
    if (door && &entrance.door->listener != &door->listener) continue;
    entrance.is_resting = true;
    watch(entrance);
  }
}

void Acceptor::on_time(base::TimePoint now) {
  if (now < resting_until_) return;
  resting_until_ = base::never;
  for (Watched& entrance : watched_)
    if (std::exchange(entrance.is_resting, false)) watch(entrance);
}

}  // namespace mortise::net
