#include "psk_keys.hpp"

#include <string.h>

#include "password.hpp"

namespace mortise::auth_file {

namespace {

constexpr const char* make_one = "make one with: openssl rand -hex 32";

int value_of(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// Empty: not pairs of hexadecimal digits.
std::optional<PskBytes> bytes_of(std::string_view digits) {
  std::vector<std::uint8_t> bytes(digits.size() / 2);
  bool sound = digits.size() % 2 == 0;
  for (std::size_t i = 0; sound && i < bytes.size(); ++i) {
    const int high = value_of(digits[2 * i]), low = value_of(digits[2 * i + 1]);
    sound = high >= 0 && low >= 0;
    if (sound) bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  PskBytes made{std::move(bytes)};
  if (!sound) return std::nullopt;
  return made;
}

class PskReader {
 public:
  PskReader(const std::string& file, Mistakes& mistakes) : yaml_{file, mistakes} { out_.file = file; }

  std::optional<PskKeys> read(const std::string& text) {
    const auto root = yaml_.parse(text);
    if (!root) return std::nullopt;
    const auto keys = yaml_.map(*root, {}, {"keys"});
    if (const auto list = yaml_.required(keys, "keys", "no client could use a key")) {
      std::size_t index = 0;
      for (const YAML::Node& entry : yaml_.list(*list, "keys"))
        read_entry(entry, "keys/" + std::to_string(index++));
    }
    return std::move(out_);
  }

 private:
  void read_entry(const YAML::Node& node, const std::string& path) {
    const auto keys = yaml_.map(node, path, {"identity", "key"});
    if (!node.IsMap()) {
      if (node.IsNull()) yaml_.complain(node, path, "is empty", "remove the dash");
      return;
    }
    if (!keys.contains("identity")) return yaml_.complain(node, path, "has no identity");
    const auto identity = yaml_.text(keys.at("identity"), path + "/identity");
    if (!identity) return;
    if (identity->size() > identity_bytes_max)
      return yaml_.complain(
          keys.at("identity"), path + "/identity",
          "an identity of " + std::to_string(identity->size()) + " bytes is too long: TLS takes 256 at most");
    if (const PskKeys::Entry* other = out_.find(*identity))
      return yaml_.complain(keys.at("identity"), path + "/identity",
                            "\"" + *identity + "\" is there already, in line " + std::to_string(other->line),
                            "remove one");
    if (!keys.contains("key") || keys.at("key").IsNull())
      return yaml_.complain(node, path, "\"" + *identity + "\" has no key", make_one);
    read_key(keys.at("key"), path + "/key", *identity, line_of(node));
  }

  // What is wrong is said without the key.
  void read_key(const YAML::Node& node, const std::string& path, const std::string& identity,
                std::uint32_t line) {
    auto digits = yaml_.text(node, path);
    if (!digits) return;
    auto bytes = bytes_of(*digits);
    wipe(*digits);
    if (!bytes) return yaml_.complain(node, path, "a key is an even number of hexadecimal digits", make_one);
    const std::size_t size = bytes->get().size();
    if (size < key_bytes_min)
      return yaml_.complain(node, path,
                            "a key of " + std::to_string(size) + " bytes can be guessed: 16 are the least",
                            make_one);
    if (size > key_bytes_max)
      return yaml_.complain(
          node, path, "a key of " + std::to_string(size) + " bytes is too long: 256 are the most", make_one);
    out_.by_identity.emplace(identity, PskKeys::Entry{std::move(*bytes), line});
  }

  YamlReader yaml_;
  PskKeys out_;
};

}  // namespace

PskBytes::~PskBytes() {
  if (!bytes_.empty()) ::explicit_bzero(bytes_.data(), bytes_.size());  // of one that was moved there is none
}

const PskKeys::Entry* PskKeys::find(std::string_view identity) const {
  const auto found = by_identity.find(identity);
  return found == by_identity.end() ? nullptr : &found->second;
}

std::optional<PskKeys> read_psk_keys(const std::string& text, const std::string& file, Mistakes& mistakes) {
  return PskReader{file, mistakes}.read(text);
}

}  // namespace mortise::auth_file
