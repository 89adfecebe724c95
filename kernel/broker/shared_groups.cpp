#include "broker/shared_groups.hpp"

#include <algorithm>
#include <mutex>

#include "mqtt/topic.hpp"

namespace mortise::broker {

namespace {

constexpr std::size_t name_node = 64;  // what the map of names and the allocator keep for one

SessionKey as_subscriber(GroupKey group) { return SessionKey::from(group.value()); }
GroupKey as_group(SessionKey subscriber) { return GroupKey::from(subscriber.value()); }

}  // namespace

std::int64_t SharedGroups::memory(const SharedGroup& group) {
  return static_cast<std::int64_t>(sizeof(SharedGroup) + name_node + 2 * (group.filter.size() + 1) +
                                   group.members.size() * (sizeof(SharedMember) + sizeof(void*)));
}

SharedGroups::Joined SharedGroups::join(std::string_view filter, std::uint32_t loop,
                                        const Subscriber& subscriber) {
  const std::unique_lock lock{mutex_};
  auto named = names_.find(filter);
  if (named == names_.end()) {
    const GroupKey key = groups_.emplace();
    SharedGroup& made = groups_.at(key);
    made.filter = filter;
    Subscriber group;
    group.session = as_subscriber(key);
    made.indexed = index_.add(mqtt::split_shared(filter).filter, group).filter;
    named = names_.emplace(made.filter, key).first;
    groups_in_all_.fetch_add(1, std::memory_order_release);
  }
  SharedGroup& group = groups_.at(named->second);
  for (const auto& member : group.members)
    if (member->loop == loop && member->as.session == subscriber.session) {
      member->as = subscriber;
      return {member.get(), true};
    }
  if (!group.members.empty()) accounts_.charge(Account::subscription, -memory(group));
  SharedMember& member = *group.members.emplace_back(std::make_unique<SharedMember>());
  member.loop = loop;
  member.as = subscriber;
  member.group = named->second;
  accounts_.charge(Account::subscription, memory(group));
  return {&member, false};
}

void SharedGroups::leave(SharedMember* member) {
  const std::unique_lock lock{mutex_};
  const GroupKey key = member->group;
  SharedGroup& group = groups_.at(key);
  accounts_.charge(Account::subscription, -memory(group));
  std::erase_if(group.members, [&](const auto& one) { return one.get() == member; });
  if (!group.members.empty()) return accounts_.charge(Account::subscription, memory(group));
  index_.remove(group.indexed, as_subscriber(key));
  names_.erase(names_.find(group.filter));
  groups_.erase(key);
  groups_in_all_.fetch_sub(1, std::memory_order_release);
}

SharedMember* SharedGroups::find(std::string_view filter, SessionKey session, std::uint32_t loop) const {
  const std::shared_lock lock{mutex_};
  const auto named = names_.find(filter);
  if (named == names_.end()) return nullptr;
  for (const auto& member : groups_.find(named->second)->members)
    if (member->loop == loop && member->as.session == session) return member.get();
  return nullptr;
}

// Among the readiest the turn goes round, from the place behind the last one that was chosen.
template <class Suits>
bool SharedGroups::choose_from(SharedGroup& group, Suits suits, Readiness at_worst, Chosen& out) {
  const std::size_t size = group.members.size();
  const std::size_t first = group.turn.load(std::memory_order_relaxed);
  const SharedMember* best = nullptr;
  std::size_t place = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const SharedMember& member = *group.members[(first + i) % size];
    if (!suits(member)) continue;
    const Readiness readiness = member.readiness.load(std::memory_order_relaxed);
    if (readiness > at_worst || (best && best->readiness.load(std::memory_order_relaxed) <= readiness))
      continue;
    best = &member;
    place = (first + i) % size;
    if (readiness == Readiness::open) break;
  }
  if (!best) return false;
  group.turn.store(static_cast<std::uint32_t>(place + 1), std::memory_order_relaxed);
  out = {best->loop, best->as, best->group};
  return true;
}

std::string_view SharedGroups::filter_of(GroupKey group) const {
  const std::shared_lock lock{mutex_};
  const SharedGroup* const found = groups_.find(group);
  return found ? std::string_view{found->filter} : std::string_view{};
}

void SharedGroups::choose(std::string_view topic, std::vector<SubscriptionIndex::Subscribers>& scratch,
                          std::vector<Chosen>& out) {
  const std::shared_lock lock{mutex_};
  const auto anybody = [](const SharedMember&) { return true; };
  scratch.clear();
  index_.match(topic, scratch);
  for (const auto& matching : scratch)
    for (const Subscriber& group : matching) {
      Chosen chosen;
      if (choose_from(groups_.at(as_group(group.session)), anybody, Readiness::full, chosen))
        out.push_back(chosen);
    }
}

bool SharedGroups::choose_other(GroupKey key, SessionKey than, std::uint32_t loop, Where where,
                                Readiness at_worst, Chosen& out) {
  const std::shared_lock lock{mutex_};
  SharedGroup* const group = groups_.find(key);
  const auto suits = [&](const SharedMember& member) {
    return member.loop == loop ? member.as.session != than : where == Where::anywhere;
  };
  return group && choose_from(*group, suits, at_worst, out);
}

}  // namespace mortise::broker
