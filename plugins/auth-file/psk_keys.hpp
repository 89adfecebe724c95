// psk.yaml: the keys of TLS clients that have no certificate, by their identities.
//
// Thread: any; unchanged once read.   Cost: a look-up is one hash of the identity.
// Owns:   the keys, which are overwritten when they go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "users.hpp"
#include "yaml.hpp"

namespace mortise::auth_file {

// A shorter one can be found by trying, from one recorded handshake.  (RFC 9257 section 6)
inline constexpr std::size_t key_bytes_min = 16;
inline constexpr std::size_t key_bytes_max = 256;
inline constexpr std::size_t identity_bytes_max = 256;

class PskBytes {
 public:
  explicit PskBytes(std::vector<std::uint8_t> bytes) : bytes_{std::move(bytes)} {}
  PskBytes(PskBytes&&) = default;  // moved, not copied: one place to overwrite
  PskBytes& operator=(PskBytes&&) = delete;
  ~PskBytes();

  const std::vector<std::uint8_t>& get() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

struct PskKeys {
  struct Entry {
    PskBytes key;
    std::uint32_t line = 0;
  };
  std::string file;  // as the operator knows it
  ByName<Entry> by_identity;

  const Entry* find(std::string_view identity) const;
};

// Reads the text of `file`; every mistake is added. Empty only if it cannot be followed at all.
std::optional<PskKeys> read_psk_keys(const std::string& text, const std::string& file, Mistakes& mistakes);

}  // namespace mortise::auth_file
