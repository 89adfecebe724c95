// Shared subscriptions: groups of sessions of which one gets each message.
//
// The groups of all loops stand in one table, so that the publisher's loop chooses the member and the message
// goes to that member's loop and no other. A member's loop keeps the member's readiness up to date; whoever
// chooses reads it without waiting, and may be a moment late: then the member's loop chooses again.
//
// Thread: any; choosing takes a shared lock, joining and leaving an exclusive one. While there is no group
//         nothing is locked.
// Owns:   the groups and members, charged to its accounts.
// Cost:   one match a message while there are groups, and one look at each member of a group that matches.
// Source: MQTT 5.0 §4.8.2. How a member is chosen is ours: see Readiness.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/slot_map.hpp"
#include "broker/subscription_index.hpp"

namespace mortise::broker {

struct SharedGroup;
using GroupKey = base::Handle<SharedGroup>;

// The best of a group's members get its messages, in turn.
enum class Readiness : std::uint8_t {
  open,     // connected, and nothing waits for it
  busy,     // connected
  offline,  // its session keeps what has QoS 1 or 2
  full      // its queue has no room
};

struct SharedMember {
  std::uint32_t loop = 0;
  Subscriber as;  // session, identifier, options
  GroupKey group;
  std::atomic<Readiness> readiness{Readiness::open};
};

struct SharedGroup {
  std::string filter;  // whole
  FilterId indexed = 0;
  std::vector<std::unique_ptr<SharedMember>> members;
  std::atomic<std::uint32_t> turn{0};
};

// A member that was chosen.
struct Chosen {
  std::uint32_t loop = 0;
  Subscriber member;
  GroupKey group;
};

class SharedGroups {
 public:
  explicit SharedGroups(base::HashSeed seed) : names_{0, base::StringHash{seed}}, index_{seed, accounts_} {}

  // `filter` is whole, "$share/NAME/FILTER", and well-formed. The member stays where it is until it leaves;
  // only its own loop makes it leave.
  struct Joined {
    SharedMember* member = nullptr;
    bool replaced = false;  // the session was a member: the options are the new ones now
  };
  Joined join(std::string_view filter, std::uint32_t loop, const Subscriber& subscriber);
  void leave(SharedMember* member);
  // Its member of this session; null: none.
  SharedMember* find(std::string_view filter, SessionKey session, std::uint32_t loop) const;

  // Whole; valid as long as the group has a member.
  std::string_view filter_of(GroupKey group) const;

  bool empty() const noexcept { return groups() == 0; }

  // Appends one member of each group that matches.
  void choose(std::string_view topic, std::vector<SubscriptionIndex::Subscribers>& scratch,
              std::vector<Chosen>& out);
  // One member of this group, but not of the session `than` of this loop. False: there is none, or none so
  // ready.
  enum class Where : std::uint8_t { anywhere, on_this_loop };
  bool choose_other(GroupKey group, SessionKey than, std::uint32_t loop, Where where, Readiness at_worst,
                    Chosen& out);

  std::size_t groups() const noexcept { return groups_in_all_.load(std::memory_order_acquire); }
  const Accounts& accounts() const noexcept { return accounts_; }

 private:
  // Takes a member or not.
  template <class Suits>
  static bool choose_from(SharedGroup& group, Suits suits, Readiness at_worst, Chosen& out);
  static std::int64_t memory(const SharedGroup& group);

  Accounts accounts_;
  mutable std::shared_mutex mutex_;
  base::SlotMap<SharedGroup> groups_;
  std::unordered_map<std::string, GroupKey, base::StringHash, std::equal_to<>> names_;
  // By what stands behind "$share/NAME/". To it a group is a subscriber whose session is the group's handle.
  SubscriptionIndex index_;
  std::atomic<std::size_t> groups_in_all_{0};
};

}  // namespace mortise::broker
