// A message as plugins hold it: the kernel's message, a view of it, and a count of references of its own.
//
// Thread: any.   Owns: a reference to the message.
// Source: mortise/services/messages.h.
#pragma once

#include <atomic>
#include <utility>

#include "base/time.hpp"
#include "broker/message.hpp"
#include "mortise/abi/view.h"

// The opaque type of the SDK.
struct mortise_message {
  std::atomic<std::uint32_t> references{1};
  // Made by a plugin and given to nobody yet. The broker numbers a message when it takes it, so that only one
  // that is fresh can be handed over as it is.
  std::atomic<bool> fresh{false};
  mortise::broker::MessageRef message;
  mortise_message_view_t view{};
};

namespace mortise::host {

// Views the message; `now` is what its expiry is counted from.
mortise_message_view_t view_of(const broker::Message& message, base::WallTime now);

// One more counted reference to a message the kernel shows as a plain one.
broker::MessageRef share(const broker::Message& message);

class MessageHandle {
 public:
  MessageHandle() = default;
  // With one reference. Throws std::bad_alloc.
  static MessageHandle make(broker::MessageRef message, base::WallTime now, bool fresh);
  // Takes over a reference a plugin passed with a verdict.
  static MessageHandle adopt(mortise_message_t* message) noexcept { return MessageHandle{message}; }

  MessageHandle(MessageHandle&& other) noexcept : message_{std::exchange(other.message_, nullptr)} {}
  MessageHandle& operator=(MessageHandle&& other) noexcept {
    std::swap(message_, other.message_);
    return *this;
  }
  ~MessageHandle() { release(message_); }

  explicit operator bool() const noexcept { return message_ != nullptr; }
  mortise_message* get() const noexcept { return message_; }
  mortise_message_t* detach() noexcept { return std::exchange(message_, nullptr); }

  static void retain(mortise_message_t* message) noexcept {
    message->references.fetch_add(1, std::memory_order_relaxed);
  }
  static void release(mortise_message_t* message) noexcept {
    if (message && message->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete message;
  }

 private:
  explicit MessageHandle(mortise_message_t* message) noexcept : message_{message} {}
  mortise_message_t* message_ = nullptr;
};

// What make() copies when a message is made again out of an existing one.
broker::MessageParts parts_of(const broker::Message& message);

}  // namespace mortise::host
