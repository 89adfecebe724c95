// What topics are called on one connection: by aliases in both directions, and below its mount point.
//
// Our aliases go to the topics that are sent first and are never taken back: no alias is ever new twice, so
// that a receiver that was slow to learn one is never told two topics for it.
//
// Thread: the loop.   Owns: the topics, charged to the accounts it is given.
// Cost:   one hash of the topic a message sent; a connection without aliases and mount point has none of this.
// Source: MQTT 5.0 §3.3.2.3.4; [MQTT-3.3.2-7] (they end with the connection), [MQTT-3.3.2-12].
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/hash.hpp"
#include "broker/ledger.hpp"
#include "mqtt/publish_image.hpp"

namespace mortise::broker {

class TopicNames {
 public:
  TopicNames(base::HashSeed seed, Accounts& accounts)
      : accounts_{accounts}, ours_{0, base::StringHash{seed}} {}
  ~TopicNames() { charge(-charged_); }
  TopicNames(const TopicNames&) = delete;
  TopicNames& operator=(const TopicNames&) = delete;

  // What stands before each topic the client names, and is taken off what it is sent. Empty: nothing.
  const std::string& mount_point() const noexcept { return mount_point_; }
  void mount(std::string prefix) {
    mount_point_ = std::move(prefix);
    charge(static_cast<std::int64_t>(mount_point_.size()));
  }

  std::uint64_t memory() const noexcept { return static_cast<std::uint64_t>(charged_); }

  // ---- the client's. An alias is 1 or more.
  void learn(std::uint16_t alias, std::string_view topic) {
    if (theirs_.size() < alias) theirs_.resize(alias);
    std::string& known = theirs_[alias - 1];
    charge(static_cast<std::int64_t>(topic.size()) - static_cast<std::int64_t>(known.size()));
    known = topic;
  }
  // Empty: the client has given no topic this alias.
  std::string_view topic_of(std::uint16_t alias) const {
    return alias <= theirs_.size() ? std::string_view{theirs_[alias - 1]} : std::string_view{};
  }

  // ---- ours
  // The alias to send a message of this topic with; none when all `maximum` are given to others.
  mqtt::TopicAlias alias_for(std::string_view topic, std::uint16_t maximum) const {
    const auto known = ours_.find(topic);
    if (known != ours_.end()) return {known->second, false};
    if (ours_.size() >= maximum) return {};
    return {static_cast<std::uint16_t>(ours_.size() + 1), true};
  }
  // What alias_for proposed was sent.
  void sent(std::string_view topic, mqtt::TopicAlias alias) {
    if (!alias.is_new) return;
    ours_.emplace(topic, alias.number);
    charge(static_cast<std::int64_t>(topic.size() + node));
  }

 private:
  static constexpr std::size_t node = 72;  // what the map and the allocator keep for one
  void charge(std::int64_t bytes) {
    charged_ += bytes;
    accounts_.charge(Account::connection, bytes);
  }

  Accounts& accounts_;
  std::int64_t charged_ = 0;
  std::string mount_point_;
  std::vector<std::string> theirs_;
  std::unordered_map<std::string, std::uint16_t, base::StringHash, std::equal_to<>> ours_;
};

}  // namespace mortise::broker
