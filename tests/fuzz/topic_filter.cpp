// Lines of text as topics and filters: is each one, does it match, and does the index of subscriptions say
// the same.
#include <map>
#include <set>

#include "broker/subscription_index.hpp"
#include "mqtt/topic.hpp"
#include "target.hpp"

namespace mortise::fuzz {
namespace {

using broker::SubscriptionIndex;
using Levels = std::vector<std::string>;

constexpr std::size_t lines_max = 24;

Levels levels_of(std::string_view text) {
  Levels levels(1);
  for (const char c : text)
    if (c == '/')
      levels.emplace_back();
    else
      levels.back() += c;
  return levels;
}

// ---- MQTT 5.0 §4.7 once more, by lists of levels

bool is_filter(std::string_view text) {
  if (text.empty() || text.size() > 65'535 || text.find('\0') != text.npos) return false;
  const Levels levels = levels_of(text);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (levels[i].find_first_of("#+") != std::string::npos && levels[i].size() != 1) return false;
    if (levels[i] == "#" && i + 1 != levels.size()) return false;
  }
  return true;
}

bool is_name(std::string_view text) { return is_filter(text) && text.find_first_of("#+") == text.npos; }

bool match(const Levels& filter, const Levels& topic, std::size_t at = 0) {
  if (at == 0 && !topic[0].empty() && topic[0][0] == '$' && (filter[0] == "#" || filter[0] == "+"))
    return false;
  if (at == filter.size()) return at == topic.size();
  if (filter[at] == "#") return true;
  return at < topic.size() && (filter[at] == "+" || filter[at] == topic[at]) && match(filter, topic, at + 1);
}

void check_form(std::string_view text) {
  promise(mqtt::is_topic_name(text) == is_name(text), "a topic name is what §4.7 says");
  promise(mqtt::is_topic_filter(text) == is_filter(text), "a topic filter is what §4.7 says");
  promise(mqtt::has_wildcard(text) == (text.find_first_of("#+") != text.npos), "a wildcard is found");
  promise(mqtt::level_count(text) == levels_of(text).size(), "levels are counted");
  if (mqtt::is_plain_topic(text)) promise(is_name(text), "a plain topic is a topic name");
  const mqtt::SharedFilter shared = mqtt::split_shared(text);
  if (!shared.shared)
    promise(!text.starts_with("$share/") && shared.valid && shared.filter == text, "a plain filter stays");
  else if (shared.valid)
    promise(is_filter(shared.filter) && is_name(shared.share) && levels_of(shared.share).size() == 1 &&
                "$share/" + std::string{shared.share} + '/' + std::string{shared.filter} == text,
            "a shared filter is its parts");
}

// ---- the index

std::multiset<std::uint32_t> found_in(const SubscriptionIndex& index, std::string_view topic) {
  std::vector<SubscriptionIndex::Subscribers> found;
  index.match(topic, found);
  std::multiset<std::uint32_t> sessions;
  for (const auto& subscribers : found)
    for (const broker::Subscriber& subscriber : subscribers) sessions.insert(subscriber.session.index);
  return sessions;
}

class IndexCheck {
 public:
  void check(const std::vector<std::string>& lines) {
    for (std::uint32_t line = 0; line < lines.size(); ++line)
      if (is_filter(lines[line])) add(lines[line], line);
    compare(lines);
    while (!model_.empty()) {  // every other one first
      bool goes = true;
      for (auto at = model_.begin(); at != model_.end(); goes = !goes) {
        if (goes) remove(at->first, at->second);
        at = goes ? model_.erase(at) : std::next(at);
      }
      compare(lines);
    }
    promise(index_.size() == 0 && accounts_.charged(broker::Account::subscription) == 0,
            "an empty index holds and charges nothing");
  }

 private:
  void add(const std::string& filter, std::uint32_t session) {
    const auto added = index_.add(filter, {{session, 1}, 0, {}, 0});
    promise(!added.replaced && index_.text_of(added.filter) == filter, "a filter is added as it is");
    model_.emplace(filter, session);
  }
  void remove(const std::string& filter, std::uint32_t session) {
    const broker::FilterId* id = index_.find(filter);
    promise(id && index_.remove(*id, {session, 1}), "a filter that was added can be removed");
  }
  void compare(const std::vector<std::string>& lines) const {
    promise(index_.size() == model_.size(), "the index counts its subscriptions");
    for (const std::string& topic : lines) {
      if (!is_name(topic)) continue;
      std::multiset<std::uint32_t> expected;
      for (const auto& [filter, session] : model_) {
        const bool matches = match(levels_of(filter), levels_of(topic));
        promise(mqtt::matches(filter, topic) == matches, "a filter matches as §4.7 says");
        if (matches) expected.insert(session);
      }
      promise(found_in(index_, topic) == expected, "the index finds exactly what matches");
    }
  }

  broker::Accounts accounts_;
  SubscriptionIndex index_{{3, 5}, accounts_};
  std::multimap<std::string, std::uint32_t> model_;
};

}  // namespace
}  // namespace mortise::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mortise::fuzz;
  std::vector<std::string> lines(1);
  for (const char c : text_of({data, size}))
    if (c != '\n')
      lines.back() += c;
    else if (lines.size() < lines_max)
      lines.emplace_back();
  for (const std::string& line : lines) check_form(line);
  IndexCheck{}.check(lines);
  return 0;
}
