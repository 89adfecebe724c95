// A file descriptor that is closed by whoever owns it, and a connection's socket that counts while it is
// open.
//
// Thread: one owner at a time; the owner may hand it to another thread.   Owns: the descriptor.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <utility>

namespace mortise::net {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) noexcept : number_{number} {}
  Descriptor(Descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    Descriptor taken{std::move(other)};
    std::swap(number_, taken.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  int number() const noexcept { return number_; }
  explicit operator bool() const noexcept { return number_ >= 0; }

 private:
  int number_ = -1;
};

// How many sockets of clients are open, wherever they are: on a loop, on the way to one, saying goodbye.
using OpenSockets = std::atomic<std::uint32_t>;

class Socket {
 public:
  Socket() = default;
  Socket(Descriptor descriptor, OpenSockets& open) noexcept
      : descriptor_{std::move(descriptor)}, open_{&open} {
    open.fetch_add(1, std::memory_order_relaxed);
  }
  Socket(Socket&& other) noexcept
      : descriptor_{std::move(other.descriptor_)}, open_{std::exchange(other.open_, nullptr)} {}
  Socket& operator=(Socket&& other) noexcept {
    Socket taken{std::move(other)};
    std::swap(descriptor_, taken.descriptor_);
    std::swap(open_, taken.open_);
    return *this;
  }
  ~Socket() {
    if (open_) open_->fetch_sub(1, std::memory_order_relaxed);
  }

  int number() const noexcept { return descriptor_.number(); }
  explicit operator bool() const noexcept { return static_cast<bool>(descriptor_); }

 private:
  Descriptor descriptor_;
  OpenSockets* open_ = nullptr;
};

}  // namespace mortise::net
