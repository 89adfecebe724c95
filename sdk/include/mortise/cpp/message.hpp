// Counted messages, edits of them, and their properties.
//
// Thread: every thread.
// Owns:   a message holds one reference; let all go before stop() returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "mortise/cpp/services.hpp"

namespace mortise {

class message {
 public:
  // Keeps what a hook was shown beyond the call. Throws an error if there is no memory.
  message(const detail::services& of, const mortise_message_view_t& shown)
      : message{of, table(of).ref(of.host, &shown)} {
    if (!raw_) throw error{MORTISE_E_MEMORY, "no memory for a message"};
  }
  // Takes over one reference.
  message(const detail::services& of, mortise_message_t* raw) noexcept : services_{&of}, raw_{raw} {}

  message(const message& other) : message{*other.services_, *other} {}
  message(message&& other) noexcept : services_{other.services_}, raw_{std::exchange(other.raw_, nullptr)} {}
  message& operator=(message other) noexcept {
    std::swap(services_, other.services_);
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~message() {
    if (raw_) services_->messages->unref(services_->host, raw_);
  }

  const mortise_message_view_t& operator*() const noexcept {
    return *services_->messages->view(services_->host, raw_);
  }
  const mortise_message_view_t* operator->() const noexcept { return &**this; }
  mortise_message_t* get() const noexcept { return raw_; }
  // Gives the reference to the caller.
  mortise_message_t* release() noexcept { return std::exchange(raw_, nullptr); }

  static const mortise_messages_t& table(const detail::services& of) {
    return of.need(of.messages, MORTISE_HOST_MESSAGES);
  }

 private:
  const detail::services* services_;
  mortise_message_t* raw_;
};

// What a new message has that its base has not; views must live until it is made.
struct edit {
  std::optional<std::string_view> topic{};
  std::optional<std::span<const std::uint8_t>> payload{};
  std::optional<std::uint8_t> qos{};
  std::optional<bool> retain{};
  std::optional<std::uint32_t> expiry_s{};
  bool clear_properties = false;
  std::vector<std::uint8_t> remove{};  // property identifiers
  std::vector<mortise_property_t> add{};
};

// A User Property, for edit::add.
inline mortise_property_t user_property(std::string_view name, std::string_view value) noexcept {
  return {0x26, MORTISE_PROPERTY_PAIR, {}, 0, bytes(value), str(name)};
}

// Makes a message; throws an error that says why the host would not.
inline message make(const detail::services& of, const mortise_message_view_t* base, const edit& wanted) {
  mortise_edit_t out{};
  out.size = sizeof out;
  const auto set = [&out](const auto& from, auto& to, std::uint32_t flag, auto convert) {
    if (!from) return;
    out.set |= flag;
    to = convert(*from);
  };
  set(wanted.topic, out.topic, MORTISE_SET_TOPIC, [](auto text) { return str(text); });
  set(wanted.payload, out.payload, MORTISE_SET_PAYLOAD, [](auto octets) { return bytes(octets); });
  set(wanted.qos, out.qos, MORTISE_SET_QOS, [](auto qos) { return qos; });
  set(wanted.retain, out.retain, MORTISE_SET_RETAIN, [](bool on) { return std::uint8_t{on}; });
  set(wanted.expiry_s, out.expiry_s, MORTISE_SET_EXPIRY, [](auto seconds) { return seconds; });
  if (wanted.clear_properties) out.set |= MORTISE_CLEAR_PROPERTIES;
  out.remove = wanted.remove.data();
  out.remove_count = wanted.remove.size();
  out.add = wanted.add.data();
  out.add_count = wanted.add.size();
  mortise_message_t* made = nullptr;
  const mortise_status_t status = message::table(of).make(of.host, base, &out, &made);
  if (status != MORTISE_OK) throw error{status, "the message could not be made"};
  return {of, made};
}

// The properties in a view, in order: for (const mortise_property_t& each : properties{...}). Throws an error
// at bytes that are not well-formed.
class properties {
 public:
  properties(const detail::services& of, mortise_bytes_t wire) : table_{&message::table(of)}, wire_{wire} {}

  class iterator {
   public:
    using value_type = mortise_property_t;
    using difference_type = std::ptrdiff_t;

    explicit iterator(const properties& of) : of_{&of} { ++*this; }
    const mortise_property_t& operator*() const noexcept { return now_; }
    const mortise_property_t* operator->() const noexcept { return &now_; }
    iterator& operator++() {
      const mortise_status_t status = of_->table_->next(of_->wire_, &cursor_, &now_);
      if (status == MORTISE_E_END)
        of_ = nullptr;
      else if (status != MORTISE_OK)
        throw error{status, "malformed properties"};
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const noexcept { return !of_; }

   private:
    const properties* of_;
    std::size_t cursor_ = 0;
    mortise_property_t now_{};
  };

  iterator begin() const { return iterator{*this}; }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  const mortise_messages_t* table_;
  mortise_bytes_t wire_;
};

}  // namespace mortise
