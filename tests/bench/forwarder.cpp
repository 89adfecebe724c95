// The yardstick: reads fixed headers, hands every QoS 0 PUBLISH to every subscriber, and does nothing else.
//
// forwarder PORT listens on 127.0.0.1. No topics, no sessions, no checks: whatever a broker costs above this
// is what it does. It gathers what a round of epoll brings into one write a subscriber, as the best brokers
// do.
//
// Thread: one.   Fails: a system call that fails ends the process; a client that closes is forgotten.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <vector>

namespace {

using Buffer = std::vector<std::uint8_t>;

struct Client {
  int socket = -1;
  bool waits_for_room = false;
  bool dirty = false;
  Buffer input;
  Buffer output;
};

int checked(int result, const char* what) {
  if (result >= 0) return result;
  std::perror(what);
  std::exit(1);
}

class Forwarder {
 public:
  explicit Forwarder(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    checked(setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "SO_REUSEADDR");
    checked(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
    checked(listen(listener_, 1024), "listen");
    watch(listener_, EPOLL_CTL_ADD, EPOLLIN, nullptr);
  }

  void round() {
    std::array<epoll_event, 512> events;
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    if (count < 0 && errno != EINTR) checked(count, "epoll_wait");
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      auto* client = static_cast<Client*>(event.data.ptr);
      if (!client) {
        accept_all();
        continue;
      }
      if (event.events & EPOLLOUT) touch(*client);
      if (event.events & ~std::uint32_t{EPOLLOUT}) read(*client);
    }
    for (Client* client : dirty_) write(*client);
    dirty_.clear();
    for (Client* client : gone_) forget(client);
    gone_.clear();
  }

 private:
  void accept_all() {
    for (;;) {
      const int socket = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket < 0) return;
      const int on = 1;
      checked(setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
      auto* client = new Client;
      client->socket = socket;
      watch(socket, EPOLL_CTL_ADD, EPOLLIN, client);
    }
  }

  void read(Client& client) {
    const auto got = recv(client.socket, incoming_.data(), incoming_.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      gone_.push_back(&client);
      return;
    }
    const std::uint8_t* bytes = incoming_.data();
    auto size = static_cast<std::size_t>(got);
    if (!client.input.empty()) {
      client.input.insert(client.input.end(), bytes, bytes + size);
      bytes = client.input.data();
      size = client.input.size();
    }
    const std::size_t taken = take_packets(client, bytes, size);
    if (taken == size)
      client.input = {};
    else
      client.input = Buffer(bytes + taken, bytes + size);
  }

  std::size_t take_packets(Client& client, const std::uint8_t* bytes, std::size_t size) {
    std::size_t taken = 0;
    while (size - taken >= 2) {
      std::size_t length = 0, header = 1;
      unsigned shift = 0;
      do {
        if (taken + header == size) return taken;
        length |= std::size_t{bytes[taken + header] & 0x7FU} << shift;
        shift += 7;
      } while (bytes[taken + header++] & 0x80 && header < 5);
      if (size - taken < header + length) return taken;
      on_packet(client, bytes + taken, header, header + length);
      taken += header + length;
    }
    return taken;
  }

  void on_packet(Client& client, const std::uint8_t* packet, std::size_t header, std::size_t size) {
    switch (packet[0] >> 4) {
      case 1: return say(client, {0x20, 2, 0, 0});
      case 3:
        for (Client* subscriber : subscribers_) {
          subscriber->output.insert(subscriber->output.end(), packet, packet + size);
          touch(*subscriber);
        }
        return;
      case 8:
        subscribers_.push_back(&client);
        return say(client, {0x90, 3, packet[header], packet[header + 1], 0});
      case 12: return say(client, {0xD0, 0});
      default: return;
    }
  }

  void say(Client& client, std::initializer_list<std::uint8_t> bytes) {
    client.output.insert(client.output.end(), bytes);
    touch(client);
  }
  void touch(Client& client) {
    if (client.dirty) return;
    client.dirty = true;
    dirty_.push_back(&client);
  }

  void write(Client& client) {
    client.dirty = false;
    if (!client.output.empty()) {
      const auto sent = send(client.socket, client.output.data(), client.output.size(), MSG_NOSIGNAL);
      if (sent > 0) client.output.erase(client.output.begin(), client.output.begin() + sent);
    }
    const bool waits = !client.output.empty();
    if (waits == client.waits_for_room) return;
    client.waits_for_room = waits;
    watch(client.socket, EPOLL_CTL_MOD, waits ? EPOLLIN | EPOLLOUT : EPOLLIN, &client);
  }

  void forget(Client* client) {
    std::erase(subscribers_, client);
    close(client->socket);
    delete client;
  }

  void watch(int socket, int operation, std::uint32_t events, Client* client) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = client;
    checked(epoll_ctl(epoll_, operation, socket, &event), "epoll_ctl");
  }

  const int epoll_ = checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  const int listener_ = checked(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
  Buffer incoming_ = Buffer(256 * 1024);
  std::vector<Client*> subscribers_;
  std::vector<Client*> dirty_;
  std::vector<Client*> gone_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: forwarder PORT\n", stderr);
    return 2;
  }
  Forwarder forwarder{static_cast<std::uint16_t>(std::atoi(arguments[1]))};
  for (;;) forwarder.round();
}
