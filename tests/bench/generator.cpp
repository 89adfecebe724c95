#include "generator.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "mqtt/decode.hpp"

namespace mortise::bench {

namespace {

constexpr std::size_t incoming_size = 256 * 1024;
constexpr std::size_t packet_size_max = 16 * 1024 * 1024;
constexpr std::uint16_t keep_alive_s = 600;
constexpr auto longest_wait = std::chrono::milliseconds{50};

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error{errno, std::generic_category(), what};
  return result;
}

}  // namespace

Generator::Generator(std::uint16_t port)
    : port_{port}, epoll_{checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")}, incoming_(incoming_size) {
  prctl(PR_SET_TIMERSLACK, 1);  // the pace of the fixed rates needs better than the usual 50 microseconds
}

Generator::~Generator() {
  for (const auto& peer : peers_)
    if (peer && peer->socket >= 0) ::close(peer->socket);
  ::close(epoll_);
}

Peer& Generator::connect(std::uint32_t number, const std::string& client_id, bool keeps_session) {
  if (free_.empty()) {
    free_.push_back(peers_.size());
    peers_.emplace_back();
  }
  auto& place = peers_[free_.back()];
  place = std::make_unique<Peer>();
  free_.pop_back();
  Peer& peer = *place;
  peer.number = number;
  peer.socket = checked(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
  const int on = 1;
  checked(setsockopt(peer.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(peer.socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 &&
      errno != EINPROGRESS)
    checked(-1, "connect");
  watch(peer, EPOLL_CTL_ADD, EPOLLIN);

  mqtt::Connect connect;
  connect.version = mqtt::Version::v3_1_1;
  connect.client_id = client_id;
  connect.clean_start = !keeps_session;
  connect.keep_alive_s = keep_alive_s;
  mqtt::encode(connect, peer.output);
  touch(peer);
  return peer;
}

void Generator::subscribe(Peer& peer, std::string_view filter, mqtt::Qos qos) {
  mqtt::Subscribe subscribe;
  subscribe.packet_id = 1;
  subscribe.entries.push_back({filter, {.maximum_qos = qos}});
  say(peer, subscribe);
}

void Generator::publish(Peer& peer, std::string_view topic, mqtt::Qos qos, mqtt::Bytes payload) {
  mqtt::Publish message{.qos = qos, .topic = topic, .payload = payload};
  if (qos != mqtt::Qos::at_most_once) {
    peer.last_packet_id = static_cast<mqtt::PacketId>(peer.last_packet_id % 65535 + 1);
    message.packet_id = peer.last_packet_id;
    ++peer.outstanding;
  }
  say(peer, message);
}

void Generator::close(Peer& peer) {
  say(peer, mqtt::Disconnect{});
  closing_.push_back(&peer);
}

bool Generator::run(Watcher& watcher, Clock::time_point deadline, const std::function<bool()>& done,
                    const Pace& pace) {
  Clock::time_point next = Clock::time_point::min();
  for (;;) {
    const auto now = Clock::now();
    if (done()) return true;
    if (now >= deadline) return false;
    if (pace && now >= next) next = pace(now);
    flush();
    auto at_most = std::min<Clock::duration>(deadline - now, longest_wait);
    if (pace) at_most = std::clamp<Clock::duration>(next - Clock::now(), Clock::duration::zero(), at_most);
    wait(at_most);
    for (Peer* peer : readable_) read(watcher, *peer);
    flush();
  }
}

void Generator::wait(Clock::duration at_most) {
  std::array<epoll_event, 512> events;
  const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(at_most).count();
  const timespec limit{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
  const int count = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &limit, nullptr);
  if (count < 0 && errno != EINTR) checked(count, "epoll_pwait2");
  readable_.clear();
  for (int i = 0; i < count; ++i) {
    Peer& peer = *static_cast<Peer*>(events[static_cast<std::size_t>(i)].data.ptr);
    if (events[static_cast<std::size_t>(i)].events & EPOLLOUT) touch(peer);
    if (events[static_cast<std::size_t>(i)].events & ~std::uint32_t{EPOLLOUT}) readable_.push_back(&peer);
  }
}

void Generator::read(Watcher& watcher, Peer& peer) {
  const std::size_t kept = peer.rest.size();
  if (incoming_.size() < kept + incoming_size) incoming_.resize(kept + incoming_size);
  std::copy(peer.rest.begin(), peer.rest.end(), incoming_.begin());
  const auto got = recv(peer.socket, incoming_.data() + kept, incoming_size, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0)
    throw std::runtime_error{"the broker closed the connection of client " + std::to_string(peer.number)};
  const mqtt::Bytes bytes{incoming_.data(), kept + static_cast<std::size_t>(got)};
  const std::size_t taken = take_packets(watcher, peer, bytes);
  peer.rest.assign(bytes.begin() + static_cast<std::ptrdiff_t>(taken), bytes.end());
}

std::size_t Generator::take_packets(Watcher& watcher, Peer& peer, mqtt::Bytes bytes) {
  std::size_t taken = 0;
  for (;;) {
    const auto frame = mqtt::read_frame(bytes.subspan(taken), packet_size_max);
    if (!frame) throw std::runtime_error{frame.error().what};
    if (frame->size == 0) return taken;
    const auto packet = mqtt::decode(*frame, mqtt::Version::v3_1_1);
    if (!packet) throw std::runtime_error{packet.error().what};
    on_packet(watcher, peer, *packet);
    taken += frame->size;
  }
}

void Generator::on_packet(Watcher& watcher, Peer& peer, const mqtt::Packet& packet) {
  const auto acknowledged = [&] {
    --peer.outstanding;
    watcher.on_acknowledged(peer);
  };
  if (const auto* publish = std::get_if<mqtt::Publish>(&packet)) {
    if (publish->qos == mqtt::Qos::at_least_once) say(peer, mqtt::Puback{publish->packet_id, {}, {}, {}});
    if (publish->qos == mqtt::Qos::exactly_once) say(peer, mqtt::Pubrec{publish->packet_id, {}, {}, {}});
    watcher.on_message(peer, *publish);
  } else if (std::holds_alternative<mqtt::Puback>(packet) || std::holds_alternative<mqtt::Pubcomp>(packet)) {
    acknowledged();
  } else if (const auto* pubrec = std::get_if<mqtt::Pubrec>(&packet)) {
    say(peer, mqtt::Pubrel{pubrec->packet_id, {}, {}, {}});
  } else if (const auto* pubrel = std::get_if<mqtt::Pubrel>(&packet)) {
    say(peer, mqtt::Pubcomp{pubrel->packet_id, {}, {}, {}});
  } else if (const auto* connack = std::get_if<mqtt::Connack>(&packet)) {
    if (mqtt::is_error(connack->reason)) throw std::runtime_error{"the broker refuses connections"};
    peer.is_ready = true;
    watcher.on_ready(peer);
  } else if (const auto* suback = std::get_if<mqtt::Suback>(&packet)) {
    if (mqtt::is_error(suback->reasons.at(0))) throw std::runtime_error{"the broker refuses subscriptions"};
    watcher.on_subscribed(peer);
  } else {
    throw std::runtime_error{"a packet that only a client sends"};
  }
}

// ---- writing

void Generator::touch(Peer& peer) {
  if (peer.is_dirty) return;
  peer.is_dirty = true;
  dirty_.push_back(&peer);
}

void Generator::flush() {
  for (Peer* peer : dirty_) write(*peer);
  dirty_.clear();
  for (Peer* peer : closing_) {
    ::close(peer->socket);
    const auto place =
        std::find_if(peers_.begin(), peers_.end(), [&](const auto& p) { return p.get() == peer; });
    free_.push_back(static_cast<std::size_t>(place - peers_.begin()));
    std::erase(readable_, peer);
    place->reset();
  }
  closing_.clear();
}

void Generator::write(Peer& peer) {
  peer.is_dirty = false;
  if (!peer.output.empty()) {
    const auto sent = send(peer.socket, peer.output.data(), peer.output.size(), MSG_NOSIGNAL);
    // ENOTCONN and EAGAIN: the connection is still being made, or the system's buffer is full.
    if (sent < 0 && errno != EAGAIN && errno != ENOTCONN && errno != EINTR) checked(-1, "send");
    if (sent > 0) peer.output.erase(peer.output.begin(), peer.output.begin() + sent);
  }
  const bool waits = !peer.output.empty();
  if (waits == peer.waits_for_room) return;
  peer.waits_for_room = waits;
  watch(peer, EPOLL_CTL_MOD, waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void Generator::watch(const Peer& peer, int operation, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = const_cast<Peer*>(&peer);
  checked(epoll_ctl(epoll_, operation, peer.socket, &event), "epoll_ctl");
}

}  // namespace mortise::bench
