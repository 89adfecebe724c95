#include "net/poller.hpp"

#include <sys/eventfd.h>

#include <cerrno>
#include <system_error>

#include "base/contract.hpp"

namespace mortise::net {

namespace {

Descriptor opened(int number, const char* what) {
  if (number < 0) throw std::system_error{errno, std::generic_category(), what};
  return Descriptor{number};
}

}  // namespace

Poller::Poller() : set_{opened(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")} {}

bool Poller::add(int descriptor, std::uint32_t events, std::uint64_t token) {
  epoll_event wanted{};
  wanted.events = events;
  wanted.data.u64 = token;
  return ::epoll_ctl(set_.number(), EPOLL_CTL_ADD, descriptor, &wanted) == 0;
}

void Poller::change(int descriptor, std::uint32_t events, std::uint64_t token) {
  epoll_event wanted{};
  wanted.events = events;
  wanted.data.u64 = token;
  MORTISE_EXPECT(::epoll_ctl(set_.number(), EPOLL_CTL_MOD, descriptor, &wanted) == 0);
}

void Poller::remove(int descriptor) {
  MORTISE_EXPECT(::epoll_ctl(set_.number(), EPOLL_CTL_DEL, descriptor, nullptr) == 0);
}

std::span<const epoll_event> Poller::wait(int timeout_ms) {
  const int count = ::epoll_wait(set_.number(), ready_.data(), static_cast<int>(ready_.size()), timeout_ms);
  return {ready_.data(), count > 0 ? static_cast<std::size_t>(count) : 0};  // interrupted: nothing is ready
}

Bell::Bell(Poller& poller, std::uint64_t token)
    : event_{opened(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")} {
  if (!poller.add(event_.number(), EPOLLIN | EPOLLET, token))
    throw std::system_error{errno, std::generic_category(), "epoll_ctl"};
}

void Bell::ring() {
  if (!asleep_.exchange(false, std::memory_order_seq_cst)) return;
  const std::uint64_t once = 1;
  // Cannot fail but by a counter at its end, after 2^64 rings.
  MORTISE_EXPECT(::write(event_.number(), &once, sizeof once) == sizeof once);
}

}  // namespace mortise::net
