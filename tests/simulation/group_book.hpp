// The groups of a run, and what each of them got. Their topics are heard by no other subscription, and what
// comes to a member names its group by the subscription identifier.
#pragma once

#include <array>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "mqtt/packet.hpp"
#include "simulation/trace.hpp"
#include "simulation/will_oracle.hpp"

namespace mortise::simulation {

struct Group {
  std::string_view filter;  // whole
  std::string_view topics;  // without "$share/NAME/"
  std::uint32_t identifier = 0;
};
inline constexpr std::array groups{Group{"$share/some/$shared/#", "$shared/#", 101},
                                   Group{"$share/few/$shared/0", "$shared/0", 102}};
using GroupIndex = std::size_t;

inline bool is_shared(std::string_view topic) { return topic.starts_with("$shared/"); }

// The book of what groups got.
class GroupBook {
 public:
  // One session of a client.
  struct Member {
    ClientIndex client = 0;
    std::uint32_t session = 0;  // counts the client's sessions
    bool is_stored = false;     // surely
  };
  struct Receipt {
    Member member;
    mqtt::Qos qos{};
    std::uint32_t crashes = 0;  // before it
  };

  // Somebody surely was a member when it was first sent.
  void expect(MessageId message, GroupIndex group) { expected_.try_emplace({message, group}, true); }
  // It may be lost.
  void waive(MessageId message, GroupIndex group) { expected_[{message, group}] = false; }
  // … of what the group did not get so far.
  template <class Applies>
  void waive_if(GroupIndex group, Applies applies) {
    for (auto& [key, is_expected] : expected_)
      if (key.second == group && receipts_[key].empty() && applies(key.first)) is_expected = false;
  }

  void crashed() { ++crashes_; }
  bool is_of_earlier_process(const Receipt& receipt) const { return receipt.crashes != crashes_; }

  const std::vector<Receipt>& receipts(MessageId message, GroupIndex group) {
    return receipts_[{message, group}];
  }
  void received(MessageId message, GroupIndex group, Member member, mqtt::Qos qos) {
    receipts_[{message, group}].push_back({member, qos, crashes_});
  }

  // Calls `missing` with the messages that have to have come to a group and did not.
  template <class Missing>
  void each_missing(Missing missing) const {
    for (const auto& [key, is_expected] : expected_) {
      const auto found = receipts_.find(key);
      if (is_expected && (found == receipts_.end() || found->second.empty())) missing(key.first);
    }
  }

 private:
  using Key = std::pair<MessageId, GroupIndex>;
  std::map<Key, bool> expected_;
  std::map<Key, std::vector<Receipt>> receipts_;
  std::uint32_t crashes_ = 0;
};

}  // namespace mortise::simulation
