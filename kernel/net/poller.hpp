// What a loop sleeps on: one epoll set, and a bell that other threads ring.
//
// An epoll set of our own and not an Asio reactor. Asio 1.74 answers each async_wait with an epoll_ctl, so
// that every message would cost a system call more than its read, keeps about 400 bytes for each armed
// socket, and its timer is a descriptor that has to be set again by a call; wrapped around a set of ours it
// would add a second epoll_wait. Here the set is level-triggered: a socket is told to it once and is reported
// while bytes wait, so that a read may stop at its budget and nothing is armed again. The only timer is the
// limit of the wait itself.
//
// Thread: its loop's; Bell::ring from any.   Owns: the set and the bell's descriptor.
// Cost:   one system call a turn; an interest changes by one, when a connection stalls or goes on.
// Fails:  the constructors throw std::system_error when the process has no descriptor left.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "net/descriptor.hpp"

namespace mortise::net {

// What to be told of. Errors and hang-ups are told always.
inline constexpr std::uint32_t readable = EPOLLIN;
inline constexpr std::uint32_t writable = EPOLLOUT;

class Poller {
 public:
  Poller();

  // `events` as epoll names them; `token` comes back with each of them. False: the system has no room for
  // another.
  bool add(int descriptor, std::uint32_t events, std::uint64_t token);
  void change(int descriptor, std::uint32_t events, std::uint64_t token);
  // For what stays open, here or as a copy: closing the last descriptor of a socket removes it by itself, and
  // a passed one has a copy that is kept.
  void remove(int descriptor);

  // What is ready now, waiting for at most `timeout_ms` for anything to be; negative: for ever.
  std::span<const epoll_event> wait(int timeout_ms);

 private:
  Descriptor set_;
  std::array<epoll_event, 256> ready_{};
};

// Wakes a loop that sleeps, and costs no system call while it is awake. The sleeper announces itself, then
// looks once more at everything others may have left for it; a visitor leaves its thing, then rings. Both
// sides use a sequentially consistent exchange, so that one of them sees the other.
class Bell {
 public:
  Bell(Poller& poller, std::uint64_t token);

  void ring();  // any thread
  void lie_down() noexcept { asleep_.exchange(true, std::memory_order_seq_cst); }
  void get_up() noexcept { asleep_.exchange(false, std::memory_order_seq_cst); }

 private:
  Descriptor event_;  // edge-triggered and never read: each write is one report
  std::atomic<bool> asleep_{false};
};

}  // namespace mortise::net
