#include "player.hpp"
#include "server_packet.hpp"
#include "vocabulary.hpp"

namespace mortise::conformance {

void Actor::open() { connection_ = world_.open(); }

void Actor::drop() {
  world_.drop(*connection_);
  forget();
}

void Actor::forget() {
  connection_.reset();
  connected_ = false;
  bytes_.clear();
  unread_.clear();
}

void Actor::send(const std::vector<std::uint8_t>& bytes) { world_.send(*connection_, bytes); }

bool Actor::read_more(World::Hope hope) {
  if (!connection_ || !world_.receive(*connection_, bytes_, hope)) return false;
  std::size_t at = 0;
  while (at < bytes_.size()) {
    const std::span<const std::uint8_t> rest = std::span{bytes_}.subspan(at);
    const auto size = packet_size(rest);
    if (!size) break;
    unread_.push_back(read_server_packet(rest.first(*size), version_));
    at += *size;
  }
  bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(at));
  return true;
}

const Expected* Actor::next(World::Hope hope) {
  while (unread_.empty())
    if (!read_more(hope)) return nullptr;
  return &unread_.front();
}

Expected Actor::take() {
  Expected packet = std::move(unread_.front());
  unread_.pop_front();
  return packet;
}

std::optional<Expected> Actor::find(const std::function<bool(const Expected&)>& pleases) {
  std::size_t at = 0;
  do {
    for (; at < unread_.size(); ++at)
      if (pleases(unread_[at])) {
        Expected found = std::move(unread_[at]);
        unread_.erase(unread_.begin() + static_cast<std::ptrdiff_t>(at));
        return found;
      }
  } while (read_more(World::Hope::expected));
  return {};
}

std::string Actor::unread() const {
  if (unread_.empty()) return connection_ && world_.is_closed(*connection_) ? "the end" : "nothing";
  std::string text;
  for (const Expected& packet : unread_) (text += text.empty() ? "" : "; ") += to_text(packet);
  return text;
}

bool Actor::ends() {
  while (read_more(World::Hope::expected)) {}
  return world_.is_closed(*connection_);
}

std::uint16_t Actor::fresh_id() { return ++last_id_; }

std::optional<std::string> Actor::number_of(const IdWord& word) const {
  if (word.find_first_not_of("0123456789") == std::string::npos) return word;
  const auto known = ids_.find(word);
  return known == ids_.end() ? std::nullopt : std::optional{known->second};
}

}  // namespace mortise::conformance
