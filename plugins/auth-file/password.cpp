#include "password.hpp"

#include <argon2.h>
#include <string.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <regex>
#include <stdexcept>
#include <system_error>

namespace mortise::auth_file {

namespace {

constexpr std::uint32_t passes = 2;
constexpr std::uint32_t memory_kib = 19 * 1024;
constexpr std::uint32_t lanes = 1;
constexpr std::size_t salt_size = 16;
constexpr std::size_t hash_size = 32;

// More than anybody needs, and still bearable for each login.
constexpr std::uint32_t passes_max = 64;
constexpr std::uint32_t memory_kib_max = 1024 * 1024;
constexpr std::uint32_t lanes_max = 16;

std::uint32_t number(const std::ssub_match& digits) {
  std::uint32_t out = UINT32_MAX;  // also what does not fit
  std::from_chars(&*digits.first, &*digits.first + digits.length(), out);
  return out;
}

}  // namespace

std::string hash_password(std::string_view password) {
  std::array<std::uint8_t, salt_size> salt{};
  if (::getrandom(salt.data(), salt.size(), 0) != static_cast<ssize_t>(salt.size()))
    throw std::system_error{errno, std::generic_category(), "no random numbers"};
  std::string out(argon2_encodedlen(passes, memory_kib, lanes, salt_size, hash_size, Argon2_id), '\0');
  const int status = argon2id_hash_encoded(passes, memory_kib, lanes, password.data(), password.size(),
                                           salt.data(), salt.size(), hash_size, out.data(), out.size());
  if (status != ARGON2_OK) throw std::runtime_error{argon2_error_message(status)};
  out.resize(out.find('\0'));
  return out;
}

bool is_password(std::string_view password, const std::string& encoded) {
  return argon2id_verify(encoded.c_str(), password.data(), password.size()) == ARGON2_OK;
}

std::string fault_of(const std::string& encoded) {
  if (!encoded.starts_with('$')) return "this looks like a plain password";
  if (!encoded.starts_with("$argon2id$")) return "this is a hash of another kind than argon2id";
  // 64 digits of salt and 128 of hash are far above what mortise passwd and argon2's own tool make.
  static const std::regex form{R"(\$argon2id\$v=19\$m=([0-9]{1,10}),t=([0-9]{1,10}),p=([0-9]{1,10}))"
                               R"(\$([A-Za-z0-9+/]{11,64})\$([A-Za-z0-9+/]{16,128}))"};
  std::smatch found;
  if (!std::regex_match(encoded, found, form)) return "this is not a whole argon2id hash";
  const std::uint32_t memory = number(found[1]), time = number(found[2]), threads = number(found[3]);
  if (memory > memory_kib_max || time > passes_max || threads > lanes_max)
    return "this hash costs more than a login may (m at most 1048576, t 64, p 16)";
  if (time < 1 || threads < 1 || memory < 8 * threads) return "this is not a whole argon2id hash";
  return {};
}

const std::string& hash_of_nobody() {
  static const std::string out = "$argon2id$v=19$m=" + std::to_string(memory_kib) +
                                 ",t=" + std::to_string(passes) + ",p=" + std::to_string(lanes) +
                                 "$bm9ib2R5LWlzLWhlcmUhIQ$" + std::string(43, 'A');
  return out;
}

void wipe(std::string& secret) { ::explicit_bzero(secret.data(), secret.size()); }

}  // namespace mortise::auth_file
