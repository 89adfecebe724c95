// The key of a TLS client that has no certificate (PSK), on its way from a plugin to a handshake.
//
// Thread: any.   Owns: the key's bytes, which are overwritten when it goes.   Fails: never.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/contract.hpp"

namespace mortise::broker {

class PskKey {
 public:
  static constexpr std::size_t size_max = 256;  // bytes
  static constexpr std::size_t identity_size_max = 256;

  PskKey() = default;
  ~PskKey() { wipe(); }
  PskKey(const PskKey&) = delete;
  PskKey& operator=(const PskKey&) = delete;

  // Takes 1 to size_max bytes in place of those it has.
  void set(std::span<const std::uint8_t> bytes) noexcept {
    MORTISE_EXPECT(!bytes.empty() && bytes.size() <= size_max);
    wipe();
    std::ranges::copy(bytes, bytes_.begin());
    size_ = bytes.size();
  }
  std::span<const std::uint8_t> bytes() const noexcept { return {bytes_.data(), size_}; }

 private:
  // Written through volatile: what nobody reads any more would not be written otherwise.
  void wipe() noexcept {
    volatile std::uint8_t* const at = bytes_.data();
    for (std::size_t i = 0; i < size_max; ++i) at[i] = 0;
    size_ = 0;
  }

  std::array<std::uint8_t, size_max> bytes_{};
  std::size_t size_ = 0;
};

struct PskAnswer {
  enum class Outcome : std::uint8_t {
    found,
    unknown,  // nobody knows the identity
    refused   // somebody knows better, or made a mistake
  };
  Outcome outcome = Outcome::unknown;
  std::string why;  // for the log; empty when found
};

// Writes the key of an identity, of 1 to identity_size_max bytes of UTF-8, when the outcome is found. Called
// in a handshake on its loop, several at once; answers at once.
using FindPsk = std::function<PskAnswer(std::string_view identity, PskKey& key)>;

}  // namespace mortise::broker
