#include "broker/retained.hpp"

#include <algorithm>

#include "mqtt/topic.hpp"

namespace mortise::broker {

namespace {

constexpr std::size_t tree_node = 48;  // what std::map keeps beside the value, allocator included

std::string_view first_level(std::string_view topic) { return topic.substr(0, topic.find('/')); }

}  // namespace

RetainedMessages::Shard& RetainedMessages::shard_of(std::string_view topic) const {
  return shards_[base::hash(seed_, first_level(topic)) % shards];
}

std::int64_t RetainedMessages::memory(const Topics::value_type& entry) {
  const std::size_t text = entry.first.capacity() > 15 ? entry.first.capacity() + 1 : 0;
  return static_cast<std::int64_t>(sizeof entry + text + tree_node);
}

RetainedMessages::Stored RetainedMessages::store(const MessageRef& message) {
  Shard& shard = shard_of(message->topic());
  const std::lock_guard lock{shard.mutex};
  const auto found = shard.topics.find(message->topic());
  const Message* before = found == shard.topics.end() ? nullptr : found->second.message.get();
  if (const auto limit = limit_reached(*message, before)) return {.refused = limit};
  Stored stored{++sequence_, before != nullptr};
  if (message->payload().empty()) {
    if (stored.replaced) {
      count(shard, *found->second.message, false);
      accounts_->charge(Account::retained, -memory(*found));
      shard.topics.erase(found);
    }
    return stored;
  }
  count(shard, *message, true);
  if (stored.replaced) {
    count(shard, *found->second.message, false);
    found->second = {message, stored.version};
  } else {
    const auto [added, fresh] = shard.topics.emplace(message->topic(), Value{message, stored.version});
    accounts_->charge(Account::retained, memory(*added));
  }
  return stored;
}

void RetainedMessages::restore(std::uint64_t version, MessageRef message) {
  Shard& shard = shard_of(message->topic());
  const auto [added, fresh] = shard.topics.emplace(message->topic(), Value{message, version});
  if (fresh) {
    accounts_->charge(Account::retained, memory(*added));
    count(shard, *added->second.message, true);
  }
  sequence_ = std::max(sequence_.load(), version);
}

// `prefix` holds the levels already decided, with a slash behind the last one; `filter` is what is left.
void RetainedMessages::collect(const Topics& topics, std::string& prefix, std::string_view filter,
                               base::WallTime now, std::vector<MessageRef>& out) {
  const auto take = [&](const Value& value) {
    if (!value.message->has_expired(now)) out.push_back(value.message);
  };
  const std::size_t slash = filter.find('/');
  const std::string_view level = filter.substr(0, slash);
  const bool last = slash == std::string_view::npos;
  const std::string_view rest = last ? std::string_view{} : filter.substr(slash + 1);
  const std::size_t mark = prefix.size();
  const auto hidden = [&](std::string_view topic) {
    return mark == 0 && topic.starts_with('$');
  };  // [MQTT-4.7.2-1]

  if (level == "#") {
    if (mark > 0) {  // "a/#" takes "a" too
      const auto parent = topics.find(std::string_view{prefix}.substr(0, mark - 1));
      if (parent != topics.end()) take(parent->second);
    }
    for (auto at = topics.lower_bound(prefix); at != topics.end() && at->first.starts_with(prefix); ++at)
      if (!hidden(at->first)) take(at->second);
    return;
  }
  if (level != "+") {
    prefix += level;
    if (last) {
      const auto found = topics.find(prefix);
      if (found != topics.end()) take(found->second);
    } else {
      prefix += '/';
      collect(topics, prefix, rest, now, out);
    }
    prefix.resize(mark);
    return;
  }
  for (auto at = topics.lower_bound(prefix); at != topics.end() && at->first.starts_with(prefix);) {
    const std::size_t end = at->first.find('/', mark);
    if (hidden(at->first)) {
      ++at;
    } else if (end == std::string::npos) {
      // A topic that ends with this level; "+/#" takes it as the parent.
      if (last || rest == "#") take(at->second);
      ++at;
    } else {
      prefix.assign(at->first, 0, end + 1);
      // The parent was taken above, where it was seen without a slash behind it.
      if (!last && rest == "#") {
        for (; at != topics.end() && at->first.starts_with(prefix); ++at) take(at->second);
      } else if (!last) {
        collect(topics, prefix, rest, now, out);
      }
      prefix.back() = '/' + 1;  // everything below this branch sorts before it
      at = topics.lower_bound(prefix);
      prefix.resize(mark);
    }
  }
}

std::uint64_t RetainedMessages::read(std::string_view filter, base::WallTime now,
                                     std::vector<MessageRef>& out) const {
  std::string prefix;
  const std::string_view first = first_level(filter);
  if (first != "+" && first != "#") {
    Shard& shard = shard_of(filter);
    const std::lock_guard lock{shard.mutex};
    collect(shard.topics, prefix, filter, now, out);
    return sequence_;
  }
  std::array<std::unique_lock<std::mutex>, shards> locks;
  for (std::size_t i = 0; i < shards; ++i) locks[i] = std::unique_lock{shards_[i].mutex};
  for (const Shard& shard : shards_) collect(shard.topics, prefix, filter, now, out);
  return sequence_;
}

std::optional<Limit> RetainedMessages::limit_reached(const Message& message, const Message* replaced) const {
  if (message.payload().empty()) return {};  // it clears
  if (message.payload().size() > payload_max_.load(std::memory_order_relaxed)) return Limit::retained_payload;
  if (!replaced && size() >= messages_max_.load(std::memory_order_relaxed)) return Limit::retained_messages;
  const std::uint64_t grows = message.size() - std::min(message.size(), replaced ? replaced->size() : 0);
  if (grows > 0 && bytes() + grows > bytes_max_.load(std::memory_order_relaxed)) return Limit::retained_bytes;
  return {};
}

void RetainedMessages::count(Shard& shard, const Message& message, bool added) {
  const std::uint64_t one = added ? 1 : UINT64_MAX;  // minus one
  messages_.fetch_add(one, std::memory_order_relaxed);
  bytes_.fetch_add(one * message.size(), std::memory_order_relaxed);
  if (message.expires() == base::WallTime::max()) return;
  added ? ++shard.expiring : --shard.expiring;
}

void RetainedMessages::expire_some(base::WallTime now,
                                   const std::function<void(std::string_view, std::uint64_t)>& gone) {
  Shard& shard = shards_[next_to_expire_++ % shards];
  const std::lock_guard lock{shard.mutex};
  if (shard.expiring == 0) return;
  for (auto at = shard.topics.begin(); at != shard.topics.end();) {
    if (!at->second.message->has_expired(now)) {
      ++at;
      continue;
    }
    gone(at->first, ++sequence_);
    count(shard, *at->second.message, false);
    accounts_->charge(Account::retained, -memory(*at));
    at = shard.topics.erase(at);
  }
}

}  // namespace mortise::broker
