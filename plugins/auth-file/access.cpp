#include "access.hpp"

#include <algorithm>

namespace mortise::auth_file {

namespace {

constexpr std::array<std::string_view, action_count> verbs{"publish", "subscribe to", "receive"};

std::size_t index_of(Action action) { return static_cast<std::size_t>(action); }

// Whether `pattern` of `rule` decides the question.
bool decides(const Rule& rule, const Pattern& pattern, const Question& question, const Names& names) {
  if (question.action != Action::subscribe) return pattern.matches(question.topic, names);
  if (pattern.covers(question.topic, names)) return true;
  return !rule.allows && !rule.speaks_of(Action::receive) && pattern.overlaps(question.topic, names);
}

}  // namespace

Ruling Access::judge(const Question& question) const {
  const Names names{question.username.value_or(std::string_view{}), question.client_id};
  for (const Rule* rule : rules_for(question.username)[index_of(question.action)]) {
    if (rule->subject == Rule::Subject::client && rule->name != question.client_id) continue;
    for (std::size_t i = 0; i < rule->topics.size(); ++i)
      if (decides(*rule, rule->topics[i], question, names))
        return {rule->allows, rule->sentences[i][index_of(question.action)]};
  }
  return {};
}

std::string Access::no_rule_for(const Question& question) const {
  return file_ + " has no rule that lets " +
         (question.username ? "user " + std::string{*question.username} : std::string{anonymous_group}) +
         " " + std::string{verbs[index_of(question.action)]} + " " + std::string{question.topic};
}

const Access::List& Access::rules_for(const std::optional<std::string_view>& username) const {
  if (!username) return anonymous_;
  const auto found = by_user_.find(*username);
  return found == by_user_.end() ? everyone_ : found->second;
}

void Access::add(List& list, const Rule& rule) {
  for (std::size_t action = 0; action < action_count; ++action)
    if (rule.speaks_of(static_cast<Action>(action))) list[action].push_back(&rule);
}

// Each user gets the rules that can concern it, in the file's order, once and for all.
void Access::compile(const Users* users) {
  for (const Rule& rule : rules_)
    if (rule.subject == Rule::Subject::user) by_user_.try_emplace(rule.name);
  if (users)
    for (const auto& [name, user] : users->by_name)
      if (!user.groups.empty()) by_user_.try_emplace(name);
  for (const Rule& rule : rules_) {
    const bool for_all = rule.subject == Rule::Subject::client ||
                         (rule.subject == Rule::Subject::group && rule.name == everyone_group);
    if (for_all || (rule.subject == Rule::Subject::group && rule.name == anonymous_group))
      add(anonymous_, rule);
    if (for_all) add(everyone_, rule);
    for (auto& [name, list] : by_user_) {
      const User* user = users ? users->find(name) : nullptr;
      const bool member = user && rule.subject == Rule::Subject::group &&
                          std::ranges::find(user->groups, rule.name) != user->groups.end();
      if (for_all || member || (rule.subject == Rule::Subject::user && rule.name == name)) add(list, rule);
    }
  }
}

}  // namespace mortise::auth_file
