// The bytes of one connection that were read and not yet consumed: the start of a packet, or packets that
// wait.
//
// Thread: the loop of the connection.   Owns: its bytes; with none it owns no memory.
// Cost:   24 bytes when empty. It grows with what has come and not with what a header promises.
// Every change of its memory is charged to the accounts it is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "broker/ledger.hpp"
#include "mqtt/packet.hpp"

namespace mortise::net {

class Unread {
 public:
  Unread() = default;
  Unread(Unread&& other) noexcept { swap(other); }
  Unread& operator=(Unread&& other) noexcept {
    Unread taken{std::move(other)};
    swap(taken);
    return *this;
  }

  std::size_t size() const noexcept { return end_ - begin_; }
  bool empty() const noexcept { return size() == 0; }
  std::size_t memory() const noexcept { return capacity_; }
  mqtt::Bytes bytes() const noexcept { return {block_.get() + begin_, size()}; }

  // Room for what comes next: `wanted` bytes, or less if that is much more than is there already.
  std::span<std::uint8_t> room(std::size_t wanted, broker::Accounts& accounts);
  // So many bytes were written into the room.
  void fill(std::size_t count) noexcept { end_ += static_cast<std::uint32_t>(count); }

  void append(mqtt::Bytes bytes, broker::Accounts& accounts);
  // Consumes from the front.
  void drop(std::size_t count, broker::Accounts& accounts);
  void clear(broker::Accounts& accounts) { drop(size(), accounts); }

 private:
  void swap(Unread& other) noexcept;
  void reserve(std::size_t behind, broker::Accounts& accounts);

  std::unique_ptr<std::uint8_t[]> block_;
  std::uint32_t capacity_ = 0;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
};

}  // namespace mortise::net
