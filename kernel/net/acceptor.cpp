#include "net/acceptor.hpp"

#include <cerrno>
#include <cstring>

namespace mortise::net {

namespace {

constexpr int accepted_a_turn = 64;
constexpr base::Duration rest_time = std::chrono::milliseconds{100};
constexpr base::Duration quiet_time = std::chrono::seconds{10};

bool is_of_one_connection(int error) {  // not of the listener: the next one may be fine
  return error == ECONNABORTED || error == EINTR || error == EPROTO || error == EPERM || error == ENETDOWN ||
         error == EHOSTUNREACH || error == ENETUNREACH || error == EHOSTDOWN || error == ETIMEDOUT;
}

}  // namespace

void Acceptor::add(Listening listening, std::uint64_t token) {
  const std::uint32_t events = resting_until_ == base::never ? readable : 0;
  if (!poller_.add(listening.socket.number(), events, token)) {
    log_.write(broker::LogLevel::error, "listeners", "listener.failed", "the system watches no more sockets",
               nullptr, {});
    return;
  }
  entrances_.push_back({std::move(listening), token});
}

void Acceptor::close() {
  entrances_.clear();
  resting_until_ = base::never;
}

void Acceptor::accept(std::uint64_t token, base::TimePoint now, std::vector<Arrival>& accepted) {
  for (const Entrance& entrance : entrances_) {
    if (entrance.token != token) continue;
    for (int i = 0; i < accepted_a_turn; ++i) {
      sockaddr_storage peer{};
      socklen_t size = sizeof peer;
      Descriptor socket{::accept4(entrance.listening.socket.number(), reinterpret_cast<sockaddr*>(&peer),
                                  &size, SOCK_NONBLOCK | SOCK_CLOEXEC)};
      if (!socket) {
        const int error = errno;
        if (error == EAGAIN || error == EWOULDBLOCK) return;
        if (is_of_one_connection(error)) continue;
        return rest(now, error);
      }
      if (connections_max_ && open_.load(std::memory_order_relaxed) >= *connections_max_) {
        complain(over_limit_, now, "listener.full",
                 "limits.connections is reached; new connections are closed");
        continue;
      }
      Arrival& arrival = accepted.emplace_back();
      arrival.socket = Socket{std::move(socket), open_};
      arrival.door = entrance.listening.door;
      arrival.peer = peer_of(peer);
      arrival.address = arrival.peer.address
                            ? text_of(*arrival.peer.address, arrival.peer.port)
                            : unix_peer_text(arrival.socket.number(), entrance.listening.path);
    }
    return;
  }
}

// Without a descriptor to spare an accept fails at once, and the listener stays readable: that would spin.
void Acceptor::rest(base::TimePoint now, int error) {
  complain(exhausted_, now, "listener.exhausted",
           std::string{"cannot accept connections: "} + std::strerror(error) + "; trying again every 100 ms");
  resting_until_ = now + rest_time;
  for (const Entrance& entrance : entrances_)
    poller_.change(entrance.listening.socket.number(), 0, entrance.token);
}

void Acceptor::on_time(base::TimePoint now) {
  if (now < resting_until_) return;
  resting_until_ = base::never;
  for (const Entrance& entrance : entrances_)
    poller_.change(entrance.listening.socket.number(), readable, entrance.token);
}

void Acceptor::complain(Complaint& complaint, base::TimePoint now, std::string_view event,
                        std::string_view text) {
  ++complaint.times;
  if (now < complaint.quiet_until) return;
  complaint.quiet_until = now + quiet_time;
  const std::string times = std::to_string(std::exchange(complaint.times, 0));
  const broker::Log::Field field{"times", times};
  if (log_.wants(broker::LogLevel::error, "listeners"))
    log_.write(broker::LogLevel::error, "listeners", event, text, nullptr, {&field, 1});
}

}  // namespace mortise::net
