// What is to be written to one connection: small packets copied into a buffer, large payloads by reference.
//
// Thread: the loop.   Owns: its bytes and a reference to each payload it has not written yet.
// Cost:   an idle connection owns no buffer: it is borrowed from the loop's pool with the first byte and
//         given back with the last.
// Fails:  never; whoever fills it looks at size() first.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "base/queue.hpp"
#include "broker/message.hpp"
#include "mqtt/encode.hpp"

namespace mortise::broker {

// Buffers that wait for the next connection that has something to say.
class BufferPool {
 public:
  mqtt::Buffer take() {
    if (count_ == 0) return {};
    return std::move(spare_[--count_]);
  }
  // Leaves `buffer` without memory.
  void give(mqtt::Buffer& buffer) {
    if (count_ == most || buffer.capacity() > largest) [[unlikely]]
      return let_go(buffer);
    buffer.clear();
    spare_[count_++].swap(buffer);
  }

 private:
  static constexpr std::size_t most = 256;
  static constexpr std::size_t largest = 64 * 1024;
  static void let_go(mqtt::Buffer& buffer);
  std::array<mqtt::Buffer, most> spare_;
  std::size_t count_ = 0;  // of them hold memory, the first ones
};

class Output {
 public:
  // The buffer to append whole packets to.
  mqtt::Buffer& bytes(BufferPool& pool) {
    if (bytes_.capacity() == 0) bytes_ = pool.take();
    return bytes_;
  }
  // The payload follows what has been appended so far.
  void add_payload(MessageRef message) {
    const std::size_t size = message->payload().size();
    payload_bytes_ += size;
    slices_.push({bytes_.size(), std::move(message)});
  }

  std::size_t size() const noexcept { return bytes_.size() - written_ + payload_bytes_; }
  bool empty() const noexcept { return size() == 0; }
  // What it takes itself; payloads are their messages'.
  std::size_t memory() const noexcept { return bytes_.capacity() + slices_.memory(); }
  std::size_t charged = 0;  // what the accounts hold for it

  // Fills `parts` with what comes next, at most parts.size() pieces; returns how many.
  // Valid until the next call.
  std::size_t gather(std::span<std::span<const std::uint8_t>> parts) const {
    if (!slices_.empty()) return gather_slices(parts);
    if (written_ == bytes_.size() || parts.empty()) return 0;
    parts[0] = std::span{bytes_}.subspan(written_);
    return 1;
  }

  // So many bytes from the front were written.
  void consume(std::size_t count, BufferPool& pool) {
    MORTISE_EXPECT(count <= size());
    if (count == size())
      give_back(pool);
    else
      consume_part(count);
  }

 private:
  void drop_slices();
  std::size_t gather_slices(std::span<std::span<const std::uint8_t>> parts) const;
  void consume_part(std::size_t count);
  void give_back(BufferPool& pool) {
    pool.give(bytes_);
    written_ = slice_written_ = payload_bytes_ = 0;
    if (!slices_.empty()) drop_slices();
  }
  struct Slice {
    std::size_t at = 0;  // index in bytes_ before which the payload goes
    MessageRef message;
  };
  mqtt::Buffer bytes_;
  std::size_t written_ = 0;        // of bytes_
  std::size_t slice_written_ = 0;  // of the first slice's payload
  std::size_t payload_bytes_ = 0;  // of all slices, not yet written
  base::Queue<Slice> slices_;
};

}  // namespace mortise::broker
