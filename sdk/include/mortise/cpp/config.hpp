// Typed reading of an instance's settings. What is missing or of the wrong type throws a finding at its
// place.
//
// Owns: nothing; a config, and the text read from it, lives as long as the tree (abi/config.h). Copy what you
// keep.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "mortise/cpp/services.hpp"

namespace mortise {

class config {
 public:
  config(const detail::services& of, const mortise_node_t* node, std::string path = {})
      : services_{&of}, node_{node}, path_{std::move(path)} {}

  // Whether there is anything here; a null counts as nothing.
  explicit operator bool() const noexcept { return type() != MORTISE_NODE_NULL; }
  std::uint32_t type() const noexcept { return table().type(node_); }
  std::size_t size() const noexcept { return table().count(node_); }

  // Where this is, as a JSON pointer below the instance's `config:`.
  const std::string& path() const noexcept { return path_; }

  // The place `pointer` leads to from here; "" is here. May be nothing.
  config at(const std::string& pointer) const {
    return {*services_, node_ ? table().at(node_, pointer.c_str()) : nullptr, path_ + pointer};
  }

  // Without a default the value must be there.
  std::string_view text(const std::string& pointer = {}) const {
    mortise_str_t out{};
    read(pointer, table().string, out, "a text");
    return view(out);
  }
  std::string_view text(const std::string& pointer, std::string_view otherwise) const {
    return at(pointer) ? text(pointer) : otherwise;
  }
  std::int64_t integer(const std::string& pointer = {}) const {
    std::int64_t out = 0;
    read(pointer, table().integer, out, "a whole number");
    return out;
  }
  std::int64_t integer(const std::string& pointer, std::int64_t otherwise) const {
    return at(pointer) ? integer(pointer) : otherwise;
  }
  double number(const std::string& pointer = {}) const {
    double out = 0;
    read(pointer, table().number, out, "a number");
    return out;
  }
  double number(const std::string& pointer, double otherwise) const {
    return at(pointer) ? number(pointer) : otherwise;
  }
  bool boolean(const std::string& pointer = {}) const {
    std::uint8_t out = 0;
    read(pointer, table().boolean, out, "true or false");
    return out != 0;
  }
  bool boolean(const std::string& pointer, bool otherwise) const {
    return at(pointer) ? boolean(pointer) : otherwise;
  }
  std::chrono::nanoseconds duration(const std::string& pointer = {}) const {
    std::uint64_t out = 0;
    read(pointer, table().duration, out, "a time span such as 30s");
    return std::chrono::nanoseconds{out};
  }
  std::chrono::nanoseconds duration(const std::string& pointer, std::chrono::nanoseconds otherwise) const {
    return at(pointer) ? duration(pointer) : otherwise;
  }
  std::uint64_t bytes(const std::string& pointer = {}) const {
    std::uint64_t out = 0;
    read(pointer, table().bytes, out, "a size such as 2MiB");
    return out;
  }
  std::uint64_t bytes(const std::string& pointer, std::uint64_t otherwise) const {
    return at(pointer) ? bytes(pointer) : otherwise;
  }

  // Calls visit(entry) for each entry of a list, and visit(key, entry) for each of a map.
  template <class Visit>
  void each(const std::string& pointer, Visit visit) const {
    const config place = at(pointer);
    const bool list = place.type() == MORTISE_NODE_LIST;
    for (std::size_t index = 0; index < place.size(); ++index) {
      mortise_str_t key{};
      const mortise_node_t* node = table().item(place.node_, index, &key);
      const config entry{*services_, node,
                         place.path_ + "/" + (list ? std::to_string(index) : escaped(view(key)))};
      if constexpr (requires { visit(std::string_view{}, entry); })
        visit(view(key), entry);
      else
        visit(entry);
    }
  }

 private:
  const mortise_config_t& table() const { return services_->need(services_->config, MORTISE_HOST_CONFIG); }

  template <class Read, class Value>
  void read(const std::string& pointer, Read function, Value& out, const char* wanted) const {
    const config place = at(pointer);
    const mortise_status_t status = place.node_ ? function(place.node_, &out) : MORTISE_E_UNKNOWN;
    if (status == MORTISE_E_UNKNOWN) throw finding{place.path_, "is missing", std::string{"give "} + wanted};
    if (status != MORTISE_OK) throw finding{place.path_, std::string{"is not "} + wanted};
  }

  // RFC 6901 §3: "~" and "/" within a key.
  static std::string escaped(std::string_view key) {
    std::string out;
    for (const char c : key) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    return out;
  }

  const detail::services* services_;
  const mortise_node_t* node_;
  std::string path_;
};

}  // namespace mortise
