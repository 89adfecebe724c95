// A file descriptor that is closed by whoever owns it, and a connection's socket that counts while it is
// open.
//
// Thread: one owner at a time; the owner may hand it to another thread.   Owns: the descriptor.
#pragma once

#include <unistd.h>

#include <utility>

#include "net/presence.hpp"

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

// A client's socket, counted in its Presence wherever it is: on a loop, on the way to one, saying goodbye.
class Socket {
 public:
  Socket() = default;
  Socket(Descriptor descriptor, Presence& presence) noexcept
      : descriptor_{std::move(descriptor)}, presence_{&presence} {
    presence.enter();
  }
  Socket(Socket&& other) noexcept
      : descriptor_{std::move(other.descriptor_)}, presence_{std::exchange(other.presence_, nullptr)} {}
  Socket& operator=(Socket&& other) noexcept {
    Socket taken{std::move(other)};
    std::swap(descriptor_, taken.descriptor_);
    std::swap(presence_, taken.presence_);
    return *this;
  }
  ~Socket() {
    if (presence_) presence_->leave();
  }

  // Where it counts; null for none.
  Presence* presence() const noexcept { return presence_; }
  // It counts there from now on.
  void move_to(Presence& presence) noexcept {
    presence.enter();
    std::exchange(presence_, &presence)->leave();
  }

  int number() const noexcept { return descriptor_.number(); }
  explicit operator bool() const noexcept { return static_cast<bool>(descriptor_); }

 private:
  Descriptor descriptor_;
  Presence* presence_ = nullptr;
};

}  // namespace mortise::net
